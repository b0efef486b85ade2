"""Imports every data set, so that its short class name is known wherever a data module is chosen by its name."""

from __future__ import annotations

import datamodules.activitynet
import datamodules.hmdb51
import datamodules.hmdb51_p
import datamodules.kinetics400
import datamodules.kinetics600
import datamodules.moving_shapes
import datamodules.shifted_moving_shapes
import datamodules.ssv2
import datamodules.thumos14
import datamodules.ucf101
import datamodules.ucf101_ds
import datamodules.ucf101_o
import datamodules.ucf101_p
import datamodules.video_folder  # noqa: F401 - jsonargparse knows the names once the files are imported
from datamodules.video import TrimmedVideoDataModule

_BASES = ("datamodules.video", "datamodules.listed_videos", "datamodules.perturbed_videos")


def data_set_names() -> tuple[str, ...]:
    """The class names of all data sets, sorted."""
    return tuple(
        sorted(
            kind.__name__
            for kind in _subclasses(TrimmedVideoDataModule)
            if kind.__module__.startswith("datamodules.") and kind.__module__ not in _BASES
        )
    )


def _subclasses(kind: type) -> set[type]:
    """All of them, at any depth."""
    children: set[type] = set(kind.__subclasses__())
    return children.union(*(_subclasses(child) for child in children))
