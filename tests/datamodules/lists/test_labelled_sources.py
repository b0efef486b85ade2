from pathlib import Path

import pytest

from zsar.datamodules.lists.labelled_sources import read_labelled, read_unlabelled, table_of
from zsar.runtime.text.text_tables import ListFileError

LABEL_OF = {"open door": 0, "sit down": 1, "wave": 2}
ONE_ROW = "path,label\na.mp4,open door|sit down\nb.mp4,\nc.mp4, wave \n"
ROW_PER_CLASS = "path,label\na.mp4,open door\nb.mp4,\nc.mp4,wave\na.mp4,sit down\n"


def listed(folder: Path, text: str) -> Path:
    path = folder / "videos.csv"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize("text", [ONE_ROW, ROW_PER_CLASS])
def test_labels_in_one_row_or_in_several_are_one_table(tmp_path: Path, text: str) -> None:
    path = listed(tmp_path, text)
    table = table_of(path, read_labelled(path, several=True), LABEL_OF, several=True)
    assert table.all_keys() == ["a.mp4", "b.mp4", "c.mp4"]
    assert table.label_sets is not None
    assert table.label_sets.tolist() == [[True, True, False], [False] * 3, [False, False, True]]
    assert table.labels.tolist() == [-1, -1, -1]
    assert [table.line(row) for row in range(3)] == [2, 3, 4]


def test_with_one_label_a_separator_is_part_of_a_name(tmp_path: Path) -> None:
    path = listed(tmp_path, "path,label\na.mp4,open door|sit down\n")
    assert [video.class_name for video in read_labelled(path)] == ["open door|sit down"]


@pytest.mark.parametrize(
    ("rows", "line", "problem"),
    [
        ("a.mp4,wave|Wave", 2, "has the class 'Wave' already by line 2"),
        ("a.mp4,wave\na.mp4,sit down|wave", 3, "has the class 'wave' already by line 2"),
        ("a.mp4,wave\na.mp4,", 3, "has a class by one of the lines 2 and 3, and none by the other"),
        ("a.mp4,\na.mp4,wave", 3, "has a class by one of the lines 2 and 3, and none by the other"),
        ("a.mp4,\na.mp4,", 3, "has no class already by line 2"),
        ("a.mp4,wave||sit down", 2, "has an empty name"),
        ("a.mp4,wave|", 2, "has an empty name"),
        (",wave", 2, "no path"),
    ],
)
def test_what_is_ambiguous_is_an_error_with_its_line(tmp_path: Path, rows: str, line: int, problem: str) -> None:
    path = listed(tmp_path, f"path,label\n{rows}\n")
    with pytest.raises(ListFileError, match=problem) as error:
        read_labelled(path, several=True)
    assert f"{path}:{line}: " in str(error.value)


def test_a_folder_has_one_class_a_video(tmp_path: Path) -> None:
    (tmp_path / "wave").mkdir()
    with pytest.raises(ValueError, match=r"gives each video one class.*multi_label; list the videos"):
        read_labelled(tmp_path, several=True)


def test_unlabelled_videos_have_no_class(tmp_path: Path) -> None:
    path = listed(tmp_path, "path\na.mp4\n")
    assert table_of(path, read_unlabelled(path), {}).labels.tolist() == [-1]
