"""Numbers that are NaN or infinite are refused where they arise: no accuracy and no segment is made of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from zsar.lightning_modules.localization.contract import Localization

_SHOWN = 3


class NotFiniteError(ValueError):
    """Numbers are NaN or infinite; the message says which, and what to do."""


def check_logits(logits: Tensor, videos: Sequence[str], *, precision: str) -> None:
    """Refuses logits of which no class can be told.

    Args:
        logits: [B, C].
        videos: B names.
        precision: What they were computed in, as `--trainer.precision` has it.

    Raises:
        NotFiniteError: Some are NaN or infinite.
    """
    wrong = ~logits.isfinite().all(dim=1)
    if wrong.any():
        named = [video for video, is_wrong in zip(videos, wrong.tolist(), strict=True) if is_wrong]
        raise NotFiniteError(
            f"the logits of {len(named)} of {len(videos)} videos of a batch are NaN or infinite "
            f"({', '.join(named[:_SHOWN])}{', ...' if len(named) > _SHOWN else ''}), so that they have no class. "
            f"{_remedy(precision)}"
        )


def check_loss(is_finite: bool, *, step: int, epoch: int, precision: str) -> None:
    """Ends a training before its weights are spoilt.

    Args:
        is_finite: Whether the loss is, in all processes.
        step: Of the optimizer, as Lightning counts them.
        epoch: From 0.
        precision: As `--trainer.precision` has it.

    Raises:
        NotFiniteError: It is not.
    """
    if not is_finite:
        half = "" if "16" not in precision else f", or --trainer.precision 32-true (it is {precision})"
        raise NotFiniteError(
            f"the training loss is NaN or infinite at step {step}, in epoch {epoch}; nothing was saved since, so that "
            "checkpoints/last.ckpt, where there is one, is of before. Give a lower "
            f"--model.optimization.learning_rate or more warm-up{half}"
        )


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


def _remedy(precision: str) -> str:
    if "16" in precision:
        return f"The precision is {precision}, in which large numbers overflow: give --trainer.precision 32-true"
    return "Its weights are finite, so they have grown too large: take those of an earlier epoch"
