"""Further views of a test video for test-time prompt tuning: augmented views, or views at several rates (ZAR).

Views are made in two steps. The data loader's worker decodes a video once for all views and cuts those that need the
decoded frames (`further_indices`, and `cut` or its halves, `shrink` and `arrange`). Views that can be made from the
test view are made on the model's device, for all videos of a batch at once (`finish`), so that they never pass through
a queue between processes. Each video has its own seed: its views do not depend on order, batch or process.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from dataclasses import replace
from fractions import Fraction
from typing import Any, Literal, get_args

import torch
from torch import Tensor

from zsar.datamodules.batch import VideoBatch
from zsar.datamodules.views.augmix import AugMixDraws, augmix, check_severity, draw_augmix
from zsar.datamodules.views.crop_places import crop_corners, random_part
from zsar.datamodules.views.frame_sampling import centre_indices, random_segment_indices
from zsar.datamodules.views.transforms import TestTransform, resized
from zsar.runtime.class_paths import class_path
from zsar.runtime.device_clock import device_seconds
from zsar.runtime.number_limits import MOST_VIEWS, check_most
from zsar.runtime.seeds import derive_seed

AugMixMode = Literal["none", "per_frame", "per_clip"]
NumberOfCrops = Literal[1, 3, 5, 9]


class Views(ABC):
    """The plain test view of a video and K further ones; below, S is the size of a frame in pixels."""

    @property
    @abstractmethod
    def weights(self) -> Tensor:
        """float32 [1 + K], multiplicity of the test view and of each further view (see `ViewBatch`)."""

    @property
    @abstractmethod
    def n_cut(self) -> int:
        """Number of the K further views that `cut` makes: all or none."""

    def cut(self, frames: Tensor, test: Tensor, further: Tensor, transform: TestTransform, *, seed: int) -> Tensor:
        """Makes views from decoded frames.

        Args:
            frames: uint8 [N, 3, h, w], the distinct frames needed, in order of time.
            test: int64 [T], rows of `frames` that form the test view.
            further: int64 [F, T], rows of `frames` that correspond to `further_indices`.
            transform: Gives the frame size and the interpolation.
            seed: The video's seed.

        Returns:
            uint8 [n_cut, T, 3, S, S].
        """
        return self.arrange(self.shrink(frames, transform, seed=seed), test, further, transform)

    @abstractmethod
    def shrink(self, frames: Tensor, transform: TestTransform, *, seed: int) -> Tensor:
        """First half of `cut`, for a few frames at a time: reduces decoded frames to what the views need.

        Args:
            frames: uint8 [n, 3, h, w].
            transform: As for `cut`.
            seed: The video's seed.

        Returns:
            uint8 [n, ...], computed for each frame separately.
        """

    @abstractmethod
    def arrange(self, shrunk: Tensor, test: Tensor, further: Tensor, transform: TestTransform) -> Tensor:
        """Second half of `cut`: makes views from the results of `shrink` for all N frames; for the rest see `cut`."""

    def described(self) -> dict[str, Any]:
        """The views as results report them: class and arguments, as in a configuration."""
        # The attributes of a set of views are its arguments.
        arguments = {name: list(value) if isinstance(value, tuple) else value for name, value in vars(self).items()}
        return {"class_path": class_path(type(self)), "init_args": arguments}

    def for_data_set(self, name: str, *, flip_keeps_label: bool) -> Views:
        """The same views with the settings that depend on the data set filled in.

        Args:
            name: Name of the data set, for messages.
            flip_keeps_label: Whether a mirrored clip still shows its class.

        Returns:
            Views with a definite `flip`.

        Raises:
            ValueError: Views would be mirrored although that may change the class, or all views would be identical.
        """
        return self

    def further_indices(self, n_available: int, n_frames: int, *, seed: int) -> Tensor:
        """Which frames are read in addition to those of the test view.

        Args:
            n_available: L, the frames of the video.
            n_frames: T, the frames of a view.
            seed: The video's seed.

        Returns:
            int64 [F, T], 0-based.
        """
        return torch.zeros(0, n_frames, dtype=torch.int64)

    def finish(self, batch: VideoBatch) -> VideoBatch:
        """Makes the views that are computed on the device; their time is divided among the videos.

        Args:
            batch: A batch with the views that were cut.

        Returns:
            A batch with all K views.
        """
        return batch


class AugmentedViews(Views):
    """The test view, and views of the same frames: cropped, mirrored or changed by AugMix (TPT, DTS-TPT).

    The default is DTS-TPT's: 31 AugMix versions of the test view, drawn for each frame. TPT's is `n_views: 64,
    crop: true, flip: null, augmix: none`. All views have weight 1. Mirroring and AugMix run on the device.
    """

    def __init__(
        self,
        *,
        n_views: int = 32,
        crop: bool = False,
        crop_scale: tuple[float, float] = (0.08, 1.0),
        flip: float | None = 0.0,
        augmix: AugMixMode = "per_frame",
        severity: int = 1,
    ) -> None:
        """Stores the settings; views are drawn for each video.

        Args:
            n_views: Number of views, including the plain test view.
            crop: Whether each further view is a random crop of the full frames, the same for all its frames, resized.
            crop_scale: Smallest and largest fraction of the frame's area in a crop; its aspect ratio is 3:4 to 4:3.
            flip: Probability of mirroring a further view left and right; null for 0.5, or 0 if the data set has
                classes that differ in direction.
            augmix: Whether AugMix is applied to further views, drawn for each frame ("per_frame") or once per view
                ("per_clip"); "none" to turn it off.
            severity: The highest level of AugMix's operations, 1 to 10.

        Raises:
            ValueError: A number is out of range, or all views would be identical.
        """
        check_most(MOST_VIEWS, n_views=n_views)
        if n_views < 2:
            raise ValueError(f"n_views must be at least 2, the test view and one that differs; got {n_views}")
        if not 0 < crop_scale[0] <= crop_scale[1] <= 1:
            raise ValueError(f"crop_scale must increase and lie between 0 (exclusive) and 1; got {list(crop_scale)}")
        if flip is not None and not 0 <= flip <= 1:
            raise ValueError(f"flip is a probability, between 0 and 1; got {flip}")
        if augmix not in get_args(AugMixMode):
            raise ValueError(f"augmix must be one of {', '.join(get_args(AugMixMode))}; got {augmix!r}")
        if not crop and augmix == "none" and flip == 0:
            raise ValueError(f"all {n_views} views would be identical: set crop, flip or augmix")
        check_severity(severity)
        self.n_views = n_views
        self.crop = crop
        self.crop_scale = crop_scale
        self.flip = flip
        self.augmix: AugMixMode = augmix
        self.severity = severity

    @property
    def weights(self) -> Tensor:
        """All 1."""
        return torch.ones(self.n_views)

    @property
    def n_cut(self) -> int:
        """All further views if `crop` is set, else none."""
        return self.n_views - 1 if self.crop else 0

    def for_data_set(self, name: str, *, flip_keeps_label: bool) -> AugmentedViews:
        """Fills in `flip`; see `Views.for_data_set`."""
        if self.flip and not flip_keeps_label:
            raise ValueError(
                f"clips.views.flip is {self.flip}, but a mirrored clip of {name} may show another class; "
                "leave it out, or set it to 0"
            )
        flip = (0.5 if flip_keeps_label else 0.0) if self.flip is None else self.flip
        return AugmentedViews(**(vars(self) | {"flip": flip}))

    def shrink(self, frames: Tensor, transform: TestTransform, *, seed: int) -> Tensor:
        """Random crops of frames, [n, n_cut, 3, S, S], the same for the same seed; see `Views.shrink`."""
        size = transform.image_size
        views = torch.empty(len(frames), self.n_cut, 3, size, size, dtype=torch.uint8)
        generator = _generator(seed, "crop")
        for i in range(self.n_cut):
            y, x, height, width = random_part(frames.shape[-2], frames.shape[-1], self.crop_scale, generator)
            part = frames[..., y : y + height, x : x + width]
            views[:, i] = resized(part, [size, size], transform.interpolation)
        return views

    def arrange(self, shrunk: Tensor, test: Tensor, further: Tensor, transform: TestTransform) -> Tensor:
        """Takes the crops of the test view's frames; see `Views.arrange`."""
        if not torch.equal(test, torch.arange(len(shrunk))):  # a video that is shorter than T
            shrunk = shrunk[test]
        return shrunk.transpose(0, 1)

    def finish(self, batch: VideoBatch) -> VideoBatch:
        """Mirrors and mixes; see `Views.finish`.

        Raises:
            ValueError: The batch has no views, or `flip` is still null (see `for_data_set`).
        """
        if batch.views is None or self.flip is None:
            raise ValueError("`finish` needs a batch with views, and views that `for_data_set` returned")
        begin = device_seconds(batch.frames.device)
        n_further, n_frames = self.n_views - 1, batch.frames.shape[2]
        views = batch.views.frames if self.crop else batch.frames.expand(-1, n_further, -1, -1, -1, -1)
        seeds = batch.views.seeds.tolist()
        if self.flip > 0:
            draws = [torch.rand(n_further, generator=_generator(seed, "flip")) for seed in seeds]
            mirrored = (torch.stack(draws) < self.flip).to(views.device)
            views = torch.where(mirrored[..., None, None, None, None], views.flip(-1), views)
        if self.augmix != "none":
            mixing = AugMixDraws.concatenated([self._augmix_draws(n_further, n_frames, seed) for seed in seeds])
            views = augmix(views.flatten(0, 2), mixing).unflatten(0, views.shape[:3])
        seconds = batch.views.seconds + (device_seconds(batch.frames.device) - begin) / len(batch)
        return replace(batch, views=replace(batch.views, frames=views, seconds=seconds))

    def _augmix_draws(self, n_views: int, n_frames: int, seed: int) -> AugMixDraws:
        generator = _generator(seed, "augmix")
        if self.augmix == "per_frame":
            return draw_augmix(n_views * n_frames, severity=self.severity, generator=generator)
        return draw_augmix(n_views, severity=self.severity, generator=generator).repeated(n_frames)


