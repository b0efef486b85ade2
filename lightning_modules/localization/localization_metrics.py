"""LocalizationMetrics: temporal mAP of each tested set, and their means over sets (draws of classes)."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from typing import Any, cast

import torch
from torch import nn

from zsar.datamodules.batch import ClassText
from zsar.lightning_modules.localization.contract import Localization
from zsar.lightning_modules.localization.temporal_map import TemporalMeanAveragePrecision

_COUNTS = ("n_classes", "n_videos")


class LocalizationMetrics(nn.Module):
    """One metric for each set of classes."""

    def __init__(self, texts: Sequence[ClassText], iou_thresholds: Sequence[float]) -> None:
        """Starts without videos.

        Args:
            texts: The classes of each set.
            iou_thresholds: Minimum temporal IoU of a match; one metric for each.
        """
        super().__init__()
        self._of_sets = nn.ModuleList(TemporalMeanAveragePrecision(len(text.names), iou_thresholds) for text in texts)

    def enter(self, row: int, index: int, localization: Localization, truth: Any) -> None:  # noqa: ANN401 - see source
        """Adds the localization of a video.

        Args:
            row: The video's row in the data module's `videos`.
            index: Index of the set.
            localization: The detections of the set's classes.
            truth: The instances of the set in this video, from `UntrimmedSource.ground_truth`.
        """
        detections = localization.detections
        self._metrics()[index].update(
            videos=torch.tensor([row]),
            predicted_videos=torch.full((len(detections),), row),
            predicted_classes=torch.tensor([d.label for d in detections], dtype=torch.int64),
            predicted_seconds=torch.tensor(
                [(d.segment.start_seconds, d.segment.end_seconds) for d in detections], dtype=torch.float64
            ).reshape(-1, 2),
            scores=torch.tensor([d.segment.score for d in detections], dtype=torch.float64),
            true_videos=truth.videos,
            true_classes=truth.labels,
            true_seconds=truth.seconds,
        )

    def n_seen(self) -> list[list[int]]:
        """For each set, the videos seen by this process, and the number of stored values of true instances, 4 each."""
        return [[sum(map(len, metric.videos)), sum(map(len, metric.truth))] for metric in self._metrics()]

    def results(self, seen: Sequence[Sequence[int]]) -> list[dict[str, float]]:
        """The metrics of each set: mAP in percent by threshold ("map_0.3", ...), their mean "map", and counts.

        All processes must call this.

        Args:
            seen: `n_seen`, summed over all processes.

        Returns:
            Only counts for a set without annotated actions in the videos seen, as when batches are limited.
        """
        return [
            metric.compute() if n_truth else {"n_classes": 0.0, "n_videos": float(n_videos)}
            for metric, (n_videos, n_truth) in zip(self._metrics(), seen, strict=True)
        ]

    def compared(self, seen: Sequence[Sequence[int]]) -> dict[str, dict[str, float]]:
        """Compares the scores of segments, where a method does: mAP by each. All processes must call this.

        Args:
            seen: `n_seen`, summed over all processes.

        Returns:
            {score: {"map_0.3": mAP in percent, ..., "map": their mean}}, means over the sets; here nothing.
        """
        return {}

    def _metrics(self) -> list[TemporalMeanAveragePrecision]:
        return cast(list[TemporalMeanAveragePrecision], list(self._of_sets))


def logged_figures(texts: Sequence[ClassText], results: Sequence[dict[str, float]]) -> dict[str, float]:
    """The values logged by a test: `test/SET/map`, ... of each of several sets, and `test/map_0.3`, ..., their means.

    Args:
        texts: The classes of each set.
        results: Their metrics, from `LocalizationMetrics.results`.

    Returns:
        Metrics by name.

    Raises:
        ValueError: There is nothing to measure in the videos seen.
    """
    measured = [of_set for of_set in results if of_set["n_classes"]]
    if not measured:
        raise ValueError(
            f"no action of a tested class is annotated in the {max(of_set['n_videos'] for of_set in results):.0f} "
            "videos seen, so there is nothing to measure; raise --trainer.limit_test_batches if it is set, "
            "or use `zsar predict`"
        )
    figures: dict[str, float] = {}
    for text, of_set in zip(texts, results, strict=True):
        if len(texts) > 1:
            figures.update({f"test/{text.set_name}/{name}": value for name, value in of_set.items()})
    return {**figures, **{f"test/{name}": value for name, value in means_of_sets(measured).items()}}


def means_of_sets(measured: Sequence[dict[str, float]]) -> dict[str, float]:
    """The means of the metrics over sets, without counts.

    Args:
        measured: The metrics of each set with annotated actions, at least one.
    """
    names = [name for name in measured[0] if name not in _COUNTS]
    return {name: statistics.mean(of_set[name] for of_set in measured) for name in names}
