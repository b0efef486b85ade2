"""How training clips are augmented: the group of settings `clips.augmentation`."""

from __future__ import annotations

from dataclasses import dataclass

T2L_SCALES = (1.0, 0.875, 0.75, 0.66)


@dataclass(frozen=True)
class Augmentation:
    """How training clips are augmented, the same for all frames of a clip; the defaults are T2L's.

    Attributes:
        scales: Possible sides of the crop, as fractions of the frame's short side; [1.0] crops at full size.
        area: Instead of `scales`, a crop of a random share of the frame's area, from the first to the second number,
            with sides of 3:4 to 4:3, anywhere in a frame whose short side is resized to 256 / 224 of `image_size`: BIKE
            takes [0.08, 1.0]. Null for crops of `scales`.
        short_side: Instead of `scales`, a square of `image_size` anywhere in a frame whose short side is resized to a
            random multiple of it, from the first to the second number: Open-VCLIP takes [1.0, 1.1428571428571428], 224
            to 256 px. Null for crops of `scales`.
        flip: Probability of mirroring left and right; null for 0.5, or 0 if the data set has classes that differ in
            direction.
        colour_jitter: Probability of changing brightness, contrast, saturation and hue.
        grey: Probability of removing colour.
        shift_px: Maximum random shift, in pixels, in each direction.
    """

    scales: tuple[float, ...] = T2L_SCALES
    area: tuple[float, float] | None = None
    short_side: tuple[float, float] | None = None
    flip: float | None = None
    colour_jitter: float = 0.8
    grey: float = 0.2
    shift_px: int = 0

    def __post_init__(self) -> None:
        """Checks that only one kind of crop is described."""
        if self.area is not None and self.short_side is not None:
            raise ValueError("augmentation.area and augmentation.short_side are two kinds of crops; leave one out")
        for name in ("area", "short_side"):
            value = getattr(self, name)
            if value is not None and tuple(self.scales) != T2L_SCALES:
                raise ValueError(f"augmentation.{name} is {list(value)}, which replaces its scales; leave one out")
