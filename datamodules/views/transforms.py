"""Transforms of decoded frames: crops, flips and colours on uint8 [T, 3, H, W].

Random numbers are drawn once per clip and applied to all of its frames. (T2L's released code draws colours per frame,
which looks like motion to its temporal loss.) They come from torch's global generator, which data loaders seed in
every worker. Frames that already have the target size are never resampled.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn
from torchvision.transforms import InterpolationMode, v2

from zsar.datamodules.choices.colour_changes import ColourChanges
from zsar.datamodules.choices.geometry import RESIZE_RATIO, Geometry
from zsar.datamodules.views.colours import RandomColours
from zsar.datamodules.views.random_crops import AreaCrop, MultiScaleCrop, ShortSideCrop, draw_below
from zsar.datamodules.views.resizing import check_frames, positive, resized
from zsar.runtime.choices import check_choice


class TrainTransform:
    """Multi-scale crop, flip, colour jitter, grey, shift; each can be turned off.

    The defaults are T2L's. For classes that differ in direction (Something-Something's "from left to right"), `flip`
    must be 0. For small rendered clips, use `flip=0, scales=(1,), colour_jitter=0, grey=0, shift_px=3`.
    """

    def __init__(
        self,
        image_size: int,
        *,
        flip: float = 0.5,
        scales: Sequence[float] = (1.0, 0.875, 0.75, 0.66),
        area: tuple[float, float] | None = None,
        short_side: tuple[float, float] | None = None,
        colour_jitter: float = 0.8,
        grey: float = 0.2,
        shift_px: int = 0,
        interpolation: str = "bilinear",
    ) -> None:
        """Composes crop, flip, colour and shift.

        Args:
            image_size: S, height and width of the output frames, in pixels.
            flip: Probability of mirroring left and right.
            scales: Possible sides of the crop, as fractions of the frame's short side; `(1,)` crops at full size.
            area: Instead of `scales`, the smallest and largest share of the frame's area that is cropped (`AreaCrop`);
                None for `scales`.
            short_side: Instead of `scales`, the smallest and largest multiple of `image_size` that the short side is
                resized to (`ShortSideCrop`); None for `scales`.
            colour_jitter: Probability of changing brightness, contrast, saturation and hue.
            grey: Probability of removing colour.
            shift_px: Maximum random shift, in pixels, in each direction; edge pixels fill the gap.
            interpolation: "bilinear", "bicubic" or another of torchvision's names.

        Raises:
            ValueError: A probability is outside [0, 1], a scale or an area outside (0, 1], or a size is negative.
        """
        self.image_size = image_size
        for name, probability in (("flip", flip), ("colour_jitter", colour_jitter), ("grey", grey)):
            if not 0 <= probability <= 1:
                raise ValueError(f"{name} is a probability, between 0 and 1; got {probability}")
        self._crop: AreaCrop | MultiScaleCrop | ShortSideCrop = MultiScaleCrop(
            image_size, scales=scales, interpolation=interpolation
        )
        if area is not None:
            self._crop = AreaCrop(image_size, area=area, interpolation=interpolation)
        if short_side is not None:
            self._crop = ShortSideCrop(image_size, short_side=short_side, interpolation=interpolation)
        steps: list[nn.Module] = []
        if flip > 0:
            steps.append(v2.RandomHorizontalFlip(flip))
        if colour_jitter > 0 or grey > 0:
            steps.append(RandomColours(jitter=colour_jitter, grey=grey))
        if shift_px != 0:
            steps.append(RandomShift(shift_px))
        self.steps = nn.Sequential(*steps)

    def __call__(self, frames: Tensor) -> Tensor:
        """Transforms uint8 [T, 3, H, W] into uint8 [T, 3, S, S]."""
        return self.finish(self.drawn_crop()(frames))

    def drawn_crop(self) -> Callable[[Tensor], Tensor]:
        """The first step with its random numbers drawn: one crop for all frames of a clip, passed at once or in parts.

        Returns:
            uint8 [n, 3, H, W] -> uint8 [n, 3, S, S].
        """
        return self._crop.drawn()

    def finish(self, frames: Tensor) -> Tensor:
        """All remaining steps, on the cropped frames of a clip, uint8 [T, 3, S, S]."""
        finished: Tensor = self.steps(frames)
        return finished

    def finish_but_colours(self, frames: Tensor) -> tuple[Tensor, ColourChanges]:
        """All remaining steps, with colours drawn but left to be made by `colours.with_colours_made`.

        A shift comes after the colours and moves the mean that a change of contrast refers to: with one they are made.

        Args:
            frames: The cropped frames of a clip, uint8 [T, 3, S, S].

        Returns:
            The frames, and the change of colours that is left; both together are what `finish` returns.
        """
        if any(isinstance(step, RandomShift) for step in self.steps):
            return self.finish(frames), ()
        changes: ColourChanges = ()
        for step in self.steps:
            if isinstance(step, RandomColours):
                changes = step.drawn()
            else:
                frames = step(frames)
        return frames, changes


class TestTransform:
    """Makes frames square: squashes both sides; or resizes the short side and crops the centre, or several squares."""

    __test__ = False  # pytest collects classes of this name as tests

    def __init__(
        self,
        image_size: int,
        *,
        n_crops: int = 1,
        resize_ratio: float | None = None,
        interpolation: str = "bicubic",
        geometry: Geometry = "crop",
    ) -> None:
        """Composes resize and crops.

        Args:
            image_size: S, height and width of the output frames, in pixels.
            n_crops: 1 for the centre; more for equally spaced crops from end to end of the long side.
            resize_ratio: Short side before cropping, as a multiple of `image_size`; None for 256 / 224.
            interpolation: "bilinear", "bicubic" or another of torchvision's names.
            geometry: "crop"; or "squash", which resizes both sides to S and crops nothing.

        Raises:
            ValueError: `n_crops` or `image_size` is not positive, `resize_ratio` is below 1, the geometry is unknown,
                or crops or a short side are asked for although both sides are squashed.
        """
        if n_crops < 1:
            raise ValueError(f"n_crops must be at least 1; got {n_crops}")
        if resize_ratio is not None and resize_ratio < 1:
            raise ValueError(f"resize_ratio must be at least 1, or the crop would not fit; got {resize_ratio}")
        check_choice(Geometry, geometry=geometry)
        self.image_size = positive(image_size)
        self.n_crops = n_crops
        self.geometry: Geometry = geometry
        self.interpolation = InterpolationMode(interpolation)
        self.short_side: int | None = None
        """Of a frame before it is cropped, in pixels; None if both sides are squashed."""
        if geometry == "crop":
            self.short_side = round(image_size * (RESIZE_RATIO if resize_ratio is None else resize_ratio))
        elif n_crops != 1 or resize_ratio is not None:
            asked = f"n_crops is {n_crops}" if n_crops != 1 else f"resize_ratio is {resize_ratio:g}"
            raise ValueError(f"{asked}, but the geometry squash crops nothing; leave it out, or take the geometry crop")

    def __call__(self, frames: Tensor) -> Tensor:
        """Transforms uint8 [T, 3, H, W] into uint8 [n_crops, T, 3, S, S]."""
        check_frames(frames)
        size = self.image_size
        if self.short_side is None:
            return resized(frames, [size, size], self.interpolation)[None]
        if frames.shape[-2:] != (size, size):
            frames = resized(frames, [self.short_side], self.interpolation)
        height, width = frames.shape[-2:]
        spare_y, spare_x = height - size, width - size
        parts = [0.5] if self.n_crops == 1 else [i / (self.n_crops - 1) for i in range(self.n_crops)]
        corners = [
            (round(spare_y * (part if height > width else 0.5)), round(spare_x * (0.5 if height > width else part)))
            for part in parts
        ]
        return torch.stack([frames[..., y : y + size, x : x + size] for y, x in corners])


class RandomShift(nn.Module):
    """Shifts frames by whole pixels in both directions and fills the gap with the edge pixels."""

    def __init__(self, shift_px: int) -> None:
        """Shifts by at most `shift_px` pixels in each of the four directions."""
        super().__init__()
        self.shift_px = positive(shift_px)

    def forward(self, frames: Tensor) -> Tensor:
        """Shifts [T, 3, H, W]."""
        height, width = frames.shape[-2:]
        dy, dx = (draw_below(2 * self.shift_px + 1) - self.shift_px for _ in range(2))
        rows = (torch.arange(height) - dy).clamp(0, height - 1)
        columns = (torch.arange(width) - dx).clamp(0, width - 1)
        return frames[..., rows, :][..., columns]
