from pathlib import Path

import pytest

from tests.makers.miniatures.names_only import NAMES, Listed, set_up
from zsar.datamodules.lists.video_table import VideoTable
from zsar.datamodules.settings import Clips, Split
from zsar.datamodules.trimmed_sets import Subset


def test_all_classes_are_trained_and_tested_on() -> None:
    module = set_up(split=Split(held_out_fraction=0.2))
    assert {name: len(table) for name, table in module.sets.items()} == {"train": 20, "val": 4, "test": 8}
    assert [text.set_name for text in module.class_text("test")] == ["test"]
    assert module.class_text("validate")[0].names == NAMES


def test_novel_classes_are_neither_trained_on_nor_chosen_by() -> None:
    module = set_up(split=Split(protocol="base_to_novel", held_out_fraction=0.2, seed=1))
    base, novel = module.base_and_novel()
    assert {name: len(table) for name, table in module.sets.items()} == {"train": 10, "val": 2, "base": 4, "novel": 4}
    seen = {key.split("/")[1] for name in ("train", "val", "base") for key in module.sets[name].all_keys()}
    assert seen == set(base)
    assert {key.split("/")[1] for key in module.sets["novel"].all_keys()} == set(novel)
    for name, classes in (("base", base), ("novel", novel)):
        table = module.sets[name]
        assert [classes[label] for label in table.labels] == [key.split("/")[1] for key in table.all_keys()]


def test_shots_bound_the_training_videos_alone() -> None:
    module = set_up(split=Split(shots=2, held_out_fraction=0.2))
    assert {name: len(table) for name, table in module.sets.items()} == {"train": 8, "val": 4, "test": 8}


def test_nothing_held_out_means_no_validation() -> None:
    module = set_up(split=Split(held_out_fraction=0.0))
    assert len(module.sets["train"]) == 24
    assert module.val_dataloader() == []


def test_the_description_of_a_split_changes_with_the_split() -> None:
    hashes = {set_up(split=Split(held_out_fraction=0.2, seed=seed)).describe()["split_hash"] for seed in (0, 1, 0)}
    assert len(hashes) == 2
    described = set_up(clips=Clips(n_frames=16, n_test_clips=4, n_test_crops=3)).describe()
    assert (described["n_frames"], described["n_test_clips"], described["n_test_crops"]) == (16, 4, 3)
    assert described["n_listed"]["test"] == 8


def test_a_choice_of_classes_that_a_data_set_does_not_offer_is_an_error() -> None:
    with pytest.raises(ValueError, match="split.classes is all_new, but Listed offers only all, halves"):
        Listed(data_root="/data", split=Split(classes="all_new"))


def test_an_empty_set_is_refused_by_name() -> None:
    class Empty(Listed):
        def list_videos(self, subset: Subset) -> VideoTable:
            return VideoTable(self.data_root, [], [])

    with pytest.raises(ValueError, match="the set 'test' of Empty under /data has no videos"):
        Empty(data_root="/data").setup("test")


def test_the_data_root_comes_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ZSAR_DATA", "~/videos")
    assert Listed().data_root == Path.home() / "videos"


def test_halves_of_the_classes_are_ten_test_sets_of_one_list() -> None:
    module = set_up(split=Split(classes="halves", held_out_fraction=0.0))
    halves = {name: table for name, table in module.sets.items() if name.startswith("half_")}
    assert list(halves) == [f"half_{draw}" for draw in range(10)]
    classes = module.set_classes("test")
    for name, table in halves.items():
        assert [classes[name][label] for label in table.labels] == [key.split("/")[1] for key in table.all_keys()]
        assert len(table) == 4  # two of the four classes, two videos each
    assert [text.names for text in module.class_text("test")] == list(classes.values())
    assert module.set_classes("fit") == {"train": NAMES}
    assert module.set_classes("predict") == {"predict": NAMES}
    assert module.describe()["classes"] == "halves"
    assert module.describe()["n_listed"]["half_9"] == 4
    other = set_up(split=Split(classes="halves", held_out_fraction=0.0, seed=1))
    assert other.set_classes("test") != classes
    assert list(module.lists_of(module.sets)) == ["train", "val", "test"]
    assert len(module.lists_of(module.sets)["test"]) == 8


def test_a_video_of_two_halves_is_not_listed_twice_but_one_that_is_trained_on_is_refused() -> None:
    class Trained(Listed):
        def list_videos(self, subset: Subset) -> VideoTable:
            return super().list_videos("test")

    with pytest.raises(ValueError, match=r"8 videos are in the sets 'test' and 'train'"):
        Trained(data_root="/data", split=Split(classes="halves", held_out_fraction=0.0)).setup("fit")


def test_halves_are_not_for_base_and_novel_classes() -> None:
    with pytest.raises(ValueError, match=r"split\.classes is halves, but split\.protocol is base_to_novel"):
        Listed(data_root="/data", split=Split(classes="halves", protocol="base_to_novel"))
