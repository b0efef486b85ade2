"""The harmonic mean of base and novel accuracy, by which base-to-novel generalization is ranked."""

from __future__ import annotations


def harmonic_mean(base: float, novel: float) -> float:
    """2 * base * novel / (base + novel); 0 where both are 0.

    Args:
        base: Accuracy on the base classes, in any unit >= 0.
        novel: Accuracy on the novel classes, in the same unit.

    Returns:
        The mean in the same unit.

    Raises:
        ValueError: A value is negative.
    """
    if base < 0 or novel < 0:
        raise ValueError(f"accuracies cannot be negative; got base={base}, novel={novel}")
    return 0.0 if base + novel == 0 else 2 * base * novel / (base + novel)
