import re
from pathlib import Path

import pytest

from zsar.datamodules.lists.given_videos import given_videos, videos_by_output


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("a/v1.mp4", "a/v2.mp4", "b/v1.mp4", "[x]/v3.mp4", "a/notes.txt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"x")
    return tmp_path


def names(source: Path) -> list[str]:
    listed = given_videos(source)
    assert all(path.is_file() for path, _ in listed)
    return [name.as_posix() for _, name in listed]


def test_a_file_a_folder_and_a_pattern_name_videos(folder: Path) -> None:
    assert names(folder / "a" / "v1.mp4") == ["v1.mp4"]
    assert names(folder / "a") == ["v1.mp4", "v2.mp4"]
    assert names(folder / "a" / "*.mp4") == ["v1.mp4", "v2.mp4"]
    assert names(folder / "*" / "v1.mp4") == ["a/v1.mp4", "b/v1.mp4"]
    assert names(folder / "**" / "v2.mp4") == ["a/v2.mp4"]


def test_brackets_of_existing_names_are_literal(folder: Path) -> None:
    assert names(folder / "[x]" / "v*.mp4") == ["v3.mp4"]
    (folder / "[v].mp4").write_bytes(b"x")
    assert names(folder / "[v].mp4") == ["[v].mp4"]


@pytest.mark.parametrize("pattern", ["gone.mp4", "a/*.mkv", "gone/*.mp4", "[a"])
def test_what_names_no_file_is_an_error(folder: Path, pattern: str) -> None:
    said = f"{re.escape(str(folder / pattern))}: no such file, no folder with videos, and no pattern that matches"
    with pytest.raises(ValueError, match=said):
        given_videos(folder / pattern)


def test_a_tilde_is_the_home_folder(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(folder))
    assert names(Path("~/a/v*.mp4")) == ["v1.mp4", "v2.mp4"]


def test_a_video_that_is_given_twice_is_listed_once_and_two_with_one_output_are_an_error(folder: Path) -> None:
    listed = [*given_videos(folder / "a"), *given_videos(folder / "a" / "v1.mp4")]
    outputs = videos_by_output(listed, lambda name: name.stem, remedy="rename one of them")
    assert outputs == {stem: (folder / "a" / f"{stem}.mp4", Path(f"{stem}.mp4")) for stem in ("v1", "v2")}
    listed += given_videos(folder / "b")
    with pytest.raises(ValueError, match=r"a/v1\.mp4 and .*b/v1\.mp4 would both become v1; rename one of them"):
        videos_by_output(listed, lambda name: name.stem, remedy="rename one of them")
