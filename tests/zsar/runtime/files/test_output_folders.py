import os
from pathlib import Path

import pytest

from zsar.runtime.files.output_folders import check_free, check_output_folder


def test_a_folder_that_is_there_or_can_be_made_is_accepted_and_not_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for folder in (tmp_path, tmp_path / "a" / "b", Path("runs/new"), Path()):
        check_output_folder(folder, option="--output")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("inside", ["file", "file/a/b", "lost_link"])
def test_a_file_or_a_broken_link_in_the_way_is_named(tmp_path: Path, inside: str) -> None:
    (tmp_path / "file").write_text("")
    (tmp_path / "lost_link").symlink_to(tmp_path / "gone")
    with pytest.raises(ValueError, match=rf"--output .*{inside}: .*{inside.split('/')[0]} is not a folder; give"):
        check_output_folder(tmp_path / inside, option="--output")


def test_a_folder_that_may_not_be_written_to_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As root everything may be written to, so that the answer of the system is replaced."""
    monkeypatch.setattr(os, "access", lambda path, mode: Path(path) != tmp_path)
    with pytest.raises(ValueError, match=f"--output {tmp_path}/a: no permission to write to {tmp_path}; give another"):
        check_output_folder(tmp_path / "a", option="--output")


def test_a_file_is_replaced_only_on_request(tmp_path: Path) -> None:
    check_free(tmp_path / "new.json", force=False)
    (there := tmp_path / "there.json").write_text("")
    check_free(there, force=True)
    with pytest.raises(ValueError, match=r"there\.json is there already; give another --output, or --force"):
        check_free(there, force=False)
    with pytest.raises(ValueError, match="give another --draw, or --force"):
        check_free(there, force=False, option="--draw")
