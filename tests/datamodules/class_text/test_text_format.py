from pathlib import Path
from typing import get_args

import pytest

from tests.makers.files.class_text_files import SCHEMA, attributes, with_header, written
from tests.reference.json_schema import is_valid
from zsar.datamodules.class_text.action_prompts import ATTRIBUTES
from zsar.datamodules.class_text.text_files import read_class_text
from zsar.datamodules.class_text.text_format import Kind

MALFORMED: list[tuple[object, str]] = [
    (["a"], r"must be a JSON object \{class name: text\}, not \['a'\]"),
    ({"a": 5}, "class 'a' must have a text or a list of texts, not 5"),
    ({"a": None}, "class 'a' must have a text or a list of texts, not None"),
    ({"a": {"location": ["x"]}}, "class 'a' must have a text .* a header need the keys kind, data_set"),
    ({"a": " "}, "class 'a' has an empty text"),
    ({"a": []}, r"class 'a' must have a list of at least one text, not \[\]"),
    ({"a": ["x", ""]}, "class 'a' has an empty text"),
    ({"a": ["x", 5]}, "class 'a' has 5 where a text must be"),
    (
        with_header("poem", {"a": "x"}),
        "kind is 'poem', but must be one of description, explanation, customized, direct, ",
    ),
    ({"kind": "description", "classes": {"a": "x"}}, "it has no 'data_set', no 'source'"),
    ({**with_header("description", {"a": "x"}), "author": "me"}, "and no others; it has 'author'"),
    ({**with_header("description", {"a": "x"}), "source": 5}, "source must be a text, not 5"),
    (with_header("description", ["a"]), r"classes must be \{class name: texts\}, not \['a'\]"),
    (with_header("action_prompts", {"a": "x"}), r"class 'a' must have \{attribute: texts\}, not 'x'"),
    (with_header("action_prompts", {"a": {}}), "class 'a' has no attributes; give one or more of location, "),
    (with_header("action_prompts", {"a": {**attributes("a"), "mood": ["x"]}}), "has the unknown attributes mood"),
    (
        with_header("action_prompts", {"a": {**attributes("a"), "posture": ["x", ""]}}),
        r"class 'a' has an empty text \(attribute posture\)",
    ),
    (
        with_header("action_prompts", {"a": {**attributes("a"), "posture": "x"}}),
        r"class 'a' must have a list of at least one text, not 'x' \(attribute posture\)",
    ),
]


@pytest.mark.parametrize(("content", "message"), MALFORMED, ids=[message[:40] for _, message in MALFORMED])
def test_malformed_content_is_named(tmp_path: Path, content: object, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        read_class_text("test", ["a"], written(tmp_path, content))


def test_all_classes_of_a_file_have_the_same_attributes(tmp_path: Path) -> None:
    without = {name: texts for name, texts in attributes("b").items() if "body" not in name}
    for classes, said in (
        (
            {"a": attributes("a"), "b": without},
            "class 'b' lacks the attributes body_parts, body_part_movement, which 'a'",
        ),
        (
            {"b": without, "a": attributes("a")},
            "class 'b' lacks the attributes body_parts, body_part_movement, which 'a'",
        ),
    ):
        path = written(tmp_path, with_header("action_prompts", classes))
        with pytest.raises(ValueError, match=f"{said} has; add them, or take them out of all classes"):
            read_class_text("test", ["b"], path)


def test_attributes_with_different_numbers_of_texts_are_named(tmp_path: Path) -> None:
    content = with_header("action_prompts", {"a": {**attributes("a"), "posture": ["x"]}})
    with pytest.raises(ValueError, match="same number of texts for every attribute, not .*'posture': 1"):
        read_class_text("test", ["a"], written(tmp_path, content))


def test_the_schema_knows_the_attributes_and_kinds_of_the_code() -> None:
    parts = SCHEMA["$defs"]
    names = [attribute.name for attribute in ATTRIBUTES]
    assert list(parts["attributes"]["properties"]) == names
    kinds = [kind for part in ("sentences", "action_prompts") for kind in parts[part]["properties"]["kind"]["enum"]]
    assert kinds == list(get_args(Kind))


@pytest.mark.parametrize("content", [content for content, _ in MALFORMED], ids=[m[:40] for _, m in MALFORMED])
def test_the_schema_refuses_what_the_reader_refuses(content: object) -> None:
    assert not is_valid(content, SCHEMA)


@pytest.mark.parametrize(
    "content",
    [
        {"a": "x", "b": ["y", "z"]},
        with_header("description", {"a": "x"}),
        with_header("explanation", {"a": ["x"]}),
        with_header("customized", {"a": ["x", "y"]}),
        with_header("direct", {"a": "x"}),
        with_header("action_prompts", {"a": attributes("a")}),
        with_header("action_prompts", {"a": {"posture": ["x"], "location": ["y"]}}),
    ],
)
def test_the_schema_accepts_what_the_reader_accepts(tmp_path: Path, content: object) -> None:
    assert is_valid(content, SCHEMA)
    assert read_class_text("test", ["a"], written(tmp_path, content)).names == ("a",)
