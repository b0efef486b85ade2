import json
import os
from pathlib import Path
from typing import Any

import pytest

from tests.makers.files.class_text_files import attributes, with_header, written
from zsar.datamodules.class_text import text_files
from zsar.datamodules.class_text.action_prompts import ATTRIBUTES
from zsar.datamodules.class_text.text_files import (
    read_class_text,
    read_class_text_file,
    shipped_class_text,
    write_class_text,
)

# --- what is read -----------------------------------------------------------------------------------------------------


def test_a_plain_mapping_is_descriptions_in_label_order(tmp_path: Path) -> None:
    path = written(tmp_path, {"b": ["b one", "b two"], "a": ["a one", "a two"], "other": "x"})
    text = read_class_text("test", ["a", "b"], path)
    assert text.set_name == "test"
    assert text.names == ("a", "b")
    assert text.prompts == (("a one", "a two"), ("b one", "b two"))
    assert text.source == "descriptions: t.json"


def test_explanations_say_so_in_their_source(tmp_path: Path) -> None:
    text = read_class_text("test", ["a"], written(tmp_path, with_header("explanation", {"a": "A letter."})))
    assert text.prompts == (("A letter.",),)
    assert text.source == "explanations: t.json"


def test_action_prompts_lie_attribute_by_attribute_whatever_the_order_in_the_file(tmp_path: Path) -> None:
    shuffled = dict(sorted(attributes("a").items(), reverse=True))
    text = read_class_text("test", ["a"], written(tmp_path, with_header("action_prompts", {"a": shuffled})))
    assert text.prompts_per_class == 24
    assert text.prompts[0] == tuple(f"a {attribute.name} {i}" for attribute in ATTRIBUTES for i in (0, 1))
    assert text.prompts[0][:3] == ("a location 0", "a location 1", "a objects_and_props 0")
    assert text.source == "action prompts: t.json"


def test_action_prompts_name_the_group_and_attribute_of_each(tmp_path: Path) -> None:
    text = read_class_text("test", ["a"], written(tmp_path, with_header("action_prompts", {"a": attributes("a")})))
    assert text.prompt_attributes == tuple(prompt.split()[1] for prompt in text.prompts[0])
    assert text.prompt_groups == ("Scene",) * 8 + ("Actor",) * 8 + ("Body",) * 8


def test_groups_leave_out_the_attributes_of_the_others(tmp_path: Path) -> None:
    """AP-CLIP's Table 5: without the body, 8 of 12 attributes, so 16 of 24 prompts here."""
    path = written(tmp_path, with_header("action_prompts", {"a": attributes("a"), "b": attributes("b")}))
    text = read_class_text("test", ["a", "b"], path, groups=["Actor", "Scene"], lead="see {}.")
    assert text.prompts[1] == tuple(f"see b. b {a.name} {i}" for a in ATTRIBUTES[:8] for i in (0, 1))
    assert text.prompt_groups == ("Scene",) * 8 + ("Actor",) * 8
    assert text.prompt_attributes == tuple(a.name for a in ATTRIBUTES[:8] for _ in (0, 1))
    assert text.source == "action prompts: t.json (Scene, Actor) after 'see {}.'"
    whole = read_class_text("test", ["a", "b"], path)
    assert (whole.prompts_per_class, text.prompts_per_class) == (24, 16)
    assert whole.source == "action prompts: t.json"


def test_a_file_without_attributes_of_the_body_is_read(tmp_path: Path) -> None:
    without = {
        name: texts for name, texts in attributes("a", 3).items() if name not in {a.name for a in ATTRIBUTES[8:]}
    }
    path = written(tmp_path, with_header("action_prompts", {"a": without}))
    text = read_class_text("test", ["a"], path)
    assert text.prompt_groups == ("Scene",) * 12 + ("Actor",) * 12
    with pytest.raises(ValueError, match=r"action prompts t\.json: text\.groups has Body, but the file has no"):
        read_class_text("test", ["a"], path, groups=["Body"])