class MultiRateViews(Views):
    """Stretches of a video at several rates, each in several crops: ZAR's views.

    At a rate r below 1, a stretch has floor(r L) of the L frames and starts at random; T frames are taken from it as
    for the test view. At rate 1 all stretches are the whole video, which is read once and has their total weight. The
    test view has weight 0: it is predicted on, not adapted to. Further views are ordered by rate, then stretch, then
    crop: along the long side, across it, corners. ZAR's default has 3 x 4 x 4 = 48 views, 39 of them distinct. The
    paper does not describe 5 or 9 crops; ours are taken from frames whose short side is 256/224 of S, which leaves a
    margin above and below. All crops of a frame of S x S pixels are identical.
    """

    def __init__(
        self,
        *,
        n_crops: NumberOfCrops = 3,
        rates: tuple[float, ...] = (1.0, 0.5, 0.25, 0.125),
        n_samples: int = 4,
        segment_jitter: bool = False,
    ) -> None:
        """Stores the settings; views are drawn for each video.

        Args:
            n_crops: 1 for the centre; 3 for both ends and the middle of the long side; 5 for the ends of the short side
                too; 9 for the corners too.
            rates: Lengths of the stretches, as fractions of the video.
            n_samples: Number of stretches at each rate.
            segment_jitter: Whether to draw a random frame from each of the T equal segments of a stretch, instead of
                the middle one. Stretches at rate 1 then differ, and the whole video is read n_samples times.

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
        """0, then for each rate, stretch and crop the number of stretches that it represents."""
        further = [self.n_samples // n for n in map(self._n_distinct, self.rates) for _ in range(n * self.n_crops)]
        return torch.tensor([0, *further], dtype=torch.float32)

    @property
    def n_cut(self) -> int:
        """All K further views."""
        return self.n_crops * sum(map(self._n_distinct, self.rates))

    def further_indices(self, n_available: int, n_frames: int, *, seed: int) -> Tensor:
        """One row for each stretch; see `Views.further_indices`."""
        generator, rows = _generator(seed, "stretches"), []
        for rate in self.rates:
            # Exact decimal arithmetic: in floating point 0.29 x 100 is below 29.
            length = max(1, math.floor(Fraction(str(rate)) * n_available))
            for _ in range(self._n_distinct(rate)):
                start = torch.randint(n_available - length + 1, (), generator=generator)
                if self.segment_jitter:
                    rows.append(start + random_segment_indices(length, n_frames, generator))
                else:
                    rows.append(start + centre_indices(length, n_frames))
        return torch.stack(rows)

    def shrink(self, frames: Tensor, transform: TestTransform, *, seed: int) -> Tensor:
        """Resizes each frame to [n, 3, h, w], so that all crops fit; see `Views.shrink`."""
        size = transform.image_size
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


def _generator(seed: int, purpose: str) -> torch.Generator:
    # Each purpose has its own random numbers: mirroring does not change the crops.
    return torch.Generator().manual_seed(derive_seed(seed, purpose))
