"""The exact two-sided sign test; for one run a side it is McNemar's exact test of paired answers."""

from __future__ import annotations


def sign_test(n_better: int, n_worse: int) -> float:
    """How likely a split at least as uneven is, if better and worse were as likely; ties are left out.

    Args:
        n_better: Videos on which the second run is better.
        n_worse: Videos on which the first is.

    Returns:
        p, from 0 to 1: twice the smaller tail of the binomial distribution with probability 1/2, at most 1.

    Raises:
        ValueError: A count is negative.
    """
    if n_better < 0 or n_worse < 0:
        raise ValueError(f"counts cannot be negative; got {n_better} better and {n_worse} worse")
    n, fewer = n_better + n_worse, min(n_better, n_worse)
    tail = term = 1  # C(n, 0), in whole numbers, which do not underflow
    for k in range(1, fewer + 1):
        term = term * (n - k + 1) // k
        tail += term
    return min(1.0, 2 * tail / 2**n)
