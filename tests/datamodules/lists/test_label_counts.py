from pathlib import Path

import numpy as np
import pytest

from zsar.datamodules.lists.label_counts import count_labels, counts_of_sets
from zsar.datamodules.lists.video_table import VideoTable


def test_hand_counted_labels() -> None:
    shown = np.array([[1, 1, 0], [0, 0, 0], [1, 0, 0]], dtype=bool)
    counts = count_labels(VideoTable(Path(), ["a", "b", "c"], [-1] * 3, label_sets=shown), ["x", "y", "z"])
    assert counts.n_positives == {"x": 2, "y": 1, "z": 0}
    assert counts.videos_by_labels == {0: 1, 1: 1, 2: 1}
    assert counts.without_positives == ["z"]
    assert counts.mean == pytest.approx(1)


def test_sets_with_classes_are_described() -> None:
    table = VideoTable(Path(), ["a", "b"], [-1] * 2, label_sets=np.array([[True], [False]]))
    described = {"n_positives": {"x": 1}, "videos_by_labels": {0: 1, 1: 1}}
    assert counts_of_sets({"test": table, "other": table}, {"test": ["x"]}) == {"test": described}


def test_videos_of_one_label_are_not_counted() -> None:
    with pytest.raises(ValueError, match="have one label each"):
        count_labels(VideoTable(Path(), ["a"], [0]), ["x"])
