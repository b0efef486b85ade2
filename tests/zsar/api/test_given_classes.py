from pathlib import Path

import pytest

from zsar.api.given_classes import class_text_of


def test_names_are_put_into_the_template() -> None:
    text = class_text_of([" surfing ", "playing chess"])
    assert text.names == ("surfing", "playing chess")
    assert text.prompts == (("a video of surfing.",), ("a video of playing chess.",))
    assert class_text_of(["surfing"], template="photo").prompts == (("a photo of a surfing.",),)
    assert class_text_of(text) is text


def test_a_mapping_gives_the_prompts() -> None:
    assert class_text_of({"a": "text of a", "b": "text of b"}).prompts == (("text of a",), ("text of b",))
    assert class_text_of({"a": ["1 a", "2 a"], "b": ["1 b", "2 b"]}).prompts_per_class == 2


def test_files_give_names_or_texts(tmp_path: Path) -> None:
    (tmp_path / "names.txt").write_text("surfing\nswimming\n")
    (tmp_path / "texts.json").write_text('{"surfing": "Someone on a board", "swimming": "Someone in water"}')
    assert class_text_of(tmp_path / "names.txt").prompts[0] == ("a video of surfing.",)
    assert class_text_of(str(tmp_path / "texts.json")).prompts[0] == ("Someone on a board",)
    assert len(class_text_of("ucf101_descriptions").names) == 101


@pytest.mark.parametrize(
    ("classes", "kind", "message"),
    [
        ("surfing", FileNotFoundError, r"classes is 'surfing', which is no file.*give names as a list: \['surfing', "),
        (["a", "A"], ValueError, "classes: .*one class"),
        (["a", "3"], ValueError, "classes: '?3"),
        (["a"], ValueError, r"at least 2 class names to choose from; got \['a'\]"),
        ({"a": ["1", "2"], "b": ["1"]}, ValueError, "needs the same number of prompts"),
        ([], ValueError, r"at least 2 class names to choose from; got \[\]"),
        ({}, ValueError, r"at least 2 class names to choose from; got \[\]"),
        (None, TypeError, "classes are names, a mapping from names to prompts, or a file; got None"),
        ({"a": "", "b": "x"}, ValueError, "classes: a prompt of 'a' is ''; give a text, or a list of texts"),
        ({"a": ["x", " "], "b": ["y", "z"]}, ValueError, "a prompt of 'a' is ' '"),
        ({"a": 3, "b": 4}, ValueError, "a prompt of 'a' is 3"),
    ],
)
def test_what_cannot_be_classes_is_explained(classes: object, kind: type[Exception], message: str) -> None:
    with pytest.raises(kind, match=message):
        class_text_of(classes, least=2)
