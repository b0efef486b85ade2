"""MultiRateViews: further views at several rates, each in several crops (ZAR)."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Literal, get_args

import torch
from torch import Tensor

from zsar.datamodules.choices.geometry import Geometry
from zsar.datamodules.views.crop_places import crop_corners
from zsar.datamodules.views.frame_sampling import Sampling, centre_indices, random_segment_indices
from zsar.datamodules.views.further_views import Views, generator_of_video
from zsar.datamodules.views.resizing import resized
from zsar.datamodules.views.transforms import TestTransform
from zsar.runtime.number_limits import MOST_FRAMES_PER_VIEW, MOST_VIEWS, check_most

NumberOfCrops = Literal[1, 3, 5, 9]


class MultiRateViews(Views):
    """Stretches of a video at several rates, each in several crops: ZAR's views.

    At a rate r below 1, a stretch has floor(r L) of the L frames and starts at random; T frames are taken from it
    as for the test view. At rate 1 all stretches are the whole video, which is read once and has their total
    weight. The test view has weight 0: it is predicted on, not adapted to. Further views are ordered by rate, then
    stretch, then crop: along the long side, across it, corners. ZAR's default has 3 x 4 x 4 = 48 views, 39 of them
    distinct. The paper's 5 crops add the upper and the lower one, and its 9 the corners; it does not give the size
    of the frames. For these, their short side is 256/224 of S, which leaves a margin above and below. All crops of
    a frame of S x S pixels are identical. Frames of a model that squashes pictures have one crop: the whole.
    """

    def __init__(
        self,
        *,
        n_crops: NumberOfCrops = 3,
        rates: tuple[float, ...] = (1.0, 0.5, 0.25, 0.125),
        n_samples: int = 4,
        segment_jitter: bool = False,
        n_frames: int | None = None,
    ) -> None:
        """Stores the settings; views are drawn for each video.

        Args:
            n_crops: 1 for the centre; 3 for both ends and the middle of the long side; 5 for the ends of the short side
                too; 9 for the corners too.
            rates: Lengths of the stretches, as fractions of the video.
            n_samples: Number of stretches at each rate.
            segment_jitter: Whether to draw a random frame from each of the T equal segments of a stretch, instead of
                the middle one. Stretches at rate 1 then differ, and the whole video is read n_samples times.
            n_frames: Frames of a stretch; null for as many as the test view has (clips.n_frames). ZAR's base-to-novel
                tests tune on 8 frames and predict on 16.

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
        check_most(MOST_FRAMES_PER_VIEW, n_frames=n_frames)
        if n_frames is not None and n_frames < 1:
            raise ValueError(f"n_frames must be at least 1, or null for clips.n_frames; got {n_frames}")
        self.n_crops: NumberOfCrops = n_crops
        self.rates = rates
        self.n_samples = n_samples
        self.segment_jitter = segment_jitter
        self.n_frames = n_frames

    def frames_per_view(self, n_frames: int) -> int:
        """The views' own number of frames, if set."""
        return n_frames if self.n_frames is None else self.n_frames

    @property
    def weights(self) -> Tensor:
        """0, then for each rate, stretch and crop the number of stretches that it represents."""
        further = [self.n_samples // n for n in map(self._n_distinct, self.rates) for _ in range(n * self.n_crops)]
        return torch.tensor([0, *further], dtype=torch.float32)

    @property
    def n_cut(self) -> int:
        """All K further views."""
        return self.n_crops * sum(map(self._n_distinct, self.rates))

    def further_indices(self, n_available: int, n_frames: int, *, seed: int, sampling: Sampling = "t2l") -> Tensor:
        """One row for each stretch; see `Views.further_indices`."""
        generator, rows = generator_of_video(seed, "stretches"), []
        n_frames = self.frames_per_view(n_frames)
        for rate in self.rates:
            # Exact decimal arithmetic: in floating point 0.29 x 100 is below 29.
            length = max(1, math.floor(Fraction(str(rate)) * n_available))
            for _ in range(self._n_distinct(rate)):
                start = torch.randint(n_available - length + 1, (), generator=generator)
                if self.segment_jitter:
                    rows.append(start + random_segment_indices(length, n_frames, generator))
                else:
                    rows.append(start + centre_indices(length, n_frames, sampling=sampling))
        return torch.stack(rows)

    def refuse_strided(self, sampling: Sampling) -> None:
        """Refuses them: stretches have rates of their own."""
        raise ValueError(
            f"data.clips.sampling is {sampling}, frames at a fixed distance in time, but MultiRateViews take stretches "
            "at several rates; set sampling to t2l, mmaction or left"
        )

    def check_geometry(self, geometry: Geometry) -> None:
        """Refuses several crops of squashed frames, which show the whole picture."""
        if geometry == "squash" and self.n_crops != 1:
            raise ValueError(
                f"data.clips.views.n_crops is {self.n_crops}, but frames are squashed (geometry squash), which shows "
                "the whole picture; set it to 1, or data.clips.geometry to crop"
            )

    def shrink(self, frames: Tensor, transform: TestTransform, *, seed: int) -> Tensor:
        """Resizes each frame to [n, 3, h, w], so that all crops fit; see `Views.shrink`."""
        size = transform.image_size
        if transform.geometry == "squash":
            return resized(frames, [size, size], transform.interpolation)
        if frames.shape[-2:] == (size, size):
            return frames
        short_side = size if self.n_crops <= 3 else round(size * 256 / 224)
        return resized(frames, [short_side], transform.interpolation)

    def arrange(self, shrunk: Tensor, test: Tensor, further: Tensor, transform: TestTransform) -> Tensor:
        """Cuts every crop of every stretch; see `Views.arrange`."""
        size = transform.image_size
        views = torch.empty(len(further), self.n_crops, further.shape[1], 3, size, size, dtype=torch.uint8)
        for i, (y, x) in enumerate(crop_corners(shrunk.shape[-2], shrunk.shape[-1], size, self.n_crops)):
            views[:, i] = shrunk[..., y : y + size, x : x + size][further]
        return views.flatten(0, 1)

    def _n_distinct(self, rate: float) -> int:
        return 1 if rate == 1 and not self.segment_jitter else self.n_samples
