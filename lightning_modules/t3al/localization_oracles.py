"""Oracles: what T3AL may read from annotations instead of predicting it (its Figure 4)."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from zsar.lightning_modules.localization.class_union import ClassUnion
from zsar.lightning_modules.localization.contract import UntrimmedFeatures


@dataclass(frozen=True, kw_only=True)
class Oracles:
    """Selects what is read from the annotations.

    Attributes:
        perfect_class: The pseudo-label is the class with the longest annotated time.
        region_count: Instead of suppression, keep as many segments as are annotated, those nearest to the
            pseudo-label.
        selection: Take positive frames from annotated segments of the pseudo-label and negative ones from elsewhere,
            if the video has both.
    """

    perfect_class: bool = False
    region_count: bool = False
    selection: bool = False


def longest_class(video: UntrimmedFeatures, set_index: int, n_classes: int) -> int:
    """The class of a set with the longest annotated time in a video.

    Args:
        video: The video.
        set_index: Index of the set.
        n_classes: C, the classes of that set.

    Returns:
        Index of the class in the set.

    Raises:
        ValueError: Nothing is annotated.
    """
    truth = video.truths.get(set_index)
    if truth is None or not len(truth.labels):
        raise ValueError(
            f"oracles.perfect_class needs annotations, but {video.id!r} has none; leave it at false for such videos"
        )
    seconds = torch.zeros(n_classes, dtype=torch.float64)
    return int(seconds.index_add(0, truth.labels, truth.seconds.diff(dim=1)[:, 0]).argmax())


def frames_inside(video: UntrimmedFeatures, union: ClassUnion, label: int) -> Tensor:
    """Marks the frames that begin within an annotated instance of a class.

    Args:
        video: The video.
        union: The classes of all sets.
        label: Index of the class in the union.

    Returns:
        bool [N], on the device of the features.
    """
    times = video.times_seconds
    inside = torch.zeros(len(times), dtype=torch.bool)
    for index, truth in video.truths.items():
        of_class = truth.seconds[(union.members[index].cpu()[truth.labels] == label).nonzero()[:, 0]]
        for start, end in of_class.tolist():
            inside |= (times >= start) & (times < end)
    return inside.to(video.features.device)
