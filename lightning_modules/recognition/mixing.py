"""Mixing training videos with each other: mixup and CutMix, by torchvision, with one draw per batch."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torchvision.transforms import v2


@dataclass(frozen=True)
class Mixing:
    """How the videos of a batch are mixed; the defaults are ViFi-CLIP's.

    Attributes:
        mixup_alpha: Beta(alpha, alpha) draws the share of the video that is blended in; 0 for no mixup.
        cutmix_alpha: The same for a pasted rectangle, at the same place in all frames; 0 for no CutMix.
        cutmix_probability: If both are on, the share of batches with CutMix.
    """

    mixup_alpha: float = 0.8
    cutmix_alpha: float = 1.0
    cutmix_probability: float = 0.5

    def __post_init__(self) -> None:
        """Checks the ranges."""
        if self.mixup_alpha < 0 or self.cutmix_alpha < 0:
            raise ValueError(f"alphas must not be negative; got {self.mixup_alpha} and {self.cutmix_alpha}")
        if not 0 <= self.cutmix_probability <= 1:
            raise ValueError(f"cutmix_probability is a share from 0 to 1; got {self.cutmix_probability}")

    def __call__(self, frames: Tensor, labels: Tensor, n_classes: int) -> tuple[Tensor, Tensor]:
        """Mixes each video with its neighbour in the batch.

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
        mix = kind(alpha=self.cutmix_alpha if cut else self.mixup_alpha, num_classes=n_classes)
        # A video's frames become its channels, so that torchvision cuts the same rectangle from all of them.
        images, shares = mix(frames.flatten(1, 3), labels)
        return images.unflatten(1, frames.shape[1:4]), shares
