"""Scores that are NaN or infinite are errors where they arise: no segment is made of them."""

from __future__ import annotations

from collections.abc import Mapping

import torch

from zsar.lightning_modules.localization.contract import Localization
from zsar.lightning_modules.training.finite_numbers import NotFiniteError


def check_localizations(video: str, of_sets: Mapping[int, Localization]) -> None:
    """Refuses scores that no segment can be told by.

    Args:
        video: Its name.
        of_sets: What was found in it, by set.

    Raises:
        NotFiniteError: The score of a frame or of a segment is NaN or infinite.
    """
    for found in of_sets.values():
        curves = all(bool(torch.as_tensor(curve.scores).isfinite().all()) for curve in found.curves)
        scores = torch.tensor([each.segment.score for each in (*found.detections, *found.suppressed)])
        if not curves or not scores.isfinite().all():
            raise NotFiniteError(
                f"scores of the video {video!r} are NaN or infinite, so that nothing can be found in it; where it is "
                "adapted to, give a lower learning rate of the tuning"
            )
