"""SettledFrames: finds the frames of a file by time stamp while these can be trusted, then by counting.

`TimedFrames` hands over to `CountedFrames` as soon as the decoded frames do not match the packet index, or the decoder
reports damage.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

import numpy as np
from av.video.frame import VideoFrame
from numpy.typing import NDArray

from zsar.datamodules.video_files.counted_frames import CountedFrames
from zsar.datamodules.video_files.packet_index import index_packets
from zsar.datamodules.video_files.timed_frames import DamageSeen, PacketMismatchError, TimedFrames
from zsar.datamodules.video_files.video_file import OpenVideo, RGBConverter, VideoDecodeError, errors_name
from zsar.datamodules.video_files.whole_decoding import OnDamage

T = TypeVar("T")


class SettledFrames:
    """The frames of one open file.

    Attributes:
        video: The open file.
        frames: How frames are found at present.
    """

    def __init__(self, path: str, threads: int, *, on_damage: OnDamage) -> None:
        """Opens the file and lists its packets.

        Args:
            path: The file.
            threads: Decoder threads; 0: FFmpeg's choice.
            on_damage: What to do with damaged frames; see `VideoReader`.

        Raises:
            VideoDecodeError: The file cannot be opened, or contains no video.
        """
        self._path, self._threads, self._on_damage = path, threads, on_damage
        with errors_name(path, "opening it"):
            self.video = OpenVideo(path, threads)
        self.frames: TimedFrames | CountedFrames = self._counted()
        try:
            with errors_name(path, "listing its packets"):
                index = index_packets(self.video)
            if index is not None:
                self.frames = TimedFrames(self.video, index)
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Closes the file and frees the decoder."""
        self.video.close()
        if isinstance(self.frames, CountedFrames):
            self.frames.kept.clear()

    @property
    def n_damaged(self) -> int:
        """Number of distinct damaged frames returned so far."""
        return len(self.frames.damaged) if isinstance(self.frames, CountedFrames) else 0

    @property
    def is_broken(self) -> bool:
        """Whether the decoder fails after some frames, so that later ones cannot be counted."""
        return isinstance(self.frames, CountedFrames) and self.frames.is_broken

    def times_seconds(self) -> NDArray[np.float64]:
        """float64 [n_frames]: when each frame is shown, in seconds on the player's clock.

        Raises:
            VideoDecodeError: The frames cannot be counted, or their times are unknown.
        """
        with errors_name(self._path, "counting its frames"):
            return self.frames.times_seconds()

    def last_frame_seconds(self) -> float:
        """How long the last frame is shown, in seconds."""
        return self.frames.last_frame_seconds()

    def images(self, wanted: Sequence[int]) -> dict[int, NDArray[np.uint8]]:
        """RGB [H, W, 3] of the wanted frames (increasing indices); without those after the end.

        Raises:
            VideoDecodeError: A frame is damaged or missing.
        """
        try:
            return self.frames.images(wanted)
        except (PacketMismatchError, DamageSeen):
            n_listed = len(self.times_seconds())
            self._settle()
            return dict(self._counted_forward(wanted, n_listed, RGBConverter().rgb))

    def forward(self, wanted: Sequence[int], convert: Callable[[VideoFrame], T]) -> Iterator[tuple[int, T]]:
        """Applies `convert` to the wanted frames one by one: (index, result).

        Args:
            wanted: Increasing indices from 0.
            convert: Applied to each frame.

        Raises:
            VideoDecodeError: A frame is damaged or missing, or frames returned so far had the wrong times.
        """
        n_given = 0
        try:
            for i, image in self.frames.forward(wanted, convert):
                if i != wanted[n_given]:
                    raise PacketMismatchError
                n_given += 1
                yield i, image
        except (PacketMismatchError, DamageSeen):
            given = list(wanted[:n_given])
            listed = self.times_seconds()
            self._settle()
            # Frames returned so far were identified by their times; counting must give them the same times.
            if isinstance(self.frames, CountedFrames) and given:
                times = self.times_seconds()
                if given[-1] >= len(times) or not np.allclose(times[given], listed[given], rtol=0, atol=1e-6):
                    raise VideoDecodeError(
                        f"{self._path}: the time stamps of its packets are not those of its frames; re-encode the video"
                    ) from None
            yield from self._counted_forward(wanted[n_given:], len(listed), convert)

    def _counted_forward(
        self, wanted: Sequence[int], n_listed: int, convert: Callable[[VideoFrame], T]
    ) -> Iterator[tuple[int, T]]:
        """The wanted frames, after the packet index was found to be wrong.

        Raises:
            VideoDecodeError: One does not exist.
        """
        last = -1
        for last, image in self.frames.forward(wanted, convert):
            yield last, image
        if wanted and last != wanted[-1]:
            raise VideoDecodeError(
                f"{self._path}: frame {wanted[-1]} is missing: the container lists {n_listed} frames, "
                f"but only {len(self.times_seconds())} can be decoded; re-encode the video"
            )

    def _settle(self) -> None:
        """Decodes everything to find all frames and the damaged ones; later reads use the result."""
        assert isinstance(self.frames, TimedFrames)
        by_index = self._counted(self.frames)
        try:
            self.frames = self._counted() if by_index.is_sound and by_index.is_in_order else by_index
        except PacketMismatchError:
            self.frames = self._counted()

    def _counted(self, listed: TimedFrames | None = None) -> CountedFrames:
        return CountedFrames(self._path, self._threads, on_damage=self._on_damage, listed=listed)
