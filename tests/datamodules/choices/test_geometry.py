from typing import get_args

import torch

from zsar.datamodules.choices.geometry import Geometry
from zsar.datamodules.views.frame_geometry import square_frames


def test_each_geometry_makes_square_frames() -> None:
    frames = torch.zeros(1, 3, 40, 60, dtype=torch.uint8)
    for geometry in get_args(Geometry):
        assert square_frames(geometry, 32)(frames).shape[-2:] == (32, 32)