def test_texts_without_attributes_have_no_groups_to_choose(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"groups is \['Scene'\], but descriptions t\.json have no attributes; leave"):
        read_class_text("test", ["a"], written(tmp_path, {"a": "x"}), groups=["Scene"])


@pytest.mark.parametrize(("kind", "source"), [("customized", "customized texts"), ("direct", "direct texts")])
def test_customized_and_direct_texts_say_so_in_their_source(tmp_path: Path, kind: str, source: str) -> None:
    text = read_class_text("test", ["a"], written(tmp_path, with_header(kind, {"a": ["One.", "Two."]})))
    assert text.prompts == (("One.", "Two."),)
    assert text.source == f"{source}: t.json"


def test_a_path_is_looked_up_in_the_data_root_after_the_working_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (root := tmp_path / "data").mkdir()
    written(root, {"a": "of the root"})
    monkeypatch.chdir(tmp_path)
    assert read_class_text("test", ["a"], "t.json", data_root=root).prompts == (("of the root",),)
    written(tmp_path, {"a": "of the folder"})
    assert read_class_text("test", ["a"], "t.json", data_root=root).prompts == (("of the folder",),)


def test_other_texts_have_no_groups_and_attributes(tmp_path: Path) -> None:
    text = read_class_text("test", ["a"], written(tmp_path, {"a": [str(i) for i in range(12)]}))
    assert text.prompt_groups is None
    assert text.prompt_attributes is None


def test_a_lead_names_the_class_before_each_text(tmp_path: Path) -> None:
    path = written(tmp_path, {"brush hair": ["One.", "Two."]})
    text = read_class_text("test", ["brush hair"], path, lead="a video of {}.")
    assert text.prompts == (("a video of brush hair. One.", "a video of brush hair. Two."),)
    assert text.source == "descriptions: t.json after 'a video of {}.'"


@pytest.mark.parametrize("lead", ["a video", "{} {}"])
def test_a_lead_without_one_place_for_the_name_is_refused(tmp_path: Path, lead: str) -> None:
    with pytest.raises(ValueError, match=r"the lead '.*' must have one \{\}"):
        read_class_text("test", ["a"], written(tmp_path, {"a": "x"}), lead=lead)


def test_a_file_of_a_windows_editor_is_read(tmp_path: Path) -> None:
    path = tmp_path / "t.json"
    path.write_text('{"a": "é"}', encoding="utf-8-sig")
    assert read_class_text("test", ["a"], path).prompts == (("é",),)


# --- the files of T2L's authors ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("suffix", ["csv", "CSV"])
def test_classes_of_a_csv_file_are_matched_by_what_their_names_mean(tmp_path: Path, suffix: str) -> None:
    (path := tmp_path / f"UCF.{suffix}").write_text(
        "SNo,Class Name,GPT3 discription\n"
        '0,ApplyEyeMakeup,"\n\nOne puts on, say, make-up."\n1,brush_hair,Hair.\n2,other,x\n'
    )
    text = read_class_text("test", ["brush hair", "apply eye makeup"], path)
    assert text.names == ("brush hair", "apply eye makeup")
    assert text.prompts == (("Hair.",), ("One puts on, say, make-up.",))
    assert text.source == f"descriptions: UCF.{suffix}"
    with pytest.raises(
        ValueError, match=rf"descriptions UCF\.{suffix} lack 1 of 1 classes: brush hairs \(it has 'brush_hair'"
    ):
        read_class_text("test", ["brush hairs"], path)


# --- what is refused --------------------------------------------------------------------------------------------------


def test_every_missing_class_is_named_and_near_spellings_are_shown(tmp_path: Path) -> None:
    path = written(tmp_path, {"brush_hair": "x", "run": "y"})
    with pytest.raises(
        ValueError,
        match=r"descriptions t\.json lack 2 of 3 classes: brush hair, golf \(it has 'brush_hair' for 'brush ha",
    ):
        read_class_text("test", ["brush hair", "golf", "run"], path)


