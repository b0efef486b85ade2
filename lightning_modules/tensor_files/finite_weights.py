"""Weights that are NaN or infinite, which give NaN for every video, or the same class."""

from __future__ import annotations

from collections.abc import Mapping

from torch import Tensor

_SHOWN = 3


def not_finite(state: Mapping[str, Tensor]) -> str | None:
    """Looks for weights that are not finite.

    Args:
        state: Tensors by name.

    Returns:
        How many tensors have NaN or infinity and the names of some, in words; None where all are finite.
    """
    wrong = sorted(name for name, tensor in state.items() if tensor.is_floating_point() and not _is_finite(tensor))
    if not wrong:
        return None
    named = ", ".join(wrong[:_SHOWN]) + (", ..." if len(wrong) > _SHOWN else "")
    return (
        f"{len(wrong)} of {len(state)} tensors {'has' if len(wrong) == 1 else 'have'} NaN or infinity in them ({named})"
    )


def _is_finite(tensor: Tensor) -> bool:
    if tensor.numel() == 0:
        return True
    # NaN and infinity come through both; no copy of a large tensor is made, as by isfinite().
    smallest, largest = tensor.aminmax()
    return bool(smallest.isfinite() & largest.isfinite())
