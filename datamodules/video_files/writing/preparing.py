"""A small copy of a data set that is quick to decode: its plan, its journal, and the preparation of one video.

The copy has the folders and names of the original, so that it can serve as a data root: videos as .mp4 (see
`writing.transcoding`), lists and other files unchanged, hidden files left out. Every finished video is a line of the
journal `.prepared.jsonl`, from which an interrupted run resumes.
"""

from __future__ import annotations

import math
import os
import shutil
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from zsar.datamodules.lists.video_index import VIDEO_SUFFIXES, holds_files
from zsar.datamodules.video_files.counted_frames import OnDamage
from zsar.datamodules.video_files.decoding import VideoDecodeError, VideoReader
from zsar.datamodules.video_files.writing.transcoding import TranscodingError, transcode
from zsar.runtime.files.given_files import GivenFileError
from zsar.runtime.files.journals import JournalWriter, whole_lines
from zsar.runtime.files.whole_files import whole_file
from zsar.runtime.text.written_names import read_name, written_name

FAILED_VIDEOS = "failed_videos.csv"
_JOURNAL = ".prepared.jsonl"
# Frames held in memory while a copy is checked.
_CHECKED_TOGETHER = 64
# Times are whole ticks of the copy's clock, 1 microsecond at the finest.
_TIME_TOLERANCE_SECONDS = 1e-6


@dataclass(frozen=True)
class PreparingSettings:
    """How videos are re-encoded.

    Attributes:
        short_side_px: Maximum short side of a frame; longer ones are scaled down. Even, at least 16.
        keyframe_every: Frames from one keyframe to the next, at least 1.
        crf: x264's constant rate factor, 0 (lossless) to 51 (worst).
    """

    short_side_px: int = 256
    keyframe_every: int = 8
    crf: int = 20

    def __post_init__(self) -> None:
        """Checks the numbers.

        Raises:
            ValueError: One is out of range.
        """
        if self.short_side_px < 16 or self.short_side_px % 2:
            raise ValueError(f"the short side must be even and at least 16 px; got {self.short_side_px}")
        if self.keyframe_every < 1:
            raise ValueError(f"keyframe_every must be at least 1 frame; got {self.keyframe_every}")
        if not 0 <= self.crf <= 51:
            raise ValueError(f"crf must be 0 (lossless) to 51 (worst); got {self.crf}")


@dataclass(frozen=True)
class PreparedVideo:
    """A finished copy and its source.

    Attributes:
        source_bytes: Size of the source.
        source_mtime_ns: Modification time of the source.
        n_bytes: Size of the copy.
        n_frames: Number of frames.
        width_px: Their width.
        height_px: Their height.
        n_refitted: Number of frames whose size in the source differs from the first frame's; they were resized to fit.
        start_seconds: When the first frame is shown, in seconds on the player's clock; None for copies by a zsar that
            made all copies begin at 0.
        n_damaged: Number of damaged frames that were accepted.
    """

    source_bytes: int
    source_mtime_ns: int
    n_bytes: int
    n_frames: int
    width_px: int
    height_px: int
    n_refitted: int = 0
    start_seconds: float | None = None
    n_damaged: int = 0


@dataclass(frozen=True)
class Plan:
    """The contents of a copy; paths relative to the two folders, with forward slashes.

    Attributes:
        videos: Path of each video in the original, and in the copy.
        others: Paths of all other files.
    """

    videos: list[tuple[str, str]]
    others: list[str]


