import hashlib
from pathlib import Path
from typing import Literal

import pytest

from tests.makers.miniatures import make_kinetics600, write_label_csv, write_vifi_list
from tests.makers.miniatures.listed_rows import cleaned, listed
from tests.makers.source_tree import SHARED
from zsar.datamodules.class_identity import clean_name
from zsar.datamodules.class_text.vocabulary import exact_names
from zsar.datamodules.data_sets.kinetics600 import RENAMED, Kinetics600, new_classes
from zsar.datamodules.lists.list_files import read_labels
from zsar.datamodules.settings import Lists, Split, Text

LABELS = SHARED / "labels"


def test_220_classes_are_not_in_kinetics_400() -> None:
    assert len(new_classes()) == 220
    assert set(RENAMED) <= set(exact_names("kinetics600"))
    assert set(RENAMED.values()) <= set(exact_names("kinetics400"))


def test_the_published_draws_take_new_classes_only() -> None:
    if not LABELS.is_dir():
        pytest.skip(f"{LABELS} is not here")
    draws = [set(read_labels(LABELS / f"ZS_split{fold}_K600.csv")) for fold in (1, 2, 3)]
    assert [len(draw) for draw in draws] == [160, 160, 160]
    assert set().union(*draws) <= set(new_classes())


def test_two_machines_draw_the_same_160_classes() -> None:
    draws = [Kinetics600(split=Split(classes="drawn_160", fold=fold)).class_names for fold in (1, 2, 3)]
    assert [len(draw) for draw in draws] == [160, 160, 160]
    hashes = [hashlib.sha256("\n".join(draw).encode()).hexdigest()[:12] for draw in draws]
    assert hashes == ["7c4dda48cf4c", "b36a76c9ad60", "afaaca97a5fe"]


@pytest.mark.parametrize("kind", ["descriptions", "explanations"])
def test_the_shipped_texts_describe_all_new_classes_and_each_draw(kind: str) -> None:
    new = Kinetics600(split=Split(classes="all_new"), text=Text(descriptions=f"kinetics600_new_{kind}"))
    assert [len(prompts) for prompts in new.class_text("test")[0].prompts] == [1] * 220
    for fold in (1, 2, 3):
        text = Text(descriptions=f"kinetics600_new_{kind}")
        module = Kinetics600(split=Split(classes="drawn_160", fold=fold), text=text)
        assert [len(prompts) for prompts in module.class_text("test")[0].prompts] == [1] * 160


def test_one_test_has_all_new_classes_and_a_draw_160_of_them() -> None:
    new = Kinetics600(split=Split(classes="all_new"))
    assert new.class_names == tuple(clean_name(name) for name in new_classes())
    assert len(new.class_names) == 220
    drawn = Kinetics600(split=Split(classes="drawn_160"))
    assert len(drawn.class_names) == 160
    assert set(drawn.class_names) < set(new.class_names)
    assert [m.describe()["classes"] for m in (Kinetics600(), new, drawn)] == ["all", "all_new", "drawn_160"]


def test_only_draws_of_classes_are_tested_on_the_test_set(tmp_path: Path) -> None:
    truth = make_kinetics600(tmp_path)
    whole = Kinetics600(data_root=tmp_path)
    assert listed(whole, "train") == cleaned(truth.clips["train", 1])
    assert listed(whole, "test") == cleaned(truth.clips["val", 1])
    new = Kinetics600(data_root=tmp_path, split=Split(classes="all_new"))
    of_new = {row for row in cleaned(truth.clips["val", 1]) if row[1] in new.class_names}
    assert of_new
    assert listed(new, "test") == of_new
    drawn = Kinetics600(data_root=tmp_path, split=Split(classes="drawn_160", fold=2))
    expected = {row for row in cleaned(truth.clips["test", 1]) if row[1] in drawn.class_names}
    assert expected
    assert listed(drawn, "test") == expected
    split = Split(classes="drawn_160", fold=2, test_videos="validation")
    assert listed(Kinetics600(data_root=tmp_path, split=split), "test") == {
        row for row in cleaned(truth.clips["val", 1]) if row[1] in drawn.class_names
    }
    with pytest.raises(ValueError, match=r"of split\.classes all_new validation videos are tested in any case"):
        Kinetics600(split=Split(classes="all_new", test_videos="validation"))


def test_the_classes_of_a_published_draw_are_tested_on_its_validation_videos(tmp_path: Path) -> None:
    truth = make_kinetics600(tmp_path)
    known = {clean_name(name) for name in new_classes()}
    names = sorted(name for name in truth.class_names if clean_name(name) in known)[:2]
    write_label_csv(tmp_path / "names.csv", names)
    split = Split(classes="drawn_160", fold=2, test_videos="validation")
    module = Kinetics600(data_root=tmp_path, lists=Lists(classes="names.csv"), split=split)
    assert listed(module, "test") == cleaned(clip for clip in truth.clips["val", 1] if clip[1] in names)
    with pytest.raises(ValueError, match=r"split\.test_videos is validation, but lists\.test is tested"):
        Kinetics600(lists=Lists(test="eval.txt", classes="names.csv"), split=split)


def test_a_published_draw_is_taken_as_it_is(tmp_path: Path) -> None:
    truth = make_kinetics600(tmp_path)
    known = {clean_name(name) for name in new_classes()}
    names = sorted(name for name in truth.class_names if clean_name(name) in known)[::-1]
    clips = sorted(clip for clip in truth.clips["test", 1] if clip[1] in names)
    write_label_csv(tmp_path / "names.csv", names)
    write_vifi_list(tmp_path / "eval.txt", [(f"train/{stem}.mp4", names.index(name)) for stem, name in clips])
    lists = Lists(test="eval.txt", classes="names.csv")
    module = Kinetics600(data_root=tmp_path, lists=lists, split=Split(classes="drawn_160", fold=2))
    assert module.class_names == tuple(clean_name(name) for name in names)
    assert listed(module, "test") == cleaned(clips)


@pytest.mark.parametrize("classes", ["all", "all_new"])
def test_folds_without_draws_are_an_error(classes: Literal["all", "all_new"]) -> None:
    with pytest.raises(ValueError, match=r"split\.fold is 2, but only draws of classes have folds"):
        Kinetics600(split=Split(classes=classes, fold=2))
