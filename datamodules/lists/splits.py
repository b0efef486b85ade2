"""Splits drawn from a seed: base and novel classes, few shots, held-out clips. Pure functions on names.

Every draw of ours ranks names by SHA-256 of seed and name. A split therefore does not depend on the order of files, on
the platform or on a library's random numbers, and a smaller draw is a subset of a larger one. `draw_numpy_halves` draws
as others have drawn, with numpy's legacy generator, whose numbers are frozen.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray


def rank_by_seed(names: Iterable[str], seed: int, purpose: str) -> list[str]:
    """Names in an order drawn from the seed.

    Args:
        names: The names, in any order.
        seed: Seed of the split.
        purpose: What is drawn, so that two draws of one seed are independent.

    Returns:
        The names, ordered.
    """
    return sorted(names, key=lambda name: (_digest(seed, purpose, name), name))


def base_and_novel_classes(
    names: Sequence[str], *, seed: int, base_fraction: float = 0.5
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Divides classes into base classes, which are used for training, and novel ones, which are not.

    Args:
        names: All class names, in any order.
        seed: Seed of the split.
        base_fraction: Fraction of base classes, rounded up to a whole number.

    Returns:
        Base and novel names, each sorted by name.

    Raises:
        ValueError: One of the two would be empty.
    """
    n_base = -int(-len(names) * base_fraction // 1)
    if not 0 < n_base < len(names):
        raise ValueError(
            f"base_fraction={base_fraction} of {len(names)} classes gives {n_base} base and {len(names) - n_base} "
            "novel classes; both need at least one"
        )
    ranked = rank_by_seed(names, seed, "base classes")
    return tuple(sorted(ranked[:n_base])), tuple(sorted(ranked[n_base:]))


def base_and_novel_by_frequency(names: Sequence[str], counts: Sequence[int]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Divides classes as ViFi-CLIP's published base-to-novel splits do: the more frequent half are base classes.

    Args:
        names: C class names, in label order.
        counts: C numbers of training videos.

    Returns:
        Base and novel names, each with the rarest first, ties in label order: the order of the published label files.

    Raises:
        ValueError: There are fewer than two classes.
    """
    if len(names) < 2:
        raise ValueError(f"base and novel classes need at least two classes; there are {len(names)}")
    rarest_first = sorted(range(len(names)), key=lambda label: (counts[label], label))
    ordered = tuple(names[label] for label in rarest_first)
    n_novel = len(names) // 2
    return ordered[n_novel:], ordered[:n_novel]


def draw_classes(names: Sequence[str], n: int, *, seed: int) -> tuple[str, ...]:
    """Draws classes, e.g. 160 of the 220 that Kinetics-600 adds to Kinetics-400.

    Args:
        names: The class names to draw from, in any order.
        n: Number of classes to draw.
        seed: Seed of the draw.

    Returns:
        The drawn names, sorted.

    Raises:
        ValueError: There are fewer than n.
    """
    if not 0 < n <= len(names):
        raise ValueError(f"{n} classes cannot be drawn from {len(names)}")
    return tuple(sorted(rank_by_seed(names, seed, "test classes")[:n]))


def draw_halves(names: Sequence[str], *, n_draws: int, seed: int) -> tuple[tuple[str, ...], ...]:
    """Draws random halves of the classes, as published zero-shot tests on ActivityNet do (ten of 100 of 200 classes).

    Args:
        names: C class names, in label order.
        n_draws: Number of halves; a draw does not depend on it.
        seed: Seed of the draws.

    Returns:
        Each half in label order, with floor(C / 2) classes.

    Raises:
        ValueError: There are fewer than four classes, so that a half has a single one.
    """
    _check_halves(names)
    ranked = [rank_by_seed(names, seed, f"half of the classes {draw}")[: len(names) // 2] for draw in range(n_draws)]
    return tuple(tuple(sorted(half, key=list(names).index)) for half in ranked)


def draw_numpy_halves(names: Sequence[str], *, n_draws: int, seed: int) -> tuple[tuple[str, ...], ...]:
    """Draws random halves of the classes as BIKE's authors do: the first half of numpy's permutation for each seed.

    Args:
        names: C class names, in label order, on which the draws depend.
        n_draws: Number of halves.
        seed: Seed of the first; the others have the seeds that follow. The authors': 0.

    Returns:
        Each half in label order, with floor(C / 2) classes.

    Raises:
        ValueError: There are fewer than four classes.
    """
    _check_halves(names)
    n = len(names)
    drawn = [sorted(np.random.RandomState(seed + draw).permutation(n)[: n // 2].tolist()) for draw in range(n_draws)]
    return tuple(tuple(names[label] for label in half) for half in drawn)


HALVES = {"hashed": draw_halves, "numpy": draw_numpy_halves}
"""How halves are drawn, by `split.half_draws`."""


def _check_halves(names: Sequence[str]) -> None:
    if len(names) < 4:
        raise ValueError(f"half of {len(names)} classes leaves no choice; halves need at least 4 classes")


def draw_training_videos(
    keys: Sequence[str],
    labels: NDArray[np.int64],
    *,
    seed: int,
    shots: int | None,
    held_out_fraction: float,
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Draws training videos and disjoint held-out ones for model selection, class by class.

    Args:
        keys: Name of each of N videos, the same on every machine: its path relative to the data root.
        labels: int64 [N].
        seed: Seed of the split.
        shots: Training videos per class; None for all that are not held out.
        held_out_fraction: Fraction of each class's videos that is held out, at least one if the class has two or more
            videos; 0 for none.

    Returns:
        Indices of training and of held-out videos, each ascending.

    Raises:
        ValueError: A class has fewer videos than shots, or a number is out of range.
    """
    if not 0 <= held_out_fraction < 1:
        raise ValueError(f"held_out_fraction must be at least 0 and below 1; got {held_out_fraction}")
    if shots is not None and shots < 1:
        raise ValueError(f"shots must be at least 1, or null for all videos; got {shots}")
    train: list[int] = []
    held_out: list[int] = []
    for label in np.unique(labels):
        members: dict[str, list[int]] = {}
        for i in np.flatnonzero(labels == label).tolist():
            members.setdefault(keys[i], []).append(i)  # a key that is listed twice is drawn twice and rejected later
        ranked = [i for key in rank_by_seed(members, seed, "training videos") for i in members[key]]
        if shots is not None and len(ranked) < shots:
            raise ValueError(f"class {label} has {len(ranked)} videos, fewer than the {shots} shots requested")
        n_held_out = _n_held_out(len(ranked), held_out_fraction)
        n_train = len(ranked) - n_held_out if shots is None else shots
        train += ranked[:n_train]
        held_out += ranked[n_train : n_train + n_held_out]
    return np.array(sorted(train), dtype=np.int64), np.array(sorted(held_out), dtype=np.int64)


def split_hash(sets: dict[str, list[tuple[str, str]]]) -> str:
    """A fingerprint of a split.

    Args:
        sets: For each set ("train", "base", ...) its videos as (key, class name), in any order.

    Returns:
        SHA-256 (first 16 hex digits): the same videos in the same sets give the same hash anywhere.
    """
    digest = hashlib.sha256()
    for name in sorted(sets):
        digest.update(f"[{name}]".encode())
        for key, class_name in sorted(sets[name]):
            digest.update(_bytes(f"{key}\0{class_name}\n"))
    return digest.hexdigest()[:16]


def _n_held_out(n: int, fraction: float) -> int:
    return 0 if fraction == 0 or n < 2 else max(1, round(n * fraction))


def _digest(seed: int, purpose: str, name: str) -> bytes:
    return hashlib.sha256(_bytes(f"{seed}\0{purpose}\0{name}")).digest()


def _bytes(name: str) -> bytes:
    """UTF-8; bytes of file names that are not UTF-8 are restored."""
    return name.encode("utf-8", "surrogateescape")
