from __future__ import annotations

import numpy as np
import pytest

from zsar.callbacks.pictures.localization.decimation import decimated


def test_decimation_keeps_the_lowest_and_the_highest_of_each_stretch() -> None:
    scores = np.asarray([0.5, 0.9, 0.1, 0.5, 0.5, 0.2, 0.3, 0.8, 0.4, 0.6])
    times, kept = decimated(np.arange(10.0), scores, most_points=6)  # two stretches of five
    assert times.tolist() == [0, 1, 2, 5, 7, 9]
    assert kept.tolist() == [0.5, 0.9, 0.1, 0.2, 0.8, 0.6]


def test_fewer_points_than_ends_and_extremes_are_refused() -> None:
    with pytest.raises(ValueError, match="4 points; got most_points 3"):
        decimated(np.arange(10.0), np.arange(10.0), most_points=3)


@pytest.mark.parametrize("n", [1999, 2000, 2001, 2003, 300_000])
def test_decimation_loses_no_single_peak(n: int) -> None:
    scores = np.random.default_rng(n).uniform(0.3, 0.6, n)
    high, low = n // 3, n // 2
    scores[high], scores[low] = 1.0, 0.0
    times, kept = decimated(np.arange(n) / 30, scores, most_points=2000)
    assert len(times) == len(kept) <= 2000
    assert (np.diff(times) > 0).all()
    assert times[kept.argmax()] == high / 30
    assert times[kept.argmin()] == low / 30
    assert (times[0], times[-1]) == (0, (n - 1) / 30)


def test_few_points_are_all_kept() -> None:
    times, kept = decimated(np.arange(6.0), np.arange(6.0)[::-1], most_points=6)
    assert times.tolist() == [0, 1, 2, 3, 4, 5]
    assert kept.tolist() == [5, 4, 3, 2, 1, 0]