def plan_copy(source: Path, destination: Path) -> Plan:
    """Lists what a copy will contain; changes nothing.

    Args:
        source: The folder of the original. Links to folders in it are followed.
        destination: The folder of the copy, which need not exist.

    Returns:
        The plan, in sorted order.

    Raises:
        FileNotFoundError: There is no such folder, or it contains no videos.
        ValueError: The copy would lie in the original, or two videos would become one file.
    """
    if not source.is_dir():
        raise FileNotFoundError(f"there is no folder {source}; give the folder that holds the data set")
    if destination.resolve().is_relative_to(source.resolve()):
        raise ValueError(f"{destination} lies within {source}; give a DESTINATION outside of it")
    plan = Plan([], [])
    original_of: dict[str, str] = {}
    for path in _walk(source):
        stem, suffix = os.path.splitext(path)
        if suffix.lower() not in VIDEO_SUFFIXES:
            if path != FAILED_VIDEOS:
                plan.others.append(path)
            continue
        copy = f"{stem}.mp4"
        if copy in original_of:
            raise ValueError(
                f"{original_of[copy]} and {path} of {source} would both become {copy}; rename one of them, or move it "
                "out of the folder"
            )
        original_of[copy] = path
        plan.videos.append((path, copy))
    if not plan.videos:
        raise FileNotFoundError(f"{source} holds no videos; they end in one of {' '.join(sorted(VIDEO_SUFFIXES))}")
    return plan


def prepare_video(
    source: Path, destination: Path, settings: PreparingSettings, *, on_damage: OnDamage = "raise"
) -> PreparedVideo:
    """Re-encodes one video, verifies the copy, and only then gives it its name.

    Args:
        source: The video.
        destination: The .mp4 file to write; its folder is created, an existing file replaced.
        settings: How to encode.
        on_damage: What to do with damaged frames of the source; see `VideoReader`.

    Returns:
        A description of the copy.

    Raises:
        VideoDecodeError: The source cannot be decoded.
        TranscodingError: It cannot be encoded, or the copy does not have the frames of the source.
        OSError: The destination cannot be written.
    """
    status = source.stat()
    try:
        with VideoReader(source, on_damage=on_damage) as reader, whole_file(destination) as unfinished:
            times = reader.times_seconds
            made = transcode(reader, unfinished, **asdict(settings))
            _check(unfinished, times, (made.height_px, made.width_px))
            n_bytes, n_damaged = unfinished.stat().st_size, reader.n_damaged
    except TranscodingError as error:
        raise TranscodingError(f"{source}: {error}") from error
    return PreparedVideo(
        source_bytes=status.st_size,
        source_mtime_ns=status.st_mtime_ns,
        n_bytes=n_bytes,
        n_frames=len(times),
        width_px=made.width_px,
        height_px=made.height_px,
        n_refitted=made.n_refitted,
        start_seconds=float(times[0]),
        n_damaged=n_damaged,
    )


def copy_file(source: Path, destination: Path) -> bool:
    """Copies a file and its modification time atomically; False if that was done before."""
    status = source.stat()
    if destination.is_file():
        existing = destination.stat()
        if (existing.st_size, existing.st_mtime_ns) == (status.st_size, status.st_mtime_ns):
            return False
    with whole_file(destination) as unfinished:
        shutil.copy2(source, unfinished)
    return True


class Journal:
    """The finished parts of a copy; a context manager that keeps the file open for appending."""

    def __init__(self, destination: Path, settings: PreparingSettings) -> None:
        """Reads the journal or begins a new one; creates the folder.

        Raises:
            ValueError: The folder contains something else, or was prepared with other settings.
        """
        self._destination = destination
        self._path = destination / _JOURNAL
        self.prepared: dict[str, PreparedVideo] = {}
        destination.mkdir(parents=True, exist_ok=True)
        if not self._path.exists() and any(destination.iterdir()):
            raise ValueError(f"{destination} is not empty, and was not made by `zsar prepare`; give another folder")
        begun = self._path.exists() and self._read(settings)
        self._writer = JournalWriter(self._path)
        if not begun:
            self._writer.append({"settings": asdict(settings)})

    def __enter__(self) -> Journal:
        """The journal itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Closes the file."""
        self._writer.close()

    def is_done(self, source: Path, copy: str, *, on_damage: OnDamage = "raise") -> bool:
        """Whether the copy of a video exists unchanged and its source has not changed.

        Args:
            source: The video.
            copy: The path of its copy in the destination.
            on_damage: With "raise", a copy with damaged frames that an earlier run accepted does not count.
        """
        prepared, path = self.prepared.get(copy), self._destination / copy
        if prepared is None or (prepared.n_damaged and on_damage == "raise"):
            return False
        if not path.is_file() or path.stat().st_size != prepared.n_bytes:
            return False
        status = source.stat()
        if (status.st_size, status.st_mtime_ns) != (prepared.source_bytes, prepared.source_mtime_ns):
            return False
        return prepared.start_seconds is not None or _begins_at_once(source)

    def record(self, copy: str, prepared: PreparedVideo) -> None:
        """Records that a copy is finished."""
        self.prepared[copy] = prepared
        self._writer.append({"video": written_name(copy), **asdict(prepared)})

    def _read(self, settings: PreparingSettings) -> bool:
        """Reads the lines; False if there are none. Removes an incomplete last line of a killed run."""
        remedy = f"delete {self._destination} and prepare again"
        lines = whole_lines(self._path, remedy=remedy)
        for number, entry in enumerate(lines, start=1):
            try:
                before = PreparingSettings(**entry["settings"]) if number == 1 else settings
                if number > 1:
                    copy = entry.pop("video")
                    self.prepared[read_name(_text(copy))] = PreparedVideo(**_numbers(entry))
            except (ValueError, KeyError, TypeError) as error:
                raise GivenFileError(
                    self._path, f"line {number} was not written by `zsar prepare` ({error})", remedy
                ) from error
            if before != settings:
                raise ValueError(
                    f"{self._destination} was prepared with {_describe(before)}, but this run has "
                    f"{_describe(settings)}; give the same settings, or another DESTINATION"
                )
        return bool(lines)


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(f"video is {value!r}, not a name")
    return value


