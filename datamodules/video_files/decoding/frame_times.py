"""What is known of the frames of a video before any is read: how many there are, and when each is shown."""

from __future__ import annotations

import os
from collections.abc import Iterable
from fractions import Fraction
from pathlib import Path
from types import TracebackType

import numpy as np
from numpy.typing import NDArray

from zsar.datamodules.video_files.decoding.settled_frames import SettledFrames
from zsar.datamodules.video_files.video_file import errors_name, tick_seconds
from zsar.datamodules.video_files.whole_decoding import OnDamage
from zsar.runtime.choices import check_choice


class FrameTimes:
    """When the frames of one open video file are shown, on the player's clock (see the package)."""

    def __init__(self, path: str | Path, *, threads: int = 1, on_damage: OnDamage = "raise") -> None:
        """Opens the file and lists its packets.

        Args:
            path: The file.
            threads: Decoder threads; 0 leaves the number to FFmpeg, which suits a single video in the main process
                but not a data loader's worker.
            on_damage: "raise": a damaged frame (see the package) raises a `VideoDecodeError`; "accept": it is returned
                as the decoder reconstructs it, and counted in `n_damaged`. A frame that the decoder does not return is
                replaced by the one before it, as in players.

        Raises:
            VideoDecodeError: The file cannot be opened, or contains no video.
            ValueError: `threads` is negative, or `on_damage` is neither of the two.
        """
        if threads < 0:
            raise ValueError(f"threads must be 0 (FFmpeg's choice) or more; got {threads}")
        check_choice(OnDamage, on_damage=on_damage)
        self._path = os.fspath(path)
        self._source = SettledFrames(self._path, threads, on_damage=on_damage)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Closes the file."""
        self.close()

    def close(self) -> None:
        """Closes the file and frees the decoder; frames read before stay valid."""
        self._source.close()

    @property
    def n_frames(self) -> int:
        """The number of frames: from the packets if they can be trusted, else counted by decoding everything.

        Raises:
            VideoDecodeError: A frame cannot be decoded (only where frames are counted).
        """
        return len(self.times_seconds)

    @property
    def times_seconds(self) -> NDArray[np.float64]:
        """float64 [n_frames]: when each frame is shown, in seconds on the player's clock, increasing.

        If time stamps are missing or do not increase, the frames are spaced by the container's frame rate.

        Raises:
            VideoDecodeError: As for `n_frames`; or there are neither time stamps nor a frame rate.
        """
        return self._source.times_seconds()

    @property
    def start_seconds(self) -> float:
        """When the first frame is shown, in seconds on the player's clock: 0 unless another stream starts earlier.

        Raises:
            VideoDecodeError: As for `times_seconds`.
        """
        return float(self.times_seconds[0])

    @property
    def duration_seconds(self) -> float:
        """When the last frame ends, in seconds on the player's clock.

        Raises:
            VideoDecodeError: As for `times_seconds`; or the duration of the last frame is unknown.
        """
        times = self.times_seconds
        with errors_name(self._path, "reading its frame rate"):
            return float(times[-1]) + self._source.last_frame_seconds()

    def indices_at_times(self, seconds: Iterable[float]) -> NDArray[np.int64]:
        """int64 [T]: indices of the frames on screen at given times, as in `frames_at_times`.

        Args:
            seconds: T times, in seconds on the player's clock.

        Raises:
            ValueError: A time is negative or not a number.
            VideoDecodeError: As for `n_frames`.
        """
        asked = np.asarray(list(seconds), dtype=np.float64)
        if not (asked >= 0).all():
            raise ValueError(
                f"times must be 0 or more seconds after the start; got {asked[~(asked >= 0)][:10].tolist()}"
            )
        tick = tick_seconds(self._source.video.stream)
        last_shown = np.searchsorted(self.times_seconds, asked + min(tick / 2, 1e-3), side="right") - 1
        return np.asarray(np.maximum(last_shown, 0), dtype=np.int64)

    @property
    def clocks(self) -> tuple[Fraction | None, Fraction | None]:
        """Seconds per frame by the container's frame rate, and seconds per tick of its clock; None if unknown."""
        stream = self._source.video.stream
        rate = stream.average_rate or stream.guessed_rate
        return (1 / rate if rate else None), stream.time_base

    @property
    def pixel_aspect(self) -> Fraction:
        """Width of a pixel divided by its height, before the picture is turned; 1 if the file does not say."""
        return self._source.video.stream.sample_aspect_ratio or Fraction(1)
