"""VideoReader: selected frames of a video file, by index, by time, or one after another.

For how frames are found, and the meaning of damage and the player's clock, see the package.
"""

from __future__ import annotations

import operator
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from av.video.frame import VideoFrame
from numpy.typing import NDArray

from zsar.datamodules.video_files.decode_limits import MOST_RESULT_BYTES
from zsar.datamodules.video_files.decoding.frame_times import FrameTimes
from zsar.datamodules.video_files.video_file import RGBConverter, VideoDecodeError, check_size, errors_name

if TYPE_CHECKING:
    from torch import Tensor


class VideoReader(FrameTimes):
    """Reads selected frames of one video file; a context manager.

    torch is imported by what returns tensors only: `images_at_indices` and `decoded_frames` need none.

    The decoder lives as long as the reader: open one reader per video, in the process that uses it, and close it.
    Frames are upright: quarter turns and mirrorings of the container's display matrix are applied, other angles are
    not. Frames of different sizes within one request are an error.
    """

    def __enter__(self) -> VideoReader:
        """The reader itself."""
        return self

    @property
    def n_damaged(self) -> int:
        """Number of distinct damaged frames returned so far; always 0 unless damage is accepted."""
        return self._source.n_damaged

    def frames_at_indices(self, indices: Iterable[int]) -> Tensor:
        """The frames at given indices, in the given order.

        Args:
            indices: T indices from 0, in any order; repeats cost nothing extra.

        Returns:
            uint8 [T, 3, H, W], RGB, channels last in memory (the fastest layout for resizing).

        Raises:
            IndexError: As `images_at_indices`.
            ValueError: As `images_at_indices`.
            VideoDecodeError: As `images_at_indices`.
        """
        import torch

        return torch.from_numpy(self.images_at_indices(indices)).permute(0, 3, 1, 2)

    def images_at_indices(self, indices: Iterable[int]) -> NDArray[np.uint8]:
        """The frames at given indices as images, in the given order.

        Args:
            indices: T indices from 0, in any order; repeats cost nothing extra.

        Returns:
            uint8 [T, H, W, 3], RGB.

        Raises:
            IndexError: An index is negative, or not below the number of frames.
            ValueError: No index is given.
            VideoDecodeError: A frame cannot be decoded, or its size differs from the others'.
        """
        order = [operator.index(i) for i in indices]
        if not order:
            raise ValueError(f"no frame indices given for {self._path}")
        wanted = sorted(set(order))
        self._check_result(len(order))
        images: dict[int, NDArray[np.uint8]] = {}
        if wanted[0] >= 0:
            with errors_name(self._path, "decoding it"):
                images = self._source.images(wanted)
        if (i := wanted[0] if wanted[0] < 0 else wanted[-1]) not in images:
            limit = self.n_frames
            raise IndexError(f"frame index {i} is out of range: {self._path} has {limit} frames (0 to {limit - 1})")
        sizes: dict[tuple[int, ...], int] = {}
        for i in wanted:
            sizes.setdefault(images[i].shape[:2], i)
        if len(sizes) > 1:
            listed = ", ".join(f"{w}x{h} px at frame {i}" for (h, w), i in sizes.items())
            raise VideoDecodeError(
                f"{self._path}: the frame size changes within the video: {listed}; run zsar prepare on it"
            )
        # Each image is freed as soon as it is copied, so that large ones are not in memory twice.
        frames = np.empty((len(order), *images[wanted[0]].shape), dtype=np.uint8)
        places = np.asarray(order)
        for i in wanted:
            frames[places == i] = images.pop(i)
        return frames

    def _check_result(self, n_frames: int) -> None:
        """Checks, before decoding, that the frames together do not take too much memory."""
        width, height = self._source.video.codec.width, self._source.video.codec.height
        if n_frames * width * height * 3 > MOST_RESULT_BYTES:
            raise VideoDecodeError(
                f"{self._path}: {n_frames} frames of {width}x{height} px at once take more than the limit of "
                f"{MOST_RESULT_BYTES} bytes; ask for fewer, read them with frames_forward, or run zsar prepare first"
            )

    def frames_at_times(self, seconds: Iterable[float]) -> Tensor:
        """The frames on screen at given times, as `frames_at_indices` returns them.

        That is the last frame whose time is not after the given one, with a tolerance of half a tick (at most 1 ms),
        since containers round times to ticks. Times after the last frame give the last one; times before the first
        frame, when a player shows nothing yet, give the first one.

        Args:
            seconds: T times, in seconds on the player's clock.

        Raises:
            ValueError: A time is negative or not a number, or none is given.
            VideoDecodeError: As for `frames_at_indices`.
        """
        return self.frames_at_indices(self.indices_at_times(seconds).tolist())

    def frames_forward(self, indices: Iterable[int]) -> Iterator[Tensor]:
        """Frames one after another, for videos that do not fit into memory; only one such iterator at a time.

        Decodes nothing twice and holds no more frames than the decoder needs.

        Args:
            indices: Increasing indices from 0.

        Returns:
            An iterator over the frames: uint8 [3, H, W], RGB, channels last in memory. It raises a `VideoDecodeError`
            if a frame cannot be decoded, its size differs from the first one's, or the frames in the file do not match
            its packets.

        Raises:
            IndexError: An index is not below the number of frames.
            ValueError: The indices do not increase, the first one is negative, or there is none.
            VideoDecodeError: As for `n_frames`.
        """
        return self._forward(self._increasing(indices))

    def _increasing(self, indices: Iterable[int]) -> list[int]:
        """Checks indices of frames to be returned one by one."""
        wanted = [operator.index(i) for i in indices]
        if not wanted or wanted[0] < 0 or any(a >= b for a, b in pairwise(wanted)):
            raise ValueError(f"indices must be 0 or more and increase; got {wanted[:10]} for {self._path}")
        n_known = self._n_readable()
        if n_known is not None and wanted[-1] >= n_known:
            raise IndexError(f"frame index {wanted[-1]} is out of range: {self._path} has {n_known} frames")
        return wanted

    def _n_readable(self) -> int | None:
        """The number of frames; None if an error in the file stops the counting after some frames."""
        try:
            return self.n_frames
        except VideoDecodeError:
            if self._source.is_broken:
                return None
            raise

    def _forward(self, wanted: Sequence[int]) -> Iterator[Tensor]:
        import torch

        size: tuple[int, ...] = ()
        with errors_name(self._path, "decoding it"):
            for i, image in self._source.forward(wanted, RGBConverter().rgb):
                size = size or image.shape
                if image.shape != size:
                    raise VideoDecodeError(
                        f"{self._path}: the frame size changes within the video: {size[1]}x{size[0]} px at first, "
                        f"{image.shape[1]}x{image.shape[0]} px at frame {i}; run zsar prepare on it"
                    )
                yield torch.from_numpy(np.ascontiguousarray(image)).permute(2, 0, 1)

    def decoded_frames(self, indices: Iterable[int] | None = None) -> Iterator[VideoFrame]:
        """Frames in order, as the decoder returns them: of any size, not upright, in the file's colour format.

        Args:
            indices: Increasing indices from 0; None for all frames.

        Returns:
            An iterator, which raises a `VideoDecodeError` as `frames_forward` does, except for differing sizes.

        Raises:
            IndexError: An index is not below the number of frames.
            ValueError: The indices do not increase, the first one is negative, or there is none.
            VideoDecodeError: As for `n_frames`.
        """
        wanted = self._increasing(range(self.n_frames) if indices is None else indices)
        return self._decoded(wanted)

    def _decoded(self, wanted: Sequence[int]) -> Iterator[VideoFrame]:
        with errors_name(self._path, "decoding it"):
            for _, frame in self._source.forward(wanted, lambda frame: frame):
                check_size(self._path, frame.width, frame.height)
                yield frame


def read_frames(path: str | Path, indices: Iterable[int], *, threads: int = 1) -> Tensor:
    """The frames of a video at given indices: `VideoReader.frames_at_indices` for a file that is read once.

    Args:
        path: The file.
        indices: T indices from 0, in any order; they may repeat.
        threads: Decoder threads; 0 leaves the number to FFmpeg.

    Returns:
        uint8 [T, 3, H, W], RGB.

    Raises:
        VideoDecodeError: The file cannot be read.
        IndexError: An index is out of range.
    """
    with VideoReader(path, threads=threads) as reader:
        return reader.frames_at_indices(indices)
