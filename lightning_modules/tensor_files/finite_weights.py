"""Finds NaN or infinite weights, which give NaN or the same class for every video."""

from __future__ import annotations

from collections.abc import Mapping

from torch import Tensor

_SHOWN = 3


def not_finite(state: Mapping[str, Tensor]) -> str | None:
    """Looks for weights that are not finite.

    Args:
        state: Tensors by name.

    Returns:
        Number and some names of the tensors with NaN or infinity, in words; None if all are finite.
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
    # Both propagate NaN and infinity, without a copy of a large tensor as in isfinite().
    smallest, largest = tensor.aminmax()
    return bool(smallest.isfinite() & largest.isfinite())
