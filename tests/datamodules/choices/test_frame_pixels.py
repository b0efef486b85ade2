from dataclasses import FrozenInstanceError
from typing import get_args

import pytest
import torch
from torch.nn import functional

from zsar.datamodules.choices.frame_pixels import FramePixels, ResizeFilter


def test_two_models_want_the_same_frames_if_size_geometry_and_filter_agree() -> None:
    clip = FramePixels(224, "crop", "bicubic")
    assert clip == FramePixels(224, "crop", "bicubic")
    others = [
        FramePixels(256, "crop", "bicubic"),
        FramePixels(224, "squash", "bicubic"),
        FramePixels(224, "crop", "bilinear"),
    ]
    assert len({clip, *others}) == 4
    with pytest.raises(FrozenInstanceError):
        clip.image_size = 256  # type: ignore[misc]


@pytest.mark.parametrize("resize_filter", get_args(ResizeFilter))
def test_each_filter_is_one_that_pytorch_resizes_with(resize_filter: str) -> None:
    frames = torch.rand(1, 3, 8, 12)
    assert functional.interpolate(frames, size=(4, 4), mode=resize_filter, antialias=True).shape == (1, 3, 4, 4)
