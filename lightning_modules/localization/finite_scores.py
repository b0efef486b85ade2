"""Scores that are NaN or infinite are reported where they arise; no segment is made from them."""

from __future__ import annotations

from collections.abc import Mapping

import torch

from zsar.lightning_modules.localization.contract import Localization
from zsar.lightning_modules.training.finite_numbers import NotFiniteError


def check_localizations(video: str, of_sets: Mapping[int, Localization]) -> None:
    """Checks that all scores are finite.

    Args:
        video: Its name.
        of_sets: Its localizations, by set.

    Raises:
        NotFiniteError: The score of a frame or of a segment is NaN or infinite.
    """
    for localization in of_sets.values():
        curves = all(bool(torch.as_tensor(curve.scores).isfinite().all()) for curve in localization.curves)
        detections = (*localization.detections, *localization.suppressed)
        scores = torch.tensor([detection.segment.score for detection in detections])
        if not curves or not scores.isfinite().all():
            raise NotFiniteError(
                f"scores of the video {video!r} are NaN or infinite, so nothing can be found in it; if the model is "
                "adapted to it, lower the learning rate of the tuning"
            )
