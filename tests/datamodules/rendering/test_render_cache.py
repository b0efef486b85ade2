from pathlib import Path

import pytest

from zsar.datamodules.rendering.render_cache import fingerprint, render_once


def write(root: Path) -> None:
    (root / "a.txt").write_text("rendered")


def test_a_folder_is_rendered_once(tmp_path: Path) -> None:
    folder = tmp_path / "deep" / "folder"
    render_once(folder, write)
    (folder / "a.txt").write_text("kept")
    render_once(folder, write)
    assert (folder / "a.txt").read_text() == "kept"
    assert [path.name for path in folder.parent.iterdir()] == ["folder"]


def test_a_rendering_that_fails_leaves_nothing(tmp_path: Path) -> None:
    def fail(root: Path) -> None:
        write(root)
        raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        render_once(tmp_path / "folder", fail)
    assert list(tmp_path.iterdir()) == []


def test_a_faster_process_is_not_overwritten(tmp_path: Path) -> None:
    folder = tmp_path / "folder"

    def slow(root: Path) -> None:
        write(root)
        folder.mkdir()
        (folder / "b.txt").write_text("of the other")

    render_once(folder, slow)
    assert [path.name for path in folder.iterdir()] == ["b.txt"]
    assert [path.name for path in tmp_path.iterdir()] == ["folder"]


def test_the_name_changes_with_sources_and_settings(tmp_path: Path) -> None:
    source = tmp_path / "source.py"
    source.write_text("1")
    names = {fingerprint([source], "seed 0"), fingerprint([source], "seed 1")}
    source.write_text("2")
    names.add(fingerprint([source], "seed 0"))
    assert len(names) == 3
    assert {len(name) for name in names} == {12}
