"""How videos are re-encoded: settings, which need no decoder."""

from __future__ import annotations

from dataclasses import dataclass


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
