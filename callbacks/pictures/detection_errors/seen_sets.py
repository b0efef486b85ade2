"""What a test saw of a set of classes, and several draws of classes as one set."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

ALL_DRAWS = "all_draws"


@dataclass(frozen=True)
class SeenSet:
    """Predictions and instances of one set in the videos that were seen.

    Attributes:
        name: The set.
        class_names: Its C class names.
        predictions: Rows of video id, class, start and end in seconds and score, float64 [N, 5].
        truth: Rows of video id, class, start and end in seconds, float64 [M, 4].
        durations_seconds: Duration of each video that was seen, by id.
        n_listed: Number of videos of the set.
    """

    name: str
    class_names: tuple[str, ...]
    predictions: Tensor
    truth: Tensor
    durations_seconds: Mapping[int, float]
    n_listed: int


def pooled(sets: Sequence[SeenSet]) -> SeenSet:
    """Several draws as one set, in which a class or a video that is in several draws counts once for each.

    So mean average precision is the mean over the classes of all draws, which is that of the draws if they have equally
    many classes with instances.

    Args:
        sets: At least one.
    """
    n_videos = 1 + max((video for seen in sets for video in seen.durations_seconds), default=0)
    predictions, truth = [], []
    durations: dict[int, float] = {}
    names: list[str] = []
    for number, seen in enumerate(sets):
        offset = torch.tensor([number * n_videos, len(names)], dtype=torch.float64)
        predictions.append(torch.cat([seen.predictions[:, :2] + offset, seen.predictions[:, 2:]], dim=1))
        truth.append(torch.cat([seen.truth[:, :2] + offset, seen.truth[:, 2:]], dim=1))
        durations |= {number * n_videos + video: seconds for video, seconds in seen.durations_seconds.items()}
        names += [f"{name} ({seen.name})" for name in seen.class_names]
    n_listed = sum(seen.n_listed for seen in sets)
    return SeenSet(ALL_DRAWS, tuple(names), torch.cat(predictions), torch.cat(truth), durations, n_listed)
