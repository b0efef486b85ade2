"""The journal of a small copy of a data set: its finished videos, and how they were made.

Every finished video is a line of the journal `.prepared.jsonl`, from which an interrupted run resumes.
"""

from __future__ import annotations

import math
from dataclasses import asdict
from pathlib import Path
from types import TracebackType
from typing import Any

from zsar.datamodules.video_files.decoding import VideoDecodeError, VideoReader
from zsar.datamodules.video_files.whole_decoding import OnDamage
from zsar.datamodules.video_files.writing.preparing import TIME_TOLERANCE_SECONDS, PreparedVideo
from zsar.datamodules.video_files.writing.preparing_settings import PreparingSettings
from zsar.runtime.files.given_files import GivenFileError
from zsar.runtime.files.journals import JournalWriter, whole_lines
from zsar.runtime.text.written_names import read_name, written_name

_JOURNAL = ".prepared.jsonl"


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

    def is_done(
        self, source: Path, copy: str, *, on_damage: OnDamage = "raise", packed_bytes: int | None = None
    ) -> bool:
        """Whether the copy of a video exists unchanged and its source has not changed.

        Args:
            source: The video.
            copy: The path of its copy in the destination.
            on_damage: With "raise", a copy with damaged frames that an earlier run accepted does not count.
            packed_bytes: Size of the copy in a shard; None if it is not in one.
        """
        prepared, path = self.prepared.get(copy), self._destination / copy
        if prepared is None or (prepared.n_damaged and on_damage == "raise"):
            return False
        n_bytes = path.stat().st_size if path.is_file() else packed_bytes
        if n_bytes != prepared.n_bytes:
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
            return bool(reader.times_seconds[0] <= TIME_TOLERANCE_SECONDS)
    except VideoDecodeError:
        return False


def _describe(settings: PreparingSettings) -> str:
    return f"--short_side {settings.short_side_px} --keyframe_every {settings.keyframe_every} --crf {settings.crf}"
