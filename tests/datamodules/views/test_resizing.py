"""Tests of `resizing`: what frames and sizes are, and that a size that is there already changes nothing."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor
from torchvision.transforms import InterpolationMode

from zsar.datamodules.views.resizing import check_frames, positive, resized


def test_frames_of_the_wanted_size_are_unchanged() -> None:
    frames = torch.randint(256, (2, 3, 8, 12), dtype=torch.uint8)
    assert torch.equal(resized(frames, [8, 12], InterpolationMode.BICUBIC), frames)


def test_a_single_number_is_the_short_side() -> None:
    frames = torch.zeros(2, 3, 8, 12, dtype=torch.uint8)
    assert resized(frames, [4], InterpolationMode.BILINEAR).shape == (2, 3, 4, 6)


@pytest.mark.parametrize("frames", [torch.zeros(4, 3, 8, 8), torch.zeros(4, 8, 8, 3, dtype=torch.uint8)])
def test_what_is_no_clip_is_refused(frames: Tensor) -> None:
    with pytest.raises(ValueError, match=r"frames must be uint8 \[T, 3, H, W\]; got"):
        check_frames(frames)


def test_a_size_is_at_least_one_pixel() -> None:
    assert positive(1) == 1
    with pytest.raises(ValueError, match="a size in pixels must be at least 1; got 0"):
        positive(0)
