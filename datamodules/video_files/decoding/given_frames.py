"""GivenFrames: frames in memory, read as those of a video file are."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from torch import Tensor


class GivenFrames:
    """The frames of a video that a caller has decoded.

    Attributes:
        n_frames: Number of frames.
        n_damaged: 0: none of them is known to be damaged.
    """

    def __init__(self, frames: Tensor) -> None:
        """Keeps the frames.

        Args:
            frames: uint8 RGB [T, 3, H, W].
        """
        self._frames = frames
        self.n_frames = len(frames)
        self.n_damaged = 0

    def frames_forward(self, indices: Iterable[int]) -> Iterator[Tensor]:
        """Frames one after another, uint8 [3, H, W].

        Args:
            indices: Indices from 0.

        Raises:
            IndexError: An index is not below the number of frames.
        """
        return (self._frames[index] for index in indices)
