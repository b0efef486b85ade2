from pathlib import Path

import numpy as np
import pytest

from datamodules.batch import VideoRecord
from datamodules.video_table import VideoTable

TABLE = VideoTable(Path("/data"), ["a/1.mp4", "b/ü.mp4", "c/3.mp4", "a/4.mp4"], [0, 1, 2, 0])


def test_a_row_is_a_record() -> None:
    assert TABLE[1] == VideoRecord(path=Path("/data/b/ü.mp4"), label=1)
    assert TABLE.all_keys() == ["a/1.mp4", "b/ü.mp4", "c/3.mp4", "a/4.mp4"]


def test_an_absolute_key_stands_for_itself() -> None:
    assert VideoTable(Path("/data"), ["/elsewhere/x.mp4"], [0])[0].path == Path("/elsewhere/x.mp4")


def test_chosen_classes_are_renumbered() -> None:
    chosen = TABLE.of_classes(["x", "y", "z"], ["z", "x"])
    assert chosen.all_keys() == ["a/1.mp4", "c/3.mp4", "a/4.mp4"]
    assert chosen.labels.tolist() == [1, 0, 1]


def test_rows_can_be_selected() -> None:
    assert TABLE.select(np.array([2, 0])).all_keys() == ["c/3.mp4", "a/1.mp4"]
    assert len(TABLE.select(np.array([], dtype=np.int64))) == 0


def test_keys_and_labels_must_match() -> None:
    with pytest.raises(ValueError, match="1 videos but 2 labels"):
        VideoTable(Path("/data"), ["a.mp4"], [0, 1])
