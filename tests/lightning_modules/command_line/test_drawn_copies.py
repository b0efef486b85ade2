"""Tests of `drawn_copies`."""

from __future__ import annotations

import errno
import shutil
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from zsar.datamodules.video_files.writing.encoding import write_video
from zsar.lightning_modules.command_line import drawn_copies
from zsar.lightning_modules.command_line.drawn_copies import KEYS, DrawnCopies, planned_copies, without_keys

ANSWER = SimpleNamespace(ranked=(("surfing", 0.9), ("diving\U0010fffe", 0.1)), answer="surfing")


@pytest.fixture
def videos(tmp_path: Path) -> list[tuple[Path, Path]]:
    """a.mp4 and sub/b.mp4."""
    names = [Path("a.mp4"), Path("sub/b.mp4")]
    for name in names:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        write_video(tmp_path / name, np.full((4, 96, 128, 3), 200, np.uint8), frames_per_second=10)
    return [(tmp_path / name, name) for name in names]


def drawing(files: dict[str, Path]) -> DrawnCopies:
    return DrawnCopies(files, top_k=3, on_damage="raise", hidden=False)


def test_a_copy_has_the_name_that_the_video_has_in_its_folder(videos: list[tuple[Path, Path]], tmp_path: Path) -> None:
    files = planned_copies(tmp_path / "out", videos)
    assert files == {
        str(tmp_path / "a.mp4"): tmp_path / "out" / "a.drawn.mp4",
        str(tmp_path / "sub" / "b.mp4"): tmp_path / "out" / "sub" / "b.drawn.mp4",
    }
    assert planned_copies(None, videos) == {}


def test_no_copy_overwrites_another_one_or_a_video(videos: list[tuple[Path, Path]], tmp_path: Path) -> None:
    (a, _), (b, _) = videos
    shutil.copy(a, tmp_path / "a.avi")
    copy = shutil.copy(a, tmp_path / "a.drawn.mp4")
    for given, message in (
        (
            [(a, Path("x.mp4")), (b, Path("x.mkv"))],
            r"a\.mp4 and .*b\.mp4 would both become .*x\.drawn\.mp4; rename one",
        ),
        (
            [(a, Path("a.mp4")), (Path(copy), Path("c.mp4"))],
            r"a\.drawn\.mp4 is one of the videos, and would be replaced",
        ),
        ([(a, Path(f"{'x' * 250}.mp4"))], r"a\.mp4: its file would have a name of 260 bytes"),
    ):
        with pytest.raises(ValueError, match=message):
            planned_copies(tmp_path, given)


def test_a_folder_that_cannot_be_written_is_named_with_its_option(
    videos: list[tuple[Path, Path]], tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ValueError, match="--draw .*file.* is not a folder"):
        planned_copies(tmp_path / "file" / "out", videos)


def test_each_answer_tells_of_its_copy_and_a_failed_one_of_its_problem(
    videos: list[tuple[Path, Path]], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (a, _), (b, _) = videos
    b.write_bytes(b"no video")
    copies = drawing(planned_copies(tmp_path / "out", videos))
    with copies:
        answers = [(str(path), None) for path in copies.tracked((a, b), "classifying", total=2)]
        lines = [copies.add(video, ANSWER, error=error) for video, error in [*answers, (str(a), "not decoded")]]
    copies.say_result(tmp_path / "out")
    assert lines[0] == {"drawn": str(tmp_path / "out" / "a.drawn.mp4"), "drawing_error": None}
    assert lines[1]["drawn"] is None
    assert str(b) in str(lines[1]["drawing_error"])
    assert lines[2] == dict.fromkeys(KEYS), "the answer itself tells why it is not there"
    assert copies.n_failed == 1
    said = capsys.readouterr().err
    assert f"1 copy with the answer on the frames: {tmp_path / 'out'}\n" in said
    assert "\U0010fffe: these characters are boxes in the copies" in said
    assert f"not drawn: {b}" in said
    assert [path.name for path in (tmp_path / "out").rglob("*.*")] == ["a.drawn.mp4"]


def test_after_a_full_disk_no_further_copy_is_tried(
    videos: list[tuple[Path, Path]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    tried: list[str] = []

    def full(video: str, *_: object, **__: object) -> None:
        tried.append(video)
        raise OSError(errno.ENOSPC, f"the copy of {video} could not be written: no space left")

    monkeypatch.setattr(drawn_copies, "draw", full)
    copies = drawing(planned_copies(tmp_path / "out", videos))
    with copies:
        lines = [copies.add(str(path), ANSWER, error=None) for path, _ in videos]
    copies.say_result(tmp_path / "out")
    assert tried == [str(videos[0][0])]
    assert isinstance(copies.stopped, OSError)
    assert copies.n_failed == 2
    problem = f"the copy of {videos[0][0]} could not be written: no space left"
    assert lines == [{"drawn": None, "drawing_error": problem}] * 2
    assert f"2 not drawn: {problem}" in capsys.readouterr().err


def test_where_nothing_is_drawn_nothing_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    copies = drawing({})
    with copies:
        assert copies.add("a.mp4", ANSWER, error=None) == {}
    copies.say_result(None)
    assert capsys.readouterr().err == ""


def test_a_line_without_what_was_told_of_copies_is_as_before() -> None:
    line = {"path": "a.mp4", "error": None}
    assert without_keys({**line, **dict.fromkeys(KEYS)}) == line
