"""Tests of the journal of a small copy: where a stopped run goes on."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from tests.makers.files.small_folders import folder_with
from zsar.datamodules.video_files.writing.preparing import PreparedVideo
from zsar.datamodules.video_files.writing.preparing_journal import Journal
from zsar.datamodules.video_files.writing.preparing_settings import PreparingSettings

SETTINGS = PreparingSettings()


@pytest.fixture
def prepared(tmp_path: Path) -> tuple[Path, Path]:
    """A source file and the folder of a copy in which it is finished, as far as the journal can see."""
    source = folder_with(tmp_path / "source", "a.mp4", "b.mp4") / "a.mp4"
    destination = tmp_path / "copy"
    with Journal(destination, SETTINGS) as journal:
        folder_with(destination, "a.mp4")
        journal.record("a.mp4", PreparedVideo(5, source.stat().st_mtime_ns, 5, 40, 64, 48, 0, 0.0))
    return source, destination


def test_a_journal_remembers_what_is_done(prepared: tuple[Path, Path]) -> None:
    source, destination = prepared
    with Journal(destination, SETTINGS) as journal:
        assert journal.is_done(source, "a.mp4")
        assert not journal.is_done(source.with_name("b.mp4"), "b.mp4")
        assert journal.prepared["a.mp4"].n_frames == 40
    assert len((destination / ".prepared.jsonl").read_text().splitlines()) == 2


def test_a_source_or_a_copy_that_changed_is_not_done(prepared: tuple[Path, Path]) -> None:
    source, destination = prepared
    before = source.stat()
    with Journal(destination, SETTINGS) as journal:
        os.utime(source, ns=(before.st_atime_ns, before.st_mtime_ns + 1))
        assert not journal.is_done(source, "a.mp4")
        source.write_text("longer than before")
        os.utime(source, ns=(before.st_atime_ns, before.st_mtime_ns))
        assert not journal.is_done(source, "a.mp4")
        source.write_text("a.mp4")
        os.utime(source, ns=(before.st_atime_ns, before.st_mtime_ns))
        assert journal.is_done(source, "a.mp4")
        (destination / "a.mp4").write_text("cut")
        assert not journal.is_done(source, "a.mp4")
        (destination / "a.mp4").unlink()
        assert not journal.is_done(source, "a.mp4")


def test_every_line_is_on_the_disk_at_once(tmp_path: Path) -> None:
    with Journal(tmp_path / "copy", SETTINGS) as journal:
        journal.record("a.mp4", PreparedVideo(1, 2, 3, 4, 5, 6, 7, 2.5, 8))
        lines = (tmp_path / "copy" / ".prepared.jsonl").read_text().splitlines()
    assert [json.loads(line) for line in lines] == [
        {"settings": {"short_side_px": 256, "keyframe_every": 8, "crf": 20}},
        {
            "video": "a.mp4",
            **{"source_bytes": 1, "source_mtime_ns": 2, "n_bytes": 3, "n_frames": 4, "width_px": 5, "height_px": 6},
            **{"n_refitted": 7, "start_seconds": 2.5, "n_damaged": 8},
        },
    ]


@pytest.mark.parametrize("n_torn", [1, 20, 120])
def test_a_last_line_that_a_killed_run_left_unfinished_is_taken_off(prepared: tuple[Path, Path], n_torn: int) -> None:
    source, destination = prepared
    path = destination / ".prepared.jsonl"
    whole = path.read_bytes()
    path.write_bytes(whole[:-n_torn])
    with Journal(destination, SETTINGS) as journal:
        assert not journal.is_done(source, "a.mp4")
        journal.record("a.mp4", PreparedVideo(5, source.stat().st_mtime_ns, 5, 40, 64, 48, 0, 0.0))
    assert path.read_bytes() == whole
    path.write_bytes(whole[:10])  # not even the settings
    with Journal(destination, SETTINGS) as journal:
        assert journal.prepared == {}
    assert path.read_bytes() == whole.splitlines(keepends=True)[0]


def test_other_settings_are_refused_with_both(prepared: tuple[Path, Path]) -> None:
    message = (
        r"copy was prepared with --short_side 256 --keyframe_every 8 --crf 20, but this run has --short_side 128 "
        r"--keyframe_every 4 --crf 20; give the same settings, or another DESTINATION"
    )
    with pytest.raises(ValueError, match=message):
        Journal(prepared[1], PreparingSettings(short_side_px=128, keyframe_every=4))


def test_a_folder_that_holds_something_else_is_left_alone(tmp_path: Path) -> None:
    folder_with(tmp_path / "copy", "precious.mp4")
    with pytest.raises(ValueError, match=r"copy is not empty, and was not made by `zsar prepare`; give another"):
        Journal(tmp_path / "copy", SETTINGS)
    assert [path.name for path in (tmp_path / "copy").iterdir()] == ["precious.mp4"]


@pytest.mark.parametrize("line", ["{}", "no JSON", "[1]", '{"video": "a.mp4", "n_bytes": 3}'])
def test_a_line_that_says_nothing_is_named(prepared: tuple[Path, Path], line: str) -> None:
    path = prepared[1] / ".prepared.jsonl"
    path.write_text(path.read_text() + line + "\n")
    with pytest.raises(
        ValueError, match=r"\.prepared\.jsonl: line 3 was not written by (`zsar prepare`|zsar) .*; delete .*copy and"
    ):
        Journal(prepared[1], SETTINGS)
