"""Frames in memory as a video: with the times of a constant frame rate, on a clock that begins with the first frame."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import isfinite

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from zsar.api.given_videos import check_frames
from zsar.datamodules.choices.frame_pixels import ResizeFilter
from zsar.datamodules.choices.geometry import Geometry
from zsar.datamodules.views.frame_geometry import square_frames


@dataclass(frozen=True, eq=False)
class FramesWithTimes:
    """Frames that a caller gives.

    Attributes:
        frames: uint8 RGB [T, 3, H, W].
        fps: Frames a second.
    """

    frames: Tensor
    fps: float

    def __post_init__(self) -> None:
        """Checks the frames.

        Raises:
            ValueError: They have another type or layout, or the frame rate is not a positive number.
        """
        check_frames(self.frames)
        if not isfinite(self.fps) or self.fps <= 0:
            raise ValueError(f"fps must be a positive number of frames a second; got {self.fps}")

    @property
    def n_frames(self) -> int:
        """T."""
        return len(self.frames)

    @property
    def times_seconds(self) -> NDArray[np.float64]:
        """When each frame is shown, float64 [T]."""
        return np.arange(self.n_frames, dtype=np.float64) / self.fps

    @property
    def duration_seconds(self) -> float:
        """When the last frame ends."""
        return self.n_frames / self.fps

    def indices_at_times(self, seconds: Iterable[float], /) -> NDArray[np.int64]:
        """The frame on screen at each of some times, int64; after the last one the last one."""
        shown = np.searchsorted(self.times_seconds, np.asarray(list(seconds)) + 1e-9, side="right") - 1
        return np.clip(shown, 0, self.n_frames - 1).astype(np.int64)

    def square_at(
        self,
        indices: Sequence[int] | NDArray[np.int64],
        *,
        image_size: int,
        geometry: Geometry,
        resize_filter: ResizeFilter,
    ) -> Tensor:
        """Frames as a model sees them.

        Args:
            indices: Which frames.
            image_size: S.
            geometry: How they become square.
            resize_filter: How they are resized, with antialiasing.

        Returns:
            uint8 [n, 3, S, S].
        """
        square = square_frames(geometry, image_size, resize_filter=resize_filter)
        return torch.cat([square(self.frames[int(i)][None]) for i in indices])  # one at a time: resizing takes memory

    def square_at_times(
        self, seconds: Sequence[float], *, image_size: int, geometry: Geometry, resize_filter: ResizeFilter
    ) -> Tensor:
        """The frames on screen at some times, as `square_at`."""
        return self.square_at(
            self.indices_at_times(seconds), image_size=image_size, geometry=geometry, resize_filter=resize_filter
        )
