from pathlib import Path

import numpy as np
import pytest

from zsar.datamodules.batch import VideoRecord
from zsar.datamodules.lists.video_table import VideoTable

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
    with pytest.raises(ValueError, match="1 videos but columns of 1, 2"):
        VideoTable(Path("/data"), ["a.mp4"], [0, 1])


def with_everything() -> VideoTable:
    return VideoTable(
        Path("/data"),
        ["train/a.mp4", "train/a.mp4", "b.webm"],
        [0, 1, 1],
        keys=["a@0-1", "a@2-3", "b"],
        segments_seconds=np.array([[0.0, 1.0], [2.0, 3.0], [np.nan, np.nan]]),
        found=np.array([True, True, False]),
    )


def test_keys_may_differ_from_paths_and_stretches_of_one_file_are_videos_of_their_own() -> None:
    table = with_everything()
    assert (table.key(1), table.path(1)) == ("a@2-3", "train/a.mp4")
    assert table[1] == VideoRecord(path=Path("/data/train/a.mp4"), label=1, segment_seconds=(2.0, 3.0))


def test_every_column_follows_a_selection() -> None:
    chosen = with_everything().of_classes(["x", "y"], ["y"])
    assert chosen.all_keys() == ["a@2-3", "b"]
    assert chosen.labels.tolist() == [0, 0]
    assert [chosen.path(i) for i in range(2)] == ["train/a.mp4", "b.webm"]
    assert chosen.segments_seconds is not None
    assert chosen.segments_seconds[0].tolist() == [2.0, 3.0]
    assert chosen.found is not None
    assert chosen.found.tolist() == [True, False]


def test_videos_can_be_left_out_by_key() -> None:
    assert with_everything().without({"a@0-1", "somewhere else"}).all_keys() == ["a@2-3", "b"]
    assert with_everything().without(set()).all_keys() == ["a@0-1", "a@2-3", "b"]


def test_labels_can_be_hidden() -> None:
    hidden = with_everything().unlabelled()
    assert hidden.labels.tolist() == [-1, -1, -1]
    assert hidden.all_keys() == with_everything().all_keys()


def test_names_of_any_bytes_are_kept() -> None:
    names = ["r\udce9.mp4", "r\u00e9.mp4", "re\u0301.mp4", "a\nb.mp4", " a .mp4"]
    table = VideoTable(Path("/data"), names, [0] * len(names))
    assert table.all_keys() == [table.key(i) for i in range(len(names))] == names
    assert table.all_files() == [str(table[i].path) for i in range(len(names))] == [f"/data/{name}" for name in names]


@pytest.mark.parametrize("name", ["a.mp4\0", "a\0b.mp4", "a\ud800.mp4"])
def test_what_no_file_can_be_called_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="which no file name can have; take it out of the list"):
        VideoTable(Path("/data"), ["b.mp4", name], [0, 0])


def test_a_video_is_left_out_in_whatever_spelling() -> None:
    table = VideoTable(Path("/data"), ["a.mp4", "./b.mp4", "x/../c.mp4", "d//e.mp4", "f.mp4"], [0] * 5)
    assert table.without({"./a.mp4", "b.mp4", "c.mp4", "d/e.mp4"}).all_keys() == ["f.mp4"]
    assert table.without({"./b.mp4"}).all_keys() == ["a.mp4", "x/../c.mp4", "d//e.mp4", "f.mp4"]


def test_lines_of_a_list_follow_a_selection_and_are_named() -> None:
    lists = VideoTable(Path("/data"), ["a.mp4", "b.mp4"], [0, 1], list_file=Path("/l.csv"), lines=np.array([2, 5]))
    chosen = lists.of_classes(["x", "y"], ["y"])
    assert (chosen.place(0), chosen.line(0)) == ("/l.csv:5: b.mp4", 5)
    assert (TABLE.place(0), TABLE.line(0)) == ("a/1.mp4", 0)


def test_label_sets_follow_their_videos_and_classes() -> None:
    shown = np.array([[1, 1, 0], [0, 0, 0], [0, 0, 1]], dtype=bool)
    table = VideoTable(Path("/data"), ["a.mp4", "b.mp4", "c.mp4"], [-1] * 3, label_sets=shown)
    assert table.named_labels(["x", "y", "z"]) == [("a.mp4", "x"), ("a.mp4", "y"), ("b.mp4", ""), ("c.mp4", "z")]
    reordered = table.of_classes(["x", "y", "z"], ["z", "x"]).select(np.array([2, 0, 1]))  # all videos are kept
    assert reordered.label_sets is not None
    assert reordered.label_sets.tolist() == [[True, False], [False, True], [False, False]]
    assert reordered.labels.tolist() == [-1] * 3
    without = table.without({"a.mp4"})
    assert without.label_sets is not None
    assert without.label_sets.tolist() == shown[1:].tolist()
    assert table.unlabelled().label_sets is None
    assert TABLE.named_labels(["x", "y", "z"])[:2] == [("a/1.mp4", "x"), ("b/ü.mp4", "y")]
    with pytest.raises(ValueError, match="columns of 2, 3"):
        VideoTable(Path("/data"), ["a.mp4", "b.mp4"], [-1] * 2, label_sets=shown)
