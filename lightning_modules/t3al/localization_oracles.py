"""Oracles: what T3AL may read from annotations instead of predicting it (its Figure 4)."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from zsar.lightning_modules.localization.class_union import ClassUnion
from zsar.lightning_modules.localization.contract import UntrimmedFeatures
from zsar.lightning_modules.t3al.pseudo_labels import PseudoLabels


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

    def n_regions(self, video: UntrimmedFeatures, index: int) -> int | None:
        """For the oracle of the count, the number of a set's instances in a video; None without the oracle."""
        if not self.region_count:
            return None
        truth = video.truths.get(index)
        return 0 if truth is None else len(truth.labels)

    def inside(self, video: UntrimmedFeatures, union: ClassUnion, label: int) -> Tensor | None:
        """For the oracle of selection, `frames_inside`; None without the oracle."""
        return frames_inside(video, union, label) if self.selection else None


def labels_of_sets(
    video: UntrimmedFeatures, union: ClassUnion, cosines: Tensor, settings: PseudoLabels, oracles: Oracles
) -> dict[int, list[int]]:
    """The pseudo-labels of a video.

    Args:
        video: The video.
        union: The classes of all sets.
        cosines: Of its mean frame and the classes of the union, [U].
        settings: How many it has.
        oracles: Whether its class is read from the annotations instead.

    Returns:
        For each of its sets indices into the union, the nearest first.
    """
    members = {index: union.members[index] for index in video.sets}
    if oracles.perfect_class:
        return {i: [int(classes[longest_class(video, i, len(classes))])] for i, classes in members.items()}
    return {i: [int(c[n]) for n in settings.nearest(cosines[c])] for i, c in members.items()}


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
