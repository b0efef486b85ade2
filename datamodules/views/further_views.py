"""Further views of a test video, by which test-time prompt tuning adapts to it: augmented, or at several rates (ZAR).

A set of views is made in two steps. The data loader's worker decodes a video once for all views and cuts those that
need the decoded frames (`further_indices`, and `cut` or its halves, `shrink` and `arrange`); what can be made from the
test view alone is made on the model's device, for all videos of a batch at once (`finish`), so that it never passes
through a queue between processes. Whatever is random about a video is drawn from a seed of its own: neither order nor
batch nor process matters.
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
        """float32 [1 + K], for how many views the test view and each further one stand (see `ViewBatch`)."""

    @property
    @abstractmethod
    def n_cut(self) -> int:
        """How many of the K further views `cut` makes: all, or none."""

    def cut(self, frames: Tensor, test: Tensor, further: Tensor, transform: TestTransform, *, seed: int) -> Tensor:
        """Makes views from decoded frames.

        Args:
            frames: uint8 [N, 3, h, w], the distinct frames that were asked for, in order of time.
            test: int64 [T], rows of `frames`: the test view's.
            further: int64 [F, T], rows of `frames`: those of `further_indices`.
            transform: The size of a frame and how frames are resized.
            seed: The video's.

        Returns:
            uint8 [n_cut, T, 3, S, S].
        """
        return self.arrange(self.shrink(frames, transform, seed=seed), test, further, transform)

    @abstractmethod
    def shrink(self, frames: Tensor, transform: TestTransform, *, seed: int) -> Tensor:
        """What the views need of some decoded frames: the first half of `cut`, of a few frames at a time.

        Args:
            frames: uint8 [n, 3, h, w].
            transform: As for `cut`.
            seed: The video's.

        Returns:
            uint8 [n, ...], each frame by itself.
        """

    @abstractmethod
    def arrange(self, shrunk: Tensor, test: Tensor, further: Tensor, transform: TestTransform) -> Tensor:
        """Makes views from what `shrink` gave of all N distinct frames; for the others see `cut`."""

    def described(self) -> dict[str, Any]:
        """What a result says about the views: their class and its arguments, as in a configuration."""
        # The attributes of a set of views are its arguments.
        arguments = {name: list(value) if isinstance(value, tuple) else value for name, value in vars(self).items()}
        return {"class_path": class_path(type(self)), "init_args": arguments}

    def for_data_set(self, name: str, *, flip_keeps_label: bool) -> Views:
        """The same views with everything decided that the data set decides.

        Args:
            name: The data set's, for messages.
            flip_keeps_label: Whether a mirrored clip still shows its class.

        Returns:
            Views that know whether to mirror.

        Raises:
            ValueError: Views would be mirrored that must not be, or all views would be alike.
        """
        return self

    def further_indices(self, n_available: int, n_frames: int, *, seed: int) -> Tensor:
        """Which frames are read beside those of the test view.

        Args:
            n_available: L, the frames of the video.
            n_frames: T, the frames of a view.
            seed: The video's.

        Returns:
            int64 [F, T], 0-based.
        """
        return torch.zeros(0, n_frames, dtype=torch.int64)

    def finish(self, batch: VideoBatch) -> VideoBatch:
        """Makes the views that are made on the device; its seconds are shared among the videos.

        Args:
            batch: With the views that were cut.

        Returns:
            A batch with all K views.
        """
        return batch


class AugmentedViews(Views):
    """The test view, and views of the same frames: cropped, mirrored or changed by AugMix (TPT, DTS-TPT).

    The default is DTS-TPT's: 31 times AugMix of the test view, drawn for each frame. TPT's is `n_views: 64, crop: true,
    flip: null, augmix: none`. All views have the weight 1. Mirrored and mixed is on the device.
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
        """Keeps the settings; views are drawn for each video.

        Args:
            n_views: How many, the plain test view included.
            crop: Whether each further view is a random part of the whole frames, the same of all its frames, resized.
            crop_scale: Smallest and largest share of a frame's area that a part covers; its sides are 3:4 to 4:3.
            flip: Probability of mirroring a further view left and right; null for 0.5, or 0 where the data set has
                classes that differ in direction.
            augmix: Whether further views are changed by AugMix, and whether it is drawn for each frame ("per_frame")
                or once for a view ("per_clip").
            severity: The highest level of AugMix's operations, 1 to 10.

        Raises:
            ValueError: A number is out of range, or all views would be alike.
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
            raise ValueError(f"all {n_views} views would be alike: set crop, flip or augmix")
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
        """All further views are cut, or none."""
        return self.n_views - 1 if self.crop else 0

    def for_data_set(self, name: str, *, flip_keeps_label: bool) -> AugmentedViews:
        """Decides on `flip`; see `Views.for_data_set`."""
        if self.flip and not flip_keeps_label:
            raise ValueError(
                f"clips.views.flip is {self.flip}, but a mirrored clip of {name} may show another class; "
                "leave it out, or set it to 0"
            )
        flip = (0.5 if flip_keeps_label else 0.0) if self.flip is None else self.flip
        return AugmentedViews(**(vars(self) | {"flip": flip}))

    def shrink(self, frames: Tensor, transform: TestTransform, *, seed: int) -> Tensor:
        """Crops frames at random, [n, n_cut, 3, S, S], the same parts for the same seed; see `Views.shrink`."""
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
            ValueError: The batch has no views, or `for_data_set` was not asked.
        """
        if batch.views is None or self.flip is None:
            raise ValueError("views are finished for a batch that has them, by what `for_data_set` returns")
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
        generator, rows = _generator(seed, "stretches"), []
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


def _generator(seed: int, purpose: str) -> torch.Generator:
    # A purpose has its own numbers: with and without mirroring the crops are the same.
    return torch.Generator().manual_seed(derive_seed(seed, purpose))
