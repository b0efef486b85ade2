"""ScoreComparison: temporal mAP of the same segments, ranked by each of their scores.

Two rankings bound what a score can do: a random one, and the "ranking oracle", by which each segment has its temporal
IoU with the instance of its class that it overlaps most.
"""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, cast

import torch
from torch import nn

from zsar.datamodules.batch import ClassText
from zsar.lightning_modules.localization.average_precision import largest_overlaps
from zsar.lightning_modules.localization.contract import Detection, Localization
from zsar.lightning_modules.localization.localization_metrics import LocalizationMetrics, means_of_sets
from zsar.runtime.seeds import derive_seed

N_RANDOM = 10
"""Random rankings whose mean is reported."""
RANDOM, TRUE_IOU = "random", "true_iou"


class ScoreComparison(LocalizationMetrics):
    """The metrics of a localizer, and those of the same segments with each of their other scores."""

    def __init__(self, texts: Sequence[ClassText], iou_thresholds: Sequence[float], names: Sequence[str]) -> None:
        """Starts without videos.

        Args:
            texts: The classes of each set.
            iou_thresholds: Minimum temporal IoU of a match; one metric for each.
            names: The compared scores; `Detection.scores` has them.
        """
        super().__init__(texts, iou_thresholds)
        self._names = tuple(names)
        rankings = [*names, *map(_random, range(N_RANDOM)), TRUE_IOU]
        self._of_rankings = nn.ModuleDict({name: LocalizationMetrics(texts, iou_thresholds) for name in rankings})

    def enter(self, row: int, index: int, localization: Localization, truth: Any) -> None:  # noqa: ANN401
        """Adds the localization of a video, with all scores; see `LocalizationMetrics.enter`."""
        super().enter(row, index, localization, truth)
        detections = localization.detections
        scores = {name: [d.scores[name] for d in detections] for name in self._names}
        for number in range(N_RANDOM):
            # Of the video and the set, so that neither order nor processes matter.
            generator = torch.Generator().manual_seed(derive_seed("segment scores", number, row, index))
            scores[_random(number)] = torch.rand(len(detections), generator=generator, dtype=torch.float64).tolist()
        scores[TRUE_IOU] = _true_iou(row, detections, truth)
        for name, of_detections in scores.items():
            ranked = tuple(_with_score(d, score) for d, score in zip(detections, of_detections, strict=True))
            self._rankings(name).enter(row, index, replace(localization, detections=ranked), truth)

    def compared(self, seen: Sequence[Sequence[int]]) -> dict[str, dict[str, float]]:
        """The mAP of each score, of random ones as the mean of `N_RANDOM`; see `LocalizationMetrics.compared`."""
        found = {}
        for name in self._of_rankings:
            of_sets = [of_set for of_set in self._rankings(name).results(seen) if of_set["n_classes"]]
            found[name] = means_of_sets(of_sets)
        drawn = [found.pop(_random(number)) for number in range(N_RANDOM)]
        oracle = found.pop(TRUE_IOU)
        of_random = {name: statistics.mean(figures[name] for figures in drawn) for name in oracle}
        return {**found, RANDOM: of_random, TRUE_IOU: oracle}

    def _rankings(self, name: str) -> LocalizationMetrics:
        return cast(LocalizationMetrics, self._of_rankings[name])


def _random(number: int) -> str:
    return f"{RANDOM}_{number}"


def _with_score(detection: Detection, score: float) -> Detection:
    return replace(detection, segment=replace(detection.segment, score=score))


def _true_iou(row: int, detections: Sequence[Detection], truth: Any) -> list[float]:  # noqa: ANN401
    found = [[row, d.label, d.segment.start_seconds, d.segment.end_seconds] for d in detections]
    instances = torch.column_stack([truth.videos.double(), truth.labels.double(), truth.seconds.double()])
    overlaps: list[float] = largest_overlaps(
        torch.tensor(found, dtype=torch.float64).reshape(-1, 4), instances
    ).tolist()
    return overlaps
