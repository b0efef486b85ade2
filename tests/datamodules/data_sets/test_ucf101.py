from pathlib import Path

import pytest

from tests.makers.miniatures import make_ucf101
from tests.makers.miniatures.listed_rows import cleaned, listed
from zsar.datamodules.data_sets.ucf101 import UCF101
from zsar.datamodules.settings import Split


@pytest.mark.parametrize("fold", [1, 2, 3])
def test_each_official_split_is_listed_as_published(tmp_path: Path, fold: int) -> None:
    truth = make_ucf101(tmp_path)
    module = UCF101(data_root=tmp_path, split=Split(fold=fold))
    for subset in ("train", "test"):
        assert listed(module, subset) == cleaned(truth.clips[subset, fold])


def test_the_vocabulary_is_the_official_class_list(tmp_path: Path) -> None:
    make_ucf101(tmp_path)
    lines = (tmp_path / "ucf101" / "ucfTrainTestlist" / "classInd.txt").read_text().splitlines()
    names = UCF101(data_root=tmp_path).official_names()
    assert lines == [f"{number} {name}" for number, name in enumerate(names, start=1)]


def test_the_class_is_read_from_the_file_name_whatever_its_capitals() -> None:
    module = UCF101()
    assert module.class_in_file_name("v_HandStandPushups_g01_c01") == "handstand pushups"
    assert module.class_in_file_name("v_YoYo_g25_c02") == "yo yo"
    assert module.class_in_file_name("holiday") is None


def test_there_is_no_fourth_split(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"split\.fold is 4, but UCF101 has the official splits 1 to 3"):
        UCF101(data_root=tmp_path, split=Split(fold=4))


def test_published_counts_follow_the_split() -> None:
    assert UCF101(split=Split(fold=2)).published_counts == {"train": 9586, "test": 3734}


def test_missing_annotations_say_where_they_come_from(tmp_path: Path) -> None:
    (tmp_path / "ucf101" / "UCF-101").mkdir(parents=True)
    with pytest.raises(
        FileNotFoundError, match=r"no annotation file .*testlist01\.txt; it comes from https://www\.crcv"
    ):
        UCF101(data_root=tmp_path).list_videos("test")


def test_models_trained_elsewhere_are_tested_on_all_clips(tmp_path: Path) -> None:
    truth = make_ucf101(tmp_path)
    for fold in (1, 2, 3):
        module = UCF101(data_root=tmp_path, split=Split(fold=fold, test_videos="train_and_test"))
        assert listed(module, "test") == cleaned(truth.clips["train", fold] | truth.clips["test", fold])
        assert module.published_counts["test"] == 13320
    with pytest.raises(ValueError, match="videos are in the sets 'test' and 'train'"):
        module.setup("fit")
