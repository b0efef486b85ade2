"""Logits and losses that are NaN or infinite are reported where they arise; no accuracy is computed from them."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor

_SHOWN = 3


class NotFiniteError(ValueError):
    """Numbers are NaN or infinite; the message names them and a remedy."""


def check_logits(logits: Tensor, videos: Sequence[str], *, precision: str) -> None:
    """Checks that logits are finite.

    Args:
        logits: [B, C].
        videos: B names.
        precision: The precision of the computation, as in `--trainer.precision`.

    Raises:
        NotFiniteError: Some logits are NaN or infinite.
    """
    wrong = ~logits.isfinite().all(dim=1)
    if wrong.any():
        named = [video for video, is_wrong in zip(videos, wrong.tolist(), strict=True) if is_wrong]
        raise NotFiniteError(
            f"the logits of {len(named)} of {len(videos)} videos of a batch are NaN or infinite "
            f"({', '.join(named[:_SHOWN])}{', ...' if len(named) > _SHOWN else ''}), so they have no class. "
            f"{_remedy(precision)}"
        )


def check_loss(is_finite: bool, *, step: int, epoch: int, precision: str) -> None:
    """Stops training before a loss that is not finite reaches the weights.

    Args:
        is_finite: Whether the loss is finite in all processes.
        step: Optimizer step, as Lightning counts.
        epoch: From 0.
        precision: As in `--trainer.precision`.

    Raises:
        NotFiniteError: The loss is not finite.
    """
    if not is_finite:
        half = "" if "16" not in precision else f", or --trainer.precision 32-true (it is {precision})"
        raise NotFiniteError(
            f"the training loss is NaN or infinite at step {step}, in epoch {epoch}; nothing was saved since, so "
            "checkpoints/last.ckpt, if it exists, is from before. Give a lower "
            f"--model.optimization.learning_rate or more warm-up{half}"
        )


def _remedy(precision: str) -> str:
    if "16" in precision:
        return f"The precision is {precision}, in which large numbers overflow: give --trainer.precision 32-true"
    return "Its weights are finite, so they have grown too large: take those of an earlier epoch"
