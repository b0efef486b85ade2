from pathlib import Path

import pytest

from tests.makers.miniatures import make_ucf101_ds
from tests.makers.miniatures.listed_rows import cleaned, listed
from tests.makers.source_tree import SHARED
from zsar.datamodules.data_sets.shifted.ucf101_ds import UCF101DS
from zsar.datamodules.data_sets.ucf101 import UCF101
from zsar.datamodules.settings import Lists


def test_all_clips_are_tested_on_by_the_classes_of_ucf_101(tmp_path: Path) -> None:
    truth = make_ucf101_ds(tmp_path)
    module = UCF101DS(data_root=tmp_path)
    assert listed(module, "test") == cleaned(truth.clips["test", 1])
    assert module.class_names == UCF101().class_names


def test_nothing_can_be_trained_on(tmp_path: Path) -> None:
    make_ucf101_ds(tmp_path)
    with pytest.raises(ValueError, match="UCF101DS tests models that were trained elsewhere"):
        UCF101DS(data_root=tmp_path).setup("fit")


def test_a_file_that_names_no_class_is_refused(tmp_path: Path) -> None:
    truth = make_ucf101_ds(tmp_path)
    (truth.folder / "videos" / "Flying_Kite_abc-1-of-2.mp4").touch()
    with pytest.raises(ValueError, match=r"Flying_Kite_abc-1-of-2\.mp4: the file name must begin with a class"):
        UCF101DS(data_root=tmp_path).list_videos("test")


def test_the_published_list_agrees_with_its_file_names(tmp_path: Path) -> None:
    if not (SHARED / "splits").is_dir():
        pytest.skip(f"{SHARED / 'splits'} is not here")
    (tmp_path / "ucf101_ds" / "videos").mkdir(parents=True)
    lists = Lists(test=SHARED / "splits/t2l/UCF/Zero_shot/test_DS.txt", classes=SHARED / "labels/ucf_101_labels.csv")
    module = UCF101DS(data_root=tmp_path, lists=lists)
    assert len(module.list_videos("test")) == module.published_counts["test"] == 3841
