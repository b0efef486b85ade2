from pathlib import Path

import pytest

from zsar.lightning_modules.localization.stored.stored_files import file_of_video


def made(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch()
    return path


def test_a_file_is_found_beside_or_below(tmp_path: Path) -> None:
    here, below = made(tmp_path / "a.x"), made(tmp_path / "validation" / "deep" / "b.x")
    made(tmp_path / "validation" / "b.y")
    assert file_of_video(tmp_path, "a", ".x") == here
    assert file_of_video(tmp_path, "b", ".x") == below


def test_an_id_with_folders_is_a_path(tmp_path: Path) -> None:
    first, second = made(tmp_path / "one" / "a.x"), made(tmp_path / "two" / "a.x")
    assert file_of_video(tmp_path, "one/a", ".x") == first
    assert file_of_video(tmp_path, "two/a", ".x") == second


def test_a_file_that_is_nowhere_is_expected_beside(tmp_path: Path) -> None:
    assert file_of_video(tmp_path, "a", ".x") == tmp_path / "a.x"
    assert file_of_video(tmp_path / "no folder", "a", ".x") == tmp_path / "no folder" / "a.x"


def test_two_files_of_one_name_are_refused(tmp_path: Path) -> None:
    made(tmp_path / "one" / "a.x")
    made(tmp_path / "two" / "a.x")
    with pytest.raises(ValueError, match=r"2 files under .* are of a video 'a': .*one/a\.x and .*two/a\.x"):
        file_of_video(tmp_path, "a", ".x")
