"""Paired bootstrap over videos: how far the difference of two runs depends on which videos were tested.

Videos are drawn with replacement, as many as there are, and both runs are measured on the same draw; the interval is
that of the middle 95 % of the differences (Efron, Better Bootstrap Confidence Intervals, 1987, the percentile method).
Sets that share videos, as draws of classes do, are drawn from together, others by themselves, so that base and novel
sets keep their sizes. Runs of several seeds are measured on the same draw of names, and their differences averaged:
three seeds on the same videos are not three times as many videos.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

N_RESAMPLES = 2000
_SHARE = 95.0  # percent of resamples within the interval
_MOST_COUNTS = 2_000_000  # resamples x videos at once; bounds memory, does not change results

Counts: TypeAlias = NDArray[np.int64]
Values: TypeAlias = NDArray[np.float64]


class MeasuredRun(Protocol):
    """A run that can be measured on any draw of its videos."""

    @property
    def videos(self) -> Mapping[str, tuple[str, ...]]:
        """The names of the V videos of each set."""

    def figures(self, counts: Mapping[str, Counts]) -> dict[str, Values]:
        """Its figures on R draws of videos.

        Args:
            counts: How often each video of each set was drawn, [R, V].

        Returns:
            Each figure in percent, [R]; nan where a draw has nothing to measure.
        """


def observed(run: MeasuredRun) -> dict[str, float]:
    """The figures on the videos as they are.

    Args:
        run: The run.

    Returns:
        Each figure in percent.
    """
    once = {name: np.ones((1, len(videos)), dtype=np.int64) for name, videos in run.videos.items()}
    return {name: float(values[0]) for name, values in run.figures(once).items()}


def intervals(
    pairs: Sequence[tuple[MeasuredRun, MeasuredRun]], *, n_resamples: int = N_RESAMPLES, seed: int = 0
) -> dict[str, tuple[float, float]]:
    """The 95 % intervals of the differences, the second run minus the first, averaged over pairs.

    Args:
        pairs: Runs on the same videos, a pair for each seed.
        n_resamples: R.
        seed: Of the draws.

    Returns:
        The lower and the upper end for each figure, in percentage points. Draws without anything to measure, as of a
        set of few videos, are left out.
    """
    generator = np.random.default_rng(seed)
    drawn = [_differences(pairs, columns) for columns in _draws(pairs, n_resamples, generator)]
    ends = (50 - _SHARE / 2, 50 + _SHARE / 2)
    found = {}
    for name in drawn[0]:
        low, high = np.nanpercentile(np.concatenate([of_block[name] for of_block in drawn]), ends)
        found[name] = (float(low), float(high))
    return found


def _differences(pairs: Sequence[tuple[MeasuredRun, MeasuredRun]], columns: Mapping[str, Counts]) -> dict[str, Values]:
    of_pairs = [(a.figures(_of_sets(a, columns)), b.figures(_of_sets(b, columns))) for a, b in pairs]
    return {name: np.mean([b[name] - a[name] for a, b in of_pairs], axis=0) for name in of_pairs[0][0]}


def _of_sets(run: MeasuredRun, columns: Mapping[str, Counts]) -> dict[str, Counts]:
    """How often each video of each set was drawn, [R, V]."""
    return {name: np.stack([columns[video] for video in videos], axis=1) for name, videos in run.videos.items()}


def _draws(
    pairs: Sequence[tuple[MeasuredRun, MeasuredRun]], n_resamples: int, generator: np.random.Generator
) -> Iterator[dict[str, Counts]]:
    """Some resamples at a time: how often each video is drawn, [R]."""
    groups = _groups([videos for a, _ in pairs for videos in a.videos.values()])
    block = max(1, _MOST_COUNTS // sum(map(len, groups)))
    for first in range(0, n_resamples, block):
        n = min(block, n_resamples - first)
        columns: dict[str, Counts] = {}
        for group in groups:
            columns.update(zip(group, _counts(n, len(group), generator).T, strict=True))
        yield columns


def _counts(n: int, n_videos: int, generator: np.random.Generator) -> Counts:
    """How often each of some videos is drawn, [n, n_videos]."""
    chosen = generator.integers(n_videos, size=(n, n_videos)) + n_videos * np.arange(n)[:, None]
    return np.bincount(chosen.ravel(), minlength=n * n_videos).reshape(n, n_videos)


def _groups(sets: Sequence[tuple[str, ...]]) -> list[list[str]]:
    """The videos of sets that have some in common, directly or by way of others, in the order of the sets."""
    groups: list[dict[str, None]] = []
    for videos in dict.fromkeys(sets):
        joined = [group for group in groups if not group.keys().isdisjoint(videos)]
        others = [group for group in groups if group.keys().isdisjoint(videos)]
        merged: dict[str, None] = {}
        for group in [*joined, dict.fromkeys(videos)]:
            merged |= group
        groups = [*others, merged]
    return [list(group) for group in groups]
