"""Crops of training clips, of random size, shape and place: the same for all frames of a clip."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from itertools import product

import torch
from torch import Tensor, nn
from torchvision.transforms import InterpolationMode

from zsar.datamodules.choices.geometry import RESIZE_RATIO
from zsar.datamodules.views.crop_places import random_part_either_way
from zsar.datamodules.views.resizing import check_frames, positive, resized


class MultiScaleCrop(nn.Module):
    """A crop of random size, shape and place, resized to a square: TSN's augmentation (Wang et al. 2016, section 3.2).

    Height and width are fractions of the short side, drawn from a list; the two are at most one entry apart in it. The
    crop is at one of 13 places: the corners, the middles of the sides, the centre, and between corners and centre.
    """

    # In quarters of the margin (frame minus crop), from the top and from the left.
    _PLACES = (*product((0, 2, 4), repeat=2), *product((1, 3), repeat=2))

    def __init__(self, image_size: int, *, scales: Sequence[float], interpolation: str = "bilinear") -> None:
        """Stores the sizes to draw from; for the arguments see `TrainTransform`."""
        super().__init__()
        if not scales or not all(0 < scale <= 1 for scale in scales):
            raise ValueError(f"scales must lie between 0 (exclusive) and 1; got {list(scales)}")
        self.image_size = positive(image_size)
        pairs = product(range(len(scales)), repeat=2)
        self.shapes = [(scales[i], scales[j]) for i, j in pairs if abs(i - j) <= 1]
        self.interpolation = InterpolationMode(interpolation)

    def forward(self, frames: Tensor) -> Tensor:
        """Crops [T, 3, H, W] to [T, 3, S, S]."""
        return self.drawn()(frames)

    def drawn(self) -> Callable[[Tensor], Tensor]:
        """The crop with its shape and place drawn, [T, 3, H, W] -> [T, 3, S, S]."""
        shape, quarters = self.shapes[draw_below(len(self.shapes))], self._PLACES[draw_below(len(self._PLACES))]
        return partial(self._cropped, shape, quarters)

    def _cropped(self, shape: tuple[float, float], quarters: tuple[int, ...], frames: Tensor) -> Tensor:
        check_frames(frames)
        height, width = frames.shape[-2:]
        (scale_y, scale_x), (quarters_y, quarters_x) = shape, quarters
        crop_h, crop_w = (max(1, int(min(height, width) * scale)) for scale in (scale_y, scale_x))
        y, x = (height - crop_h) * quarters_y // 4, (width - crop_w) * quarters_x // 4
        cropped = frames[..., y : y + crop_h, x : x + crop_w]
        return resized(cropped, [self.image_size, self.image_size], self.interpolation)


class AreaCrop(nn.Module):
    """A crop of a random share of a frame's area, resized to a square: Inception's, as BIKE's authors have it.

    The short side is first resized to 256 / 224 of the square's, bicubic; then the crop is cut and resized.
    """

    def __init__(self, image_size: int, *, area: tuple[float, float], interpolation: str = "bilinear") -> None:
        """Stores the shares to draw from; for the arguments see `TrainTransform`."""
        super().__init__()
        if not 0 < area[0] <= area[1] <= 1:
            raise ValueError(f"area must be two shares above 0 and up to 1, the smaller first; got {list(area)}")
        self.image_size = positive(image_size)
        self.area = area
        self.interpolation = InterpolationMode(interpolation)

    def forward(self, frames: Tensor) -> Tensor:
        """Crops [T, 3, H, W] to [T, 3, S, S]."""
        return self.drawn()(frames)

    def drawn(self) -> Callable[[Tensor], Tensor]:
        """The crop with its random numbers drawn, [T, 3, H, W] -> [T, 3, S, S]; all frames have one size."""
        return partial(self._cropped, int(torch.randint(2**63 - 1, ())))

    def _cropped(self, seed: int, frames: Tensor) -> Tensor:
        check_frames(frames)
        frames = resized(frames, [round(RESIZE_RATIO * self.image_size)], InterpolationMode.BICUBIC)
        generator = torch.Generator().manual_seed(seed)
        height, width = frames.shape[-2:]
        y, x, crop_h, crop_w = random_part_either_way(height, width, self.area, generator)
        cropped = frames[..., y : y + crop_h, x : x + crop_w]
        return resized(cropped, [self.image_size, self.image_size], self.interpolation)


class ShortSideCrop(nn.Module):
    """A square cut anywhere from a frame whose short side is resized to a random size: PySlowFast's, and Open-VCLIP's.

    Departure: the authors' uniform draw of the place leaves out the last one.
    """

    def __init__(self, image_size: int, *, short_side: tuple[float, float], interpolation: str = "bilinear") -> None:
        """Stores the sizes to draw from, as multiples of the square's side; see `TrainTransform`."""
        super().__init__()
        if not 1 <= short_side[0] <= short_side[1]:
            raise ValueError(
                f"short_side must be two multiples of the frame's size, 1 or more, the smaller first; got "
                f"{list(short_side)}"
            )
        self.image_size = positive(image_size)
        self.short_side = short_side
        self.interpolation = InterpolationMode(interpolation)

    def forward(self, frames: Tensor) -> Tensor:
        """Crops [T, 3, H, W] to [T, 3, S, S]."""
        return self.drawn()(frames)

    def drawn(self) -> Callable[[Tensor], Tensor]:
        """The crop with its random numbers drawn, [T, 3, H, W] -> [T, 3, S, S]; all frames have one size."""
        size, *place = torch.rand(3, dtype=torch.float64).tolist()
        least, most = self.short_side
        return partial(self._cropped, round(self.image_size * (least + (most - least) * size)), place)

    def _cropped(self, short_side_px: int, place: Sequence[float], frames: Tensor) -> Tensor:
        check_frames(frames)
        frames = resized(frames, [short_side_px], self.interpolation)
        size = self.image_size
        y, x = (int(part * (side - size + 1)) for part, side in zip(place, frames.shape[-2:], strict=True))
        return frames[..., y : y + size, x : x + size]


def draw_below(n: int) -> int:
    """A random number from 0 to n - 1, from torch's global generator."""
    return int(torch.randint(n, ()))