def _numbers(entry: dict[str, object]) -> dict[str, Any]:
    for name, value in entry.items():
        if name == "start_seconds" and type(value) is float and 0 <= value < math.inf:
            continue
        if type(value) is not int or value < 0:
            kind = "a time in seconds" if name == "start_seconds" else "a whole number"
            raise TypeError(f"{name} is {value!r}, not {kind} from 0 on")
    return entry


def _begins_at_once(source: Path) -> bool:
    """Whether the first frame of a video is at 0 s, so that a copy by an earlier zsar has the right times."""
    try:
        with VideoReader(source) as reader:
            return bool(reader.times_seconds[0] <= _TIME_TOLERANCE_SECONDS)
    except VideoDecodeError:
        return False


def _describe(settings: PreparingSettings) -> str:
    return f"--short_side {settings.short_side_px} --keyframe_every {settings.keyframe_every} --crf {settings.crf}"


def _walk(root: Path) -> Iterator[str]:
    """All files that are not hidden, and empty folders named like videos; relative paths with forward slashes.

    Anything named like a video is attempted, so that the command reports why it cannot be prepared.
    """
    for parent, folders, files in os.walk(root, followlinks=True):
        here = Path(parent).resolve()
        # Links to a parent folder would be followed forever.
        folders[:] = sorted(
            f for f in folders if not f.startswith(".") and not here.is_relative_to((here / f).resolve())
        )
        empty = [f for f in folders if os.path.splitext(f)[1].lower() in VIDEO_SUFFIXES and not holds_files(here / f)]
        for file in sorted([*files, *empty]):
            if not file.startswith("."):
                yield Path(parent, file).relative_to(root).as_posix()


def _check(path: Path, times_seconds: NDArray[np.float64], size_px: tuple[int, int]) -> None:
    """Decodes every frame of a copy.

    Raises:
        TranscodingError: Decoding fails, frames are missing, or their sizes or times differ.
    """
    try:
        with VideoReader(path) as reader:
            if reader.n_frames != len(times_seconds):
                raise TranscodingError(f"its copy has {reader.n_frames} frames instead of {len(times_seconds)}")
            if np.abs(reader.times_seconds - times_seconds).max() > _TIME_TOLERANCE_SECONDS:
                raise TranscodingError("the frames of its copy are shown at different times")
            for start in range(0, reader.n_frames, _CHECKED_TOGETHER):
                frames = reader.frames_at_indices(range(start, min(start + _CHECKED_TOGETHER, reader.n_frames)))
                if tuple(frames.shape[2:]) != size_px:
                    raise TranscodingError(f"its copy has {list(frames.shape[2:])} px instead of {list(size_px)}")
    except VideoDecodeError as error:
        raise TranscodingError(f"its copy cannot be read: {error}") from error
