"""Mixing training videos with each other: mixup and CutMix, with one draw per batch, by torchvision.

torchvision mixes each video with the previous one of the batch. ViFi-CLIP's authors draw a permutation, as here, so
that the partner does not depend on the order of the batch, and a video may meet itself.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor
from torch.nn import functional
from torchvision.transforms import v2

from zsar.runtime.choices import check_choices


@dataclass(frozen=True)
class Mixing:
    """How the videos of a batch are mixed; the defaults are ViFi-CLIP's.

    Attributes:
        mixup_alpha: Beta(alpha, alpha) draws the share of the video that is blended in; 0 for no mixup.
        cutmix_alpha: The same for a pasted rectangle, at the same place in all frames; 0 for no CutMix.
        cutmix_probability: If both are on, the share of batches with CutMix.
        partner: What a video is mixed with: its partner in a random "permutation" of the batch, or the "previous" one.
    """

    mixup_alpha: float = 0.8
    cutmix_alpha: float = 1.0
    cutmix_probability: float = 0.5
    partner: Literal["permutation", "previous"] = "permutation"

    def __post_init__(self) -> None:
        """Checks ranges and choices."""
        check_choices(self)
        if self.mixup_alpha < 0 or self.cutmix_alpha < 0:
            raise ValueError(f"alphas must not be negative; got {self.mixup_alpha} and {self.cutmix_alpha}")
        if not 0 <= self.cutmix_probability <= 1:
            raise ValueError(f"cutmix_probability is a share from 0 to 1; got {self.cutmix_probability}")

    def __call__(self, frames: Tensor, labels: Tensor, n_classes: int) -> tuple[Tensor, Tensor]:
        """Mixes each video with another one of the batch, all by one share.

        Args:
            frames: Float, [B, V, T, 3, H, W].
            labels: int64 [B].
            n_classes: C.

        Returns:
            Frames of the same shape, and the share of each class, float32 [B, C]; unchanged frames and int64 labels [B]
            if mixing is off.
        """
        if self.mixup_alpha == 0 and self.cutmix_alpha == 0:
            return frames, labels
        if self.mixup_alpha == 0:
            cut = True
        elif self.cutmix_alpha == 0:
            cut = False
        else:
            cut = float(torch.rand(())) < self.cutmix_probability
        kind = v2.CutMix if cut else v2.MixUp
        drawn = kind(alpha=self.cutmix_alpha if cut else self.mixup_alpha, num_classes=n_classes).make_params([frames])
        partners = self._partners(len(labels)).to(labels.device)
        of_classes = functional.one_hot(labels, n_classes).float()
        if cut:
            left, top, right, bottom = drawn["box"]
            mixed, own = frames.clone(), drawn["lam_adjusted"]
            mixed[..., top:bottom, left:right] = frames[..., top:bottom, left:right][partners]
        else:
            own = drawn["lam"]
            mixed = frames[partners].mul_(1 - own).add_(frames, alpha=own)
        return mixed, own * of_classes + (1 - own) * of_classes[partners]

    def _partners(self, n_videos: int) -> Tensor:
        """The partner of each video, int64 [B], on the CPU."""
        if self.partner == "previous":
            return torch.arange(n_videos).roll(1)
        return torch.randperm(n_videos)
