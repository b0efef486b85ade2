"""The numbers of a diagnosis: precision-recall curves, average precision, kinds of errors and what they cost.

A curve has a point at each true positive, in descending order of score: with G instances of a class, the i-th point has
recall i / G and the precision of its rank, made non-increasing from the right. So average precision is the sum of a
class's precisions divided by G, and mean average precision is that of `TemporalMeanAveragePrecision`.

The cost of a kind of error is how much mAP rises if its predictions are removed, all else equal (Alwassel et
al. 2018, there of normalized mAP). Costs do not add up.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from zsar.callbacks.pictures.detection_errors.error_kinds import (
    ERRORS,
    KINDS,
    LOCALIZATION,
    TRUE_POSITIVE,
    counts_of_best,
    prediction_kinds,
)
from zsar.callbacks.pictures.detection_errors.missed_instances import missed_by_group
from zsar.lightning_modules.localization.average_precision import Matches, area, match, precision_at_hits


def error_numbers(
    predictions: Tensor,
    truth: Tensor,
    *,
    names: Sequence[str],
    iou_threshold: float,
    durations_seconds: Mapping[int, float],
) -> dict[str, Any]:
    """Diagnoses the predictions of one set of classes.

    Args:
        predictions: Rows of video id, class, start and end in seconds and score, in any order, float64 [N, 5].
        truth: Rows of video id, class, start and end in seconds, at least one, float64 [M, 4].
        names: The C class names.
        iou_threshold: Minimum IoU of a match, above 0.1 and at most 1.
        durations_seconds: Duration of each video, by id.

    Returns:
        For JSON; precisions and recalls from 0 to 1, mAP in percent. "classes" are in the order of `names`; those
        without instances have no curve and do not count in anything else.
    """
    matches = match(predictions, truth, thresholds=torch.tensor([iou_threshold], dtype=torch.float64))
    kinds = prediction_kinds(matches, 0, threshold=iou_threshold)
    classes = [_class_numbers(matches, kinds, label, name) for label, name in enumerate(names)]
    counted = [of_class for of_class in classes if of_class["n_instances"]]
    best = counts_of_best(matches, kinds)
    everything = torch.ones(len(kinds), dtype=torch.bool)
    return {
        "iou_threshold": iou_threshold,
        "map": mean_precision(matches, everything, n_classes=len(names)),
        "n_videos": len(durations_seconds),
        "n_classes": len(counted),
        "n_instances": len(truth),
        "n_found": sum(of_class["n_found"] for of_class in counted),
        "n_predictions": sum(of_class["n_predictions"] for of_class in counted),
        "n_ignored_predictions": sum(c["n_predictions"] for c in classes if not c["n_instances"]),
        "errors": {kind: sum(of_class["errors"][kind] for of_class in counted) for kind in ERRORS},
        "best_predictions": [
            {"times": k, **dict(zip(KINDS, row, strict=True))} for k, row in enumerate(best.tolist(), start=1)
        ],
        "gain": _gains(matches, kinds, n_classes=len(names)),
        "missed": missed_by_group(matches, 0, durations_seconds),
        "classes": classes,
    }


def mean_precision(matches: Matches, kept: Tensor, *, n_classes: int) -> float:
    """Mean average precision at the first threshold, with some predictions left out.

    Args:
        matches: Predictions and instances. Only false positives may be left out, so that all matches remain.
        kept: Which predictions count, bool [N].
        n_classes: C.

    Returns:
        In percent, over the classes with instances.
    """
    hits, labels = matches.hits[:1], matches.predictions[:, 1]
    precisions = torch.full((n_classes,), torch.nan, dtype=torch.float64)
    for label, n_true in zip(*matches.truth[:, 1].unique(return_counts=True), strict=True):
        precisions[int(label)] = area(hits[:, kept & (labels == label)], int(n_true))
    return float((100 * precisions).nanmean())


def _class_numbers(matches: Matches, kinds: Tensor, label: int, name: str) -> dict[str, Any]:
    of_class = matches.predictions[:, 1] == label
    n_true, hits = int((matches.truth[:, 1] == label).sum()), matches.hits[:1, of_class]
    counts = torch.bincount(kinds[of_class], minlength=len(KINDS)).tolist()
    numbers: dict[str, Any] = {
        "class": name,
        "n_instances": n_true,
        "n_predictions": int(of_class.sum()),
        "n_found": counts[KINDS.index(TRUE_POSITIVE)],
        "errors": dict(zip(ERRORS, counts[1:], strict=True)),
    }
    if n_true:
        precision = precision_at_hits(hits)[hits].tolist()
        recall = [i / n_true for i in range(1, len(precision) + 1)]
        numbers |= {"average_precision": float(area(hits, n_true)), "recall": recall, "precision": precision}
    return numbers


def _gains(matches: Matches, kinds: Tensor, *, n_classes: int) -> dict[str, float]:
    """Percentage points of mAP by kind of error, of all localization errors together, and of all errors."""
    removed = {kind: (kind,) for kind in ERRORS} | {"localization": LOCALIZATION, "all": ERRORS}
    before = mean_precision(matches, torch.ones(len(kinds), dtype=torch.bool), n_classes=n_classes)
    gains = {}
    for name, of_kinds in removed.items():
        kept = ~torch.isin(kinds, torch.tensor([KINDS.index(kind) for kind in of_kinds]))
        gains[name] = mean_precision(matches, kept, n_classes=n_classes) - before
    return gains
