"""Tests of `preparing`: what a copy consists of, one video of it, and where a stopped run goes on."""

from __future__ import annotations

import json
import os
import shutil
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
import torch
from torch.nn.functional import interpolate

from tests.makers.videos.encoded_videos import h264_with_b_frames, moving_picture
from zsar.datamodules.video_files.decoding import VideoDecodeError, VideoReader, read_frames
from zsar.datamodules.video_files.writing import preparing
from zsar.datamodules.video_files.writing.encoding import write_video
from zsar.datamodules.video_files.writing.preparing import (
    Journal,
    Plan,
    PreparedVideo,
    PreparingSettings,
    copy_file,
    plan_copy,
    prepare_video,
)
from zsar.datamodules.video_files.writing.transcoding import Transcoded, TranscodingError

SETTINGS = PreparingSettings()


@pytest.mark.parametrize(
    ("numbers", "message"),
    [
        ({"short_side_px": 255}, "the short side must be even and at least 16 px; got 255"),
        ({"short_side_px": 14}, "the short side must be even and at least 16 px; got 14"),
        ({"keyframe_every": 0}, "keyframe_every must be at least 1 frame; got 0"),
        ({"crf": 52}, r"crf must be 0 \(lossless\) to 51 \(worst\); got 52"),
    ],
)
def test_settings_out_of_range_are_refused(numbers: dict[str, int], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        PreparingSettings(**numbers)


# --- the plan ---------------------------------------------------------------------------------------------------------


def folder_with(root: Path, *files: str) -> Path:
    for file in files:
        (root / file).parent.mkdir(parents=True, exist_ok=True)
        (root / file).write_text(file)
    return root


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


# --- one video --------------------------------------------------------------------------------------------------------


def test_a_prepared_video_is_described_and_nothing_else_is_left(tmp_path: Path) -> None:
    write_video(source := tmp_path / "video.avi", moving_picture(20, 60, 80), frames_per_second=10, codec="mpeg4")
    destination = tmp_path / "copy" / "deep" / "video.mp4"
    prepared = prepare_video(source, destination, PreparingSettings(short_side_px=48))
    status = source.stat()
    n_bytes = destination.stat().st_size
    assert prepared == PreparedVideo(status.st_size, status.st_mtime_ns, n_bytes, 20, 64, 48, 0, 0.0)
    assert list(destination.parent.iterdir()) == [destination]
    with VideoReader(destination) as reader:
        assert reader.frames_at_indices(range(20)).shape == (20, 3, 48, 64)
        np.testing.assert_allclose(reader.times_seconds, np.arange(20) / 10, rtol=0, atol=1e-9)


def joined(path: Path, *sizes: tuple[int, int]) -> None:
    """A video of ten frames of each size, height and width, as recordings that were joined are."""
    both = path.with_suffix(".h264")
    parts = b""
    for height, width in sizes:
        write_video(part := path.with_name("part.h264"), moving_picture(10, height, width), frames_per_second=25)
        parts += part.read_bytes()
    both.write_bytes(parts)
    if path == both:
        return
    with av.open(str(both)) as source, av.open(str(path), "w") as target:
        stream = target.add_stream_from_template(source.streams.video[0])
        for i, packet in enumerate(packet for packet in source.demux(video=0) if packet.size):
            packet.pts = packet.dts = 40 * i
            packet.time_base, packet.stream = Fraction(1, 1000), stream
            target.mux(packet)


@pytest.mark.parametrize("suffix", [".h264", ".mkv", ".ts"])
def test_a_video_that_changes_its_size_has_a_copy_of_one(suffix: str, tmp_path: Path) -> None:
    joined(source := tmp_path / f"video{suffix}", (96, 128), (48, 64), (128, 64))
    destination = tmp_path / "copy" / "video.mp4"
    prepared = prepare_video(source, destination, PreparingSettings(short_side_px=48, crf=5))
    with VideoReader(source) as reader, VideoReader(destination) as copy:
        assert prepared.n_frames == reader.n_frames == copy.n_frames
        assert (prepared.width_px, prepared.height_px) == (64, 48)
        np.testing.assert_allclose(copy.times_seconds, reader.times_seconds, rtol=0, atol=1e-6)
        frames = copy.frames_at_indices(range(copy.n_frames)).float()
        last = reader.frames_at_indices([reader.n_frames - 1]).float()
    assert frames.shape[1:] == (3, 48, 64)
    assert prepared.n_refitted == 20
    # 64 x 128 px become 24 x 48 px between two bars of 20 px.
    assert frames[-1, :, :, :18].amax() < 12
    expected = interpolate(last, size=(48, 24), mode="bicubic", antialias=True)[0]
    assert (frames[-1, :, :, 20:44] - expected).abs().mean() < 12


def test_settings_change_quality_and_keyframes(tmp_path: Path) -> None:
    h264_with_b_frames(source := tmp_path / "video.mp4")
    plain = prepare_video(source, tmp_path / "plain.mp4", SETTINGS).n_bytes
    assert prepare_video(source, tmp_path / "worse.mp4", PreparingSettings(crf=35)).n_bytes < plain
    assert prepare_video(source, tmp_path / "denser.mp4", PreparingSettings(keyframe_every=1)).n_bytes > plain


def test_the_same_video_gives_the_same_bytes(tmp_path: Path) -> None:
    h264_with_b_frames(source := tmp_path / "video.mp4")
    for name in ("a.mp4", "b.mp4"):
        prepare_video(source, tmp_path / name, SETTINGS)
    assert (tmp_path / "a.mp4").read_bytes() == (tmp_path / "b.mp4").read_bytes()


def test_a_broken_video_leaves_nothing_and_what_was_there_before(tmp_path: Path) -> None:
    h264_with_b_frames(whole := tmp_path / "whole.mp4")
    (source := tmp_path / "video.mp4").write_bytes(whole.read_bytes()[:-200])  # its index is cut off
    (destination := tmp_path / "copy" / "video.mp4").parent.mkdir()
    destination.write_bytes(b"before")
    with pytest.raises(VideoDecodeError, match=r"/video\.mp4: Invalid data"):
        prepare_video(source, destination, SETTINGS)
    assert list(destination.parent.iterdir()) == [destination]
    assert destination.read_bytes() == b"before"


def broken_copies(good: Path, tmp_path: Path) -> dict[str, Path]:
    """Files that are not what they should be, beside a good copy of 40 frames of 64 x 48 px, 25 a second."""
    frames = moving_picture(40)
    write_video(fewer := tmp_path / "fewer.mp4", frames[:39], frames_per_second=25)
    write_video(later := tmp_path / "later.mp4", frames, frames_per_second=24)
    write_video(larger := tmp_path / "larger.mp4", moving_picture(40, 64, 64), frames_per_second=25)
    (cut := tmp_path / "cut.mp4").write_bytes(good.read_bytes()[:300])
    return {
        "39 frames instead of 40": fewer,
        "shown at different times": later,
        r"has \[64, 64\] px instead of \[48, 64\]": larger,
        "its copy cannot be read": cut,
    }


def test_a_copy_that_is_not_like_its_source_is_never_given_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    h264_with_b_frames(source := tmp_path / "video.mp4")
    destination = tmp_path / "copy" / "video.mp4"
    for problem, file in broken_copies(source, tmp_path).items():

        def transcode(source: Path, destination: Path, file: Path = file, **settings: object) -> Transcoded:
            shutil.copyfile(file, destination)
            return Transcoded(64, 48, 0)

        monkeypatch.setattr(preparing, "transcode", transcode)
        with pytest.raises(TranscodingError, match=rf"^{source}: .*{problem}"):
            prepare_video(source, destination, SETTINGS)
        assert list(destination.parent.iterdir()) == []


REAL_CLIPS = ["apply_eye_makeup.avi", "arm_wrestling.mp4", "flipping_a_pancake.mkv"]


@pytest.mark.slow
@pytest.mark.parametrize("name", REAL_CLIPS)
def test_real_clips_keep_their_frames_and_times(name: str, shared_clips: Path, tmp_path: Path) -> None:
    source, destination = shared_clips / name, tmp_path / "copy.mp4"
    prepared = prepare_video(source, destination, PreparingSettings(crf=0))  # lossless: any other frame would show
    with VideoReader(source) as reader, VideoReader(destination) as copy:
        assert copy.n_frames == reader.n_frames == prepared.n_frames > 150
        np.testing.assert_allclose(copy.times_seconds, reader.times_seconds, rtol=0, atol=1e-9)
        every = range(copy.n_frames)
        assert torch.equal(copy.frames_at_indices(every), reader.frames_at_indices(every))


@pytest.mark.slow
@pytest.mark.parametrize("short_side_px", [256, 128])
@pytest.mark.parametrize("name", REAL_CLIPS)
def test_real_clips_look_as_before(name: str, short_side_px: int, shared_clips: Path, tmp_path: Path) -> None:
    source, destination = shared_clips / name, tmp_path / "copy.mp4"
    prepared = prepare_video(source, destination, PreparingSettings(short_side_px=short_side_px))
    before, after = (read_frames(path, range(0, prepared.n_frames, 9)).float() for path in (source, destination))
    size = tuple(after.shape[2:])
    assert min(size) == min(short_side_px, *before.shape[2:])
    before = interpolate(before, size=size, mode="bicubic", antialias=True).clamp(0, 255)
    decibels = 10 * torch.log10(255**2 / (before - after).square().mean(dim=(1, 2, 3)))
    assert decibels.min() > 31


# --- other files ------------------------------------------------------------------------------------------------------


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


# --- the journal ------------------------------------------------------------------------------------------------------


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
