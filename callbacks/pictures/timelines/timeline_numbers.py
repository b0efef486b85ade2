"""The numbers of a time line: curves of at most 500 points, segments found, and annotated instances."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from zsar.lightning_modules.localization.contract import Detection, Localization, Truth

MOST_POINTS = 500


def timeline_numbers(
    localization: Localization, names: Sequence[str], *, times_seconds: Tensor, annotated: Truth | None
) -> dict[str, Any]:
    """Describes what was found in a video.

    Args:
        localization: What a localizer found.
        names: The C class names.
        times_seconds: When each of the N scored frames is shown, float64 [N].
        annotated: The annotated instances; None if they are unknown.

    Returns:
        For JSON: "pseudo_labels" (None if the method has none), "adaptation_steps"; "curves" with "class", "threshold",
        "times_seconds" and "scores", of which a long one keeps the lowest and the highest point of each stretch;
        "n_frames", N; "segments" by start, with "class", "score" and whether they were "suppressed"; "annotated",
        instances with "class", or None.
    """
    times = times_seconds.numpy()
    segments = [*((d, False) for d in localization.detections), *((d, True) for d in localization.suppressed)]
    labels = localization.pseudo_labels
    return {
        "pseudo_labels": None if labels is None else [names[label] for label in labels],
        "adaptation_steps": localization.n_steps,
        "n_frames": len(times),
        "curves": [
            {
                "class": names[curve.label],
                "threshold": round(curve.threshold, 6),
                **_points(times, curve.scores),
            }
            for curve in localization.curves
        ],
        "segments": sorted(
            (_segment(d, names, suppressed) for d, suppressed in segments),
            key=lambda segment: (segment["start_seconds"], segment["end_seconds"]),
        ),
        "annotated": None
        if annotated is None
        else [
            {"start_seconds": round(start, 4), "end_seconds": round(end, 4), "class": names[label]}
            for label, (start, end) in zip(annotated.labels.tolist(), annotated.seconds.tolist(), strict=True)
        ],
    }


def thinned(scores: Tensor, most: int = MOST_POINTS) -> NDArray[np.int64]:
    """Chooses the points of a curve that show its shape: the lowest and the highest of equal stretches, and both ends.

    Args:
        scores: [N].
        most: Largest number of points, at least 4.

    Returns:
        Their indices, increasing; all if there are at most `most`.
    """
    values = scores.float().numpy()
    if len(values) <= most:
        return np.arange(len(values))
    stretches = np.array_split(np.arange(len(values)), (most - 2) // 2)
    ends = [0, len(values) - 1]
    lowest = [stretch[values[stretch].argmin()] for stretch in stretches]
    highest = [stretch[values[stretch].argmax()] for stretch in stretches]
    return np.unique([*ends, *lowest, *highest])


def _points(times: NDArray[np.float64], scores: Tensor) -> dict[str, list[float]]:
    chosen = thinned(scores)
    return {
        "times_seconds": [round(seconds, 4) for seconds in times[chosen].tolist()],
        "scores": [round(score, 6) for score in scores[torch.from_numpy(chosen)].tolist()],
    }


def _segment(detection: Detection, names: Sequence[str], suppressed: bool) -> dict[str, Any]:
    segment = detection.segment
    return {
        "start_seconds": round(segment.start_seconds, 4),
        "end_seconds": round(segment.end_seconds, 4),
        "class": names[detection.label],
        "score": round(segment.score, 6),
        "suppressed": suppressed,
    }
