"""AugmentedViews: the frames of the test view again, cropped, mirrored or changed by AugMix (TPT, DTS-TPT)."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

import torch
from torch import Tensor
from torchvision.transforms import InterpolationMode

from zsar.datamodules.batch import VideoBatch
from zsar.datamodules.views.augmix import AugMixDraws, AugMixOperations, augmix, check_severity, draw_augmix
from zsar.datamodules.views.crop_places import random_part
from zsar.datamodules.views.further_views import Views, generator_of_video
from zsar.datamodules.views.resizing import resized
from zsar.datamodules.views.transforms import TestTransform
from zsar.runtime.choices import check_choice
from zsar.runtime.device_clock import device_seconds
from zsar.runtime.number_limits import MOST_VIEWS, check_most

AugMixMode = Literal["none", "per_frame", "per_clip"]
CropInterpolation = Literal["bilinear", "bicubic"]


class AugmentedViews(Views):
    """The test view, and views of the same frames: cropped, mirrored or changed by AugMix (TPT, DTS-TPT).

    The default is DTS-TPT's: 31 AugMix versions of the test view, drawn for each frame. TPT's is `n_views: 64,
    crop: true, flip: null, augmix: none`; on UCF-101 and other small sets its authors apply AugMix to the mirrored
    crops, `augmix: per_clip`. Where classes depend on places, `augmix_operations: photometric` moves nothing. All
    views have weight 1. Mirroring and AugMix run on the device.
    """

    def __init__(
        self,
        *,
        n_views: int = 32,
        crop: bool = False,
        crop_scale: tuple[float, float] = (0.08, 1.0),
        crop_interpolation: CropInterpolation = "bilinear",
        flip: float | None = 0.0,
        augmix: AugMixMode = "per_frame",
        augmix_operations: AugMixOperations = "all",
        severity: int = 1,
    ) -> None:
        """Stores the settings; views are drawn for each video.

        Args:
            n_views: Number of views, including the plain test view.
            crop: Whether each further view is a random crop of the full frames, the same for all its frames, resized.
            crop_scale: Smallest and largest fraction of the frame's area in a crop; its aspect ratio is 3:4 to 4:3.
            crop_interpolation: How crops are resized: "bilinear" as in TPT's code, or "bicubic" as the test view.
            flip: Probability of mirroring a further view left and right; null for 0.5, or 0 if the data set has
                classes that differ in direction.
            augmix: Whether AugMix is applied to further views, drawn for each frame ("per_frame") or once per view
                ("per_clip"); "none" to turn it off.
            augmix_operations: "all" of AugMix's, or the "photometric" ones, which change colours and leave everything
                in its place: no rotation, shear or translation.
            severity: The highest level of AugMix's operations, 1 to 10.

        Raises:
            ValueError: A number is out of range, all views would be identical, or operations are chosen without AugMix.
        """
        check_most(MOST_VIEWS, n_views=n_views)
        if n_views < 2:
            raise ValueError(f"n_views must be at least 2, the test view and one that differs; got {n_views}")
        if not 0 < crop_scale[0] <= crop_scale[1] <= 1:
            raise ValueError(f"crop_scale must increase and lie between 0 (exclusive) and 1; got {list(crop_scale)}")
        check_choice(CropInterpolation, crop_interpolation=crop_interpolation)
        if flip is not None and not 0 <= flip <= 1:
            raise ValueError(f"flip is a probability, between 0 and 1; got {flip}")
        check_choice(AugMixMode, augmix=augmix)
        if not crop and augmix == "none" and flip == 0:
            raise ValueError(f"all {n_views} views would be identical: set crop, flip or augmix")
        check_choice(AugMixOperations, augmix_operations=augmix_operations)
        if augmix == "none" and augmix_operations != "all":
            raise ValueError(
                f"augmix_operations is {augmix_operations}, but augmix is none; set augmix to per_frame or per_clip, "
                "or leave augmix_operations out"
            )
        check_severity(severity)
        self.n_views = n_views
        self.crop = crop
        self.crop_scale = crop_scale
        self.crop_interpolation: CropInterpolation = crop_interpolation
        self.flip = flip
        self.augmix: AugMixMode = augmix
        self.augmix_operations: AugMixOperations = augmix_operations
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
        generator = generator_of_video(seed, "crop")
        for i in range(self.n_cut):
            y, x, height, width = random_part(frames.shape[-2], frames.shape[-1], self.crop_scale, generator)
            part = frames[..., y : y + height, x : x + width]
            views[:, i] = resized(part, [size, size], InterpolationMode(self.crop_interpolation))
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
            draws = [torch.rand(n_further, generator=generator_of_video(seed, "flip")) for seed in seeds]
            mirrored = (torch.stack(draws) < self.flip).to(views.device)
            views = torch.where(mirrored[..., None, None, None, None], views.flip(-1), views)
        if self.augmix != "none":
            mixing = AugMixDraws.concatenated([self._augmix_draws(n_further, n_frames, seed) for seed in seeds])
            views = augmix(views.flatten(0, 2), mixing).unflatten(0, views.shape[:3])
        seconds = batch.views.seconds + (device_seconds(batch.frames.device) - begin) / len(batch)
        return replace(batch, views=replace(batch.views, frames=views, seconds=seconds))

    def _augmix_draws(self, n_views: int, n_frames: int, seed: int) -> AugMixDraws:
        n_draws, repeats = (n_views * n_frames, 1) if self.augmix == "per_frame" else (n_views, n_frames)
        generator = generator_of_video(seed, "augmix")
        draws = draw_augmix(n_draws, severity=self.severity, operations=self.augmix_operations, generator=generator)
        return draws.repeated(repeats)
