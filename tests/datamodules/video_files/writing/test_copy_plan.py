"""Tests of what a small copy consists of."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.makers.files.small_folders import folder_with
from zsar.datamodules.video_files.writing.copy_plan import Plan, copy_file, plan_copy


def test_a_plan_mirrors_folders_and_names(tmp_path: Path) -> None:
    source = folder_with(
        tmp_path / "source",
        *("b/2.AVI", "b/1.mp4", "a/deep/v.1.mkv", "list.csv", "a/labels.json"),
        *(".hidden/3.mp4", "b/.4.mp4", ".prepared.jsonl", "failed_videos.csv"),
    )
    assert plan_copy(source, tmp_path / "copy") == Plan(
        [("a/deep/v.1.mkv", "a/deep/v.1.mp4"), ("b/1.mp4", "b/1.mp4"), ("b/2.AVI", "b/2.mp4")],
        ["list.csv", "a/labels.json"],
    )
    assert not (tmp_path / "copy").exists()


def test_links_to_folders_are_followed_but_not_in_circles(tmp_path: Path) -> None:
    elsewhere = folder_with(tmp_path / "elsewhere", "1.mp4")
    source = folder_with(tmp_path / "source", "a/0.mp4")
    (source / "b").symlink_to(elsewhere)
    (source / "a" / "up").symlink_to(source)
    assert [video for video, _ in plan_copy(source, tmp_path / "copy").videos] == ["a/0.mp4", "b/1.mp4"]


def test_two_videos_that_would_become_one_file_are_both_named(tmp_path: Path) -> None:
    source = folder_with(tmp_path / "source", "a/1.avi", "a/1.mp4", "b/1.mp4")
    with pytest.raises(ValueError, match=r"a/1\.avi and a/1\.mp4 of .*source would both become a/1\.mp4; rename one"):
        plan_copy(source, tmp_path / "copy")


def test_a_plan_needs_videos_and_a_place_outside_of_them(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"there is no folder .*gone"):
        plan_copy(tmp_path / "gone", tmp_path / "copy")
    empty = folder_with(tmp_path / "empty", "list.txt")
    with pytest.raises(FileNotFoundError, match=r"empty holds no videos; they end in one of .*\.avi"):
        plan_copy(empty, tmp_path / "copy")
    source = folder_with(tmp_path / "source", "1.mp4")
    for destination in (source, source / "copy", tmp_path / "empty" / ".." / "source" / "copy"):
        with pytest.raises(ValueError, match=r"lies within .*source; give a DESTINATION outside of it"):
            plan_copy(source, destination)


def test_a_file_is_copied_once_with_its_time(tmp_path: Path) -> None:
    source = folder_with(tmp_path, "list.txt") / "list.txt"
    destination = tmp_path / "copy" / "deep" / "list.txt"
    assert copy_file(source, destination)
    assert destination.read_text() == "list.txt"
    assert destination.stat().st_mtime_ns == source.stat().st_mtime_ns
    assert not copy_file(source, destination)
    source.write_text("another list.txt")
    assert copy_file(source, destination)
    assert destination.read_text() == "another list.txt"
    assert list(destination.parent.iterdir()) == [destination]
