"""Diagnoses of detections, from random segments that miss in every way."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch

from zsar.callbacks.pictures.detection_errors.error_numbers import error_numbers

N_VIDEOS = 20


def diagnosis(*, n_classes: int, names: Sequence[str] = (), found_nothing: bool = False) -> dict[str, Any]:
    """The numbers of predictions near and far from ten instances of each class.

    Args:
        n_classes: C.
        names: Their names; "class 0" and so on by default.
        found_nothing: Whether there are no predictions.
    """
    generator = torch.Generator().manual_seed(0)

    def uniform(n: int) -> torch.Tensor:
        return torch.rand(n, dtype=torch.float64, generator=generator)

    labels = torch.arange(n_classes).repeat(10).double()
    n = len(labels)
    starts = 100 * uniform(n)
    truth = torch.stack([(N_VIDEOS * uniform(n)).floor(), labels, starts, starts + 1 + 20 * uniform(n)], dim=1)
    of_instances = truth.repeat(3, 1)
    of_instances[:, 1] = torch.where(uniform(3 * n) < 0.2, (n_classes * uniform(3 * n)).floor(), of_instances[:, 1])
    of_instances[:, 2:] += 6 * (uniform(3 * n) - 0.5)[:, None] * torch.arange(3).repeat_interleave(n)[:, None]
    predictions = torch.cat([of_instances, uniform(3 * n)[:, None]], dim=1)
    return error_numbers(
        predictions[:0] if found_nothing else predictions,
        truth,
        names=names or [f"class {i}" for i in range(n_classes)],
        iou_threshold=0.5,
        durations_seconds=dict.fromkeys(range(N_VIDEOS), 130.0),
    )
