"""MultiRateViews: further views at several rates, each in several crops (ZAR)."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Literal, get_args

import torch
from torch import Tensor

from zsar.datamodules.views.crop_places import crop_corners
from zsar.datamodules.views.frame_sampling import centre_indices, random_segment_indices
from zsar.datamodules.views.further_views import Views, generator_of_video
from zsar.datamodules.views.transforms import TestTransform, resized
from zsar.runtime.number_limits import MOST_VIEWS, check_most

NumberOfCrops = Literal[1, 3, 5, 9]


class MultiRateViews(Views):
    """Stretches of a video at several rates, each in several crops: ZAR's views.

    For a rate r below 1 the stretches have floor(r L) of the L frames and start anywhere; T frames are taken from each
    as for the test view. At rate 1 all stretches are the whole video: it is read once, and weighs as many. The test
    view has the weight 0: it is predicted on, not adapted to. The order of the further views is that of `rates`, in it
    that of the stretches, and in it that of the crops: along the long side, across it, corners. ZAR's default has 3 x 4
    x 4 = 48 views, of which 39 differ. Where a paper with 5 or 9 crops is silent, ours lie in frames whose short side
    is 256/224 of S, since there is no room above and below otherwise. All crops of a frame of S x S pixels are alike.
    """

    def __init__(
        self,
        *,
        n_crops: NumberOfCrops = 3,
        rates: tuple[float, ...] = (1.0, 0.5, 0.25, 0.125),
        n_samples: int = 4,
        segment_jitter: bool = False,
    ) -> None:
        """Keeps the settings; views are drawn for each video.

        Args:
            n_crops: 1 for the centre; 3 for both ends and the middle of the long side; 5 for the ends of the short side
                too; 9 for the corners too.
            rates: Lengths of the stretches, as parts of the video.
            n_samples: Stretches of each rate.
            segment_jitter: Whether a frame is drawn at random from each of the T equal segments of a stretch, instead
                of its middle one; then no two stretches coincide, and the whole video is read n_samples times.

        Raises:
            ValueError: A number is out of range, or a rate is given twice.
        """
        if n_crops not in get_args(NumberOfCrops):
            raise ValueError(f"n_crops must be 1, 3, 5 or 9; got {n_crops}")
        if not rates or not all(0 < rate <= 1 for rate in rates):
            raise ValueError(f"rates must lie between 0 (exclusive) and 1, at least one; got {list(rates)}")
        if len(set(rates)) != len(rates):
            raise ValueError(f"a rate is given twice: {list(rates)}; raise n_samples instead")
        check_most(MOST_VIEWS, n_samples=n_samples, n_crops=n_crops)
        if n_samples < 1:
            raise ValueError(f"n_samples must be at least 1; got {n_samples}")
        self.n_crops: NumberOfCrops = n_crops
        self.rates = rates
        self.n_samples = n_samples
        self.segment_jitter = segment_jitter

    @property
    def weights(self) -> Tensor:
        """0, then for each rate and stretch, in each crop, the number of stretches that it stands for."""
        further = [self.n_samples // n for n in map(self._n_distinct, self.rates) for _ in range(n * self.n_crops)]
        return torch.tensor([0, *further], dtype=torch.float32)

    @property
    def n_cut(self) -> int:
        """All K further views."""
        return self.n_crops * sum(map(self._n_distinct, self.rates))

    def further_indices(self, n_available: int, n_frames: int, *, seed: int) -> Tensor:
        """One row for each stretch; see `Views.further_indices`."""
        generator, rows = generator_of_video(seed, "stretches"), []
        for rate in self.rates:
            # Of the decimal fraction that was written: in floating point 0.29 x 100 is below 29.
            length = max(1, math.floor(Fraction(str(rate)) * n_available))
            for _ in range(self._n_distinct(rate)):
                start = torch.randint(n_available - length + 1, (), generator=generator)
                if self.segment_jitter:
                    rows.append(start + random_segment_indices(length, n_frames, generator))
                else:
                    rows.append(start + centre_indices(length, n_frames))
        return torch.stack(rows)

    def shrink(self, frames: Tensor, transform: TestTransform, *, seed: int) -> Tensor:
        """Resizes each frame, [n, 3, h, w] with a short side that all crops fit into; see `Views.shrink`."""
        size = transform.image_size
        if frames.shape[-2:] == (size, size):
            return frames
        short_side = size if self.n_crops <= 3 else round(size * 256 / 224)
        return resized(frames, [short_side], transform.interpolation)

    def arrange(self, shrunk: Tensor, test: Tensor, further: Tensor, transform: TestTransform) -> Tensor:
        """Takes every stretch in every crop; see `Views.arrange`."""
        size = transform.image_size
        views = torch.empty(len(further), self.n_crops, further.shape[1], 3, size, size, dtype=torch.uint8)
        for i, (y, x) in enumerate(crop_corners(shrunk.shape[-2], shrunk.shape[-1], size, self.n_crops)):
            views[:, i] = shrunk[..., y : y + size, x : x + size][further]
        return views.flatten(0, 1)

    def _n_distinct(self, rate: float) -> int:
        return 1 if rate == 1 and not self.segment_jitter else self.n_samples
