"""Missed instances by length and number (Alwassel et al., Diagnosing Error in Temporal Action Detectors, ECCV 2018).

An instance is missed if no prediction matches it at the threshold of IoU. Instances are grouped by length in seconds,
by coverage (length / duration of the video) and by the number of instances of their class in their video.

Departure: the paper has fixed bins of length and coverage for ActivityNet; here they are fifths of the instances (fewer
where lengths are equal), so that data sets of any lengths are divided.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from zsar.lightning_modules.localization.average_precision import Matches

_N_GROUPS = 5
_COUNTS = (1, 4, 8)  # the paper's: 1, 2 to 4, 5 to 8, more than 8 instances in a video


def missed_by_group(matches: Matches, row: int, durations_seconds: Mapping[int, float]) -> dict[str, list[Any]]:
    """Counts missed instances by length, coverage and number in the video.

    Args:
        matches: Predictions and instances, at least one instance.
        row: Index of the threshold in `matches`.
        durations_seconds: Duration of each video, by id.

    Returns:
        "length_seconds", "coverage" (from 0 to 1) and "n_in_video": the groups from low to high, each with the least
        and the largest value in it, the number of instances "n" and how many are "missed".
    """
    truth, found = matches.truth, torch.zeros(len(matches.truth), dtype=torch.bool)
    found[matches.instances[row][matches.hits[row]]] = True
    lengths = truth[:, 3] - truth[:, 2]
    durations = torch.tensor([durations_seconds[int(video)] for video in truth[:, 0]], dtype=torch.float64)
    _, video_and_class, n_in = truth[:, :2].unique(dim=0, return_inverse=True, return_counts=True)
    counts = n_in[video_and_class]
    return {
        "length_seconds": _groups(lengths, _fifths(lengths), found),
        "coverage": _groups(lengths / durations, _fifths(lengths / durations), found),
        "n_in_video": _groups(counts.double(), torch.tensor(_COUNTS, dtype=torch.float64), found),
    }


def _fifths(values: Tensor) -> Tensor:
    """Largest values of all but the last fifth; equal values stay together."""
    shares = torch.arange(1, _N_GROUPS, dtype=torch.float64) / _N_GROUPS
    return values.quantile(shares, interpolation="lower").unique()


def _groups(values: Tensor, largest: Tensor, found: Tensor) -> list[dict[str, float]]:
    """Groups by their largest values, all but the last's; without those that are empty."""
    groups = torch.bucketize(values, largest)
    described = []
    for group in groups.unique():
        inside = groups == group
        described.append(
            {
                "from": round(float(values[inside].min()), 4),
                "to": round(float(values[inside].max()), 4),
                "n": int(inside.sum()),
                "missed": int((inside & ~found).sum()),
            }
        )
    return described
