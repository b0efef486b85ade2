"""FrameStream: a whole video in small chunks, in bounded memory, for extracting features from long videos.

Each frame is made square as soon as it is decoded, so that memory does not grow with the size of the picture;
only the list of times grows with the length of the video.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from types import TracebackType

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from zsar.datamodules.choices.frame_pixels import ResizeFilter
from zsar.datamodules.choices.geometry import Geometry
from zsar.datamodules.video_files.decoding import VideoReader
from zsar.datamodules.video_files.streaming.frame_stride import FrameStride
from zsar.datamodules.video_files.whole_decoding import OnDamage
from zsar.datamodules.views.frame_geometry import RESIZE_FILTER, square_frames


class FrameStream:
    """The selected frames of one video, in order; a context manager.

    Attributes:
        n_video_frames: Frames of the whole video.
        start_seconds: When its first frame is shown, in seconds on the player's clock (`video_files.decoding`).
        duration_seconds: When its last frame ends, on that clock.
        times_seconds: float64 [N], when each selected frame is shown, on that clock.
    """

    def __init__(
        self,
        path: str | Path,
        image_size: int,
        *,
        geometry: Geometry,
        resize_filter: ResizeFilter = RESIZE_FILTER,
        stride: FrameStride,
        chunk_size: int,
        threads: int = 1,
        on_damage: OnDamage = "raise",
    ) -> None:
        """Opens the video and lists its frames.

        Args:
            path: The file.
            image_size: S, height and width of the output frames, in pixels.
            geometry: How frames become square; see `frame_geometry`.
            resize_filter: How they are resized, with antialiasing.
            stride: Which frames to select.
            chunk_size: Number of frames per chunk.
            threads: Decoder threads.
            on_damage: What to do with damaged frames; see `VideoReader`.

        Raises:
            VideoDecodeError: The file cannot be opened, or its frames cannot be listed.
            ValueError: A number is out of range.
        """
        if chunk_size < 1:
            raise ValueError(f"chunk_size must be at least 1 frame; got {chunk_size}")
        self._chunk_size = chunk_size
        self._image_size = image_size
        self._square = square_frames(geometry, image_size, resize_filter=resize_filter)
        self._reader = VideoReader(path, threads=threads, on_damage=on_damage)
        try:
            self._indices = stride.indices(self._reader)
            times = self._reader.times_seconds
            self.n_video_frames = len(times)
            self.start_seconds = self._reader.start_seconds
            self.duration_seconds = self._reader.duration_seconds
            self.times_seconds: NDArray[np.float64] = times[self._indices]
        except BaseException:
            self._reader.close()
            raise

    def __enter__(self) -> FrameStream:
        """The stream itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Closes the file."""
        self._reader.close()

    @property
    def n_damaged(self) -> int:
        """Number of damaged frames returned so far, if they are accepted."""
        return self._reader.n_damaged

    def __len__(self) -> int:
        """N, the number of selected frames."""
        return len(self._indices)

    def chunks(self) -> Iterator[tuple[Tensor, NDArray[np.float64]]]:
        """Decodes the video from its beginning.

        Yields:
            The next frames, uint8 [n, 3, S, S], square by the stream's geometry, and their times, float64 [n]; n is the
            chunk size, or less at the end.

        Raises:
            VideoDecodeError: A frame cannot be decoded; see `VideoReader.frames_forward`.
        """
        size = self._image_size
        for i, frame in enumerate(self._reader.frames_forward(self._indices.tolist())):
            place = i % self._chunk_size
            if place == 0:
                times = self.times_seconds[i : i + self._chunk_size]
                chunk = torch.empty(len(times), 3, size, size, dtype=torch.uint8)
            # Resized one at a time: 64 frames of 1080p would take 400 MB.
            chunk[place] = self._square(frame[None])[0]
            if place + 1 == len(times):
                yield chunk, times
