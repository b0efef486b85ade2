import os
from pathlib import Path

import pytest

from zsar.runtime.files.same_files import each_file_once, groups_of_one_file


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Three files, the working directory; and a second folder."""
    for name in ("a.mp4", "b.mp4", "x/c.mp4"):
        (path := tmp_path / name).parent.mkdir(exist_ok=True)
        path.write_bytes(b"the same bytes")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    "spelling",
    ["./a.mp4", "x/../a.mp4", ".//a.mp4", "{root}/a.mp4", "soft.mp4", "hard.mp4", "linked/../a.mp4", "y/a.mp4"],
)
def test_every_way_to_a_file_is_one_file(folder: Path, spelling: str) -> None:
    os.symlink("a.mp4", "soft.mp4")
    os.link("a.mp4", "hard.mp4")
    os.symlink("x", "linked")
    os.symlink(".", "y")
    paths = ["b.mp4", "a.mp4", "x/c.mp4", spelling.format(root=folder)]
    assert groups_of_one_file(paths) == [[1, 3]]
    assert each_file_once(paths) == [0, 1, 2]


def test_files_of_equal_content_are_different_files(folder: Path) -> None:
    assert groups_of_one_file(["a.mp4", "b.mp4", "x/c.mp4", "x/../x/c.mp4x"]) == []


def test_a_parent_folder_of_a_link_is_that_of_its_target(
    folder: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    (elsewhere / "inner").mkdir()
    (elsewhere / "a.mp4").touch()
    os.symlink(elsewhere / "inner", "link")
    assert groups_of_one_file(["a.mp4", "link/../a.mp4", str(elsewhere / "a.mp4")]) == [[1, 2]]


def test_what_is_not_there_is_compared_by_its_spelling(folder: Path) -> None:
    paths = ["gone/a.mp4", "./gone/a.mp4", f"{folder}/gone/a.mp4", "gone/b.mp4", "gone.mp4", "x/../gone.mp4", "a\0.mp4"]
    assert groups_of_one_file(paths) == [[0, 1, 2], [4, 5]]


def test_names_of_any_bytes_are_names(folder: Path) -> None:
    for name in (b"\xff.mp4", b"\xfe.mp4", "r\u00e9.mp4".encode(), "re\u0301.mp4".encode(), b"new\nline.mp4"):
        Path(os.fsdecode(name)).touch()
    names = sorted(os.listdir("."))
    assert groups_of_one_file(names) == []
    assert groups_of_one_file([*names, *(f"./{name}" for name in names)]) == [
        [i, i + len(names)] for i in range(len(names))
    ]


def test_files_are_told_apart_where_a_folder_lists_other_numbers_than_its_files_have(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("zsar.runtime.files.same_files._numbers_in", lambda folder: {})
    assert groups_of_one_file(["a.mp4", "b.mp4", "./b.mp4"]) == [[1, 2]]
    monkeypatch.setattr(
        "zsar.runtime.files.same_files._numbers_in", lambda folder: dict.fromkeys(os.listdir(folder or "."), 7)
    )
    assert groups_of_one_file(["a.mp4", "b.mp4", "./b.mp4", "./a.mp4"]) == [[0, 3], [1, 2]]  # one number for all
