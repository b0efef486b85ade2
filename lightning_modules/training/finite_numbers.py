"""Logits and losses that are NaN or infinite are errors where they arise: no accuracy is made of them."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor

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


def _remedy(precision: str) -> str:
    if "16" in precision:
        return f"The precision is {precision}, in which large numbers overflow: give --trainer.precision 32-true"
    return "Its weights are finite, so they have grown too large: take those of an earlier epoch"
