from pathlib import Path

import pytest

from tests.makers.miniatures import make_occluded, make_ucf101
from tests.makers.miniatures.listed_rows import cleaned, listed
from zsar.datamodules.data_sets.shifted.ucf101_o import UCF101O


def test_the_occluded_test_clips_are_listed_by_the_clean_test_split(tmp_path: Path) -> None:
    clean = make_ucf101(tmp_path)
    make_occluded(tmp_path, clean)
    module = UCF101O(data_root=tmp_path)
    assert listed(module, "test") == cleaned(clean.clips["test", 1])
    with pytest.raises(ValueError, match="UCF101O tests models that were trained elsewhere"):
        module.setup("fit")


def test_one_of_several_occlusions_is_a_folder(tmp_path: Path) -> None:
    clean = make_ucf101(tmp_path)
    make_occluded(tmp_path, clean)
    videos = tmp_path / "ucf101_o" / "videos"
    videos.rename(tmp_path / "static")
    videos.mkdir()
    (tmp_path / "static").rename(videos / "static")
    module = UCF101O(data_root=tmp_path, occlusion="static")
    assert listed(module, "test") == cleaned(clean.clips["test", 1])
    module.setup("test")
    assert module.describe()["shift"] == "static"