def test_at_most_three_spellings_are_suggested(tmp_path: Path) -> None:
    names = [f"class number {i}" for i in range(9)]
    with pytest.raises(ValueError, match="lack 9 of 9 classes") as refused:
        read_class_text("test", names, written(tmp_path, {name.replace(" ", "_"): "x" for name in names}))
    assert str(refused.value).count(" for 'class number") == 3


def test_classes_with_different_numbers_of_texts_are_named(tmp_path: Path) -> None:
    path = written(tmp_path, {"a": "x", "b": ["y", "z"]})
    with pytest.raises(ValueError, match="'a' has 1 texts, but 'b' has 2; every class needs the same number"):
        read_class_text("test", ["a", "b"], path)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"[", ":1: is not a JSON file: Expecting value"),
        (b"\xff\xfe\xfd", ":1: is UTF-16"),
        (b'{"a":1,"a":2}', ": it has more than one 'a'"),
        (b'{"a b":"x"," a  b":"y"}', ": the class 'a b' is listed twice, in two spellings"),
        (b'{" ":"x"}', ": a class has an empty name"),
        (b'{"a\\u200b\\u0001":"x"}', ": the class .* holds the invisible character"),
    ],
)
def test_a_file_that_is_no_json_or_has_a_class_twice_is_refused(tmp_path: Path, content: bytes, message: str) -> None:
    (tmp_path / "t.json").write_bytes(content)
    with pytest.raises(ValueError, match=rf"^{tmp_path}/t\.json{message}"):
        read_class_text("test", ["a"], tmp_path / "t.json")


# --- shipped files ----------------------------------------------------------------------------------------------------


def test_a_shipped_file_is_found_by_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(text_files, "FOLDER", tmp_path)
    written(tmp_path, {"a": "x"})
    assert shipped_class_text() == ("t",)
    text = read_class_text("test", ["a"], "t")
    assert text.prompts == (("x",),)
    assert text.source == "descriptions: t.json"
    with pytest.raises(ValueError, match=r"no class text 'u': neither a file nor one of the shipped ones \(t\)"):
        read_class_text("test", ["a"], "u")
    with pytest.raises(ValueError, match=r"no class text '.*nowhere\.json': neither a file nor"):
        read_class_text("test", ["a"], tmp_path / "nowhere.json")
    with pytest.raises(ValueError, match=rf"neither a file \(nor is it in the data root {tmp_path}\) nor one of"):
        read_class_text("test", ["a"], "EZ-CLIP/u.csv", data_root=tmp_path)


# --- writing ----------------------------------------------------------------------------------------------------------


def test_what_is_written_is_read_again(tmp_path: Path) -> None:
    path = tmp_path / "new" / "t.json"
    classes: Any = {"b": attributes("é"), "a": attributes("a")}
    write_class_text(path, "action_prompts", data_set="toys", source="a test", classes=classes)
    file = read_class_text_file(path)
    assert (file.kind, file.data_set, file.source) == ("action_prompts", "toys", "a test")
    assert list(file.classes) == ["b", "a"]
    assert file.classes == classes
    assert "é location 0" in path.read_text(encoding="utf-8")


def test_wrong_texts_are_not_written(tmp_path: Path) -> None:
    path = written(tmp_path, {"a": "x"})
    with pytest.raises(ValueError, match="class 'a' has an empty text"):
        write_class_text(path, "description", data_set="toys", source="a test", classes={"a": ""})
    assert json.loads(path.read_text()) == {"a": "x"}


def test_a_failed_write_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = written(tmp_path, {"a": "x"})

    def full_disk(descriptor: int) -> None:
        raise OSError("no space left")

    monkeypatch.setattr(os, "fsync", full_disk)
    with pytest.raises(OSError, match="no space left"):
        write_class_text(path, "description", data_set="toys", source="a test", classes={"a": "y"})
    assert json.loads(path.read_text()) == {"a": "x"}
