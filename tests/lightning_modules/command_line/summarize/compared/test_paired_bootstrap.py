from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pytest
from numpy.typing import NDArray

from zsar.lightning_modules.command_line.summarize.compared.paired_bootstrap import (
    Counts,
    MeasuredRun,
    Values,
    intervals,
    observed,
)


@dataclass(frozen=True)
class Scores:
    """A run with a score of each video; its figures are the means of sets."""

    videos: Mapping[str, tuple[str, ...]]
    values: Mapping[str, NDArray[np.float64]]

    def figures(self, counts: Mapping[str, Counts]) -> dict[str, Values]:
        return {name: (own @ self.values[name]) / own.sum(axis=1) for name, own in counts.items()}


def scores(**values: list[float] | NDArray[np.float64]) -> Scores:
    videos = {name: tuple(f"{name}{i}" for i in range(len(of_set))) for name, of_set in values.items()}
    return Scores(videos, {name: np.asarray(of_set, dtype=np.float64) for name, of_set in values.items()})


def test_by_hand() -> None:
    a, b = scores(test=[0, 0]), scores(test=[0, 100])
    assert (observed(a), observed(b)) == ({"test": 0.0}, {"test": 50.0})
    # Of two videos a draw has the second none, once or twice in 1/4, 1/2 and 1/4 of draws.
    assert intervals([(a, b)]) == {"test": (0.0, 100.0)}
    assert intervals([(a, a)]) == {"test": (0.0, 0.0)}
    assert intervals([(b, a)]) == {"test": (-100.0, 0.0)}


def test_pairs_are_kept_together() -> None:
    values = np.random.default_rng(0).uniform(0, 100, 50)
    (low, high) = intervals([(scores(test=values), scores(test=values + 3))])["test"]
    assert (low, high) == pytest.approx((3, 3))


def test_as_a_plain_loop_has_it() -> None:
    generator = np.random.default_rng(1)
    first, second = generator.uniform(0, 100, (2, 30))
    low, high = intervals([(scores(test=first), scores(test=second))], n_resamples=4000)["test"]
    drawn = []
    for _ in range(4000):
        rows = [int(generator.integers(30)) for _ in range(30)]
        drawn.append(sum(second[row] - first[row] for row in rows) / 30)
    width = np.std(drawn)
    assert (low, high) == pytest.approx(np.percentile(drawn, [2.5, 97.5]), abs=0.2 * width)


def test_the_interval_holds_the_true_difference_about_as_often_as_it_says() -> None:
    generator = np.random.default_rng(2)
    n_within = 0
    for seed in range(200):
        first, second = (100.0 * (generator.uniform(size=150) < share) for share in (0.5, 0.6))
        pair: tuple[MeasuredRun, MeasuredRun] = (scores(test=first), scores(test=second))
        low, high = intervals([pair], n_resamples=300, seed=seed)["test"]
        n_within += low <= 10 <= high
    assert 180 <= n_within <= 199


def test_seeds_on_the_same_videos_are_no_further_videos() -> None:
    """Nor are they where their videos have the same names only: then the mean of seeds varies less by itself."""
    first, second = np.random.default_rng(3).uniform(0, 100, (2, 60))
    pair: tuple[MeasuredRun, MeasuredRun] = (scores(test=first), scores(test=second))
    assert intervals([pair] * 3) == {"test": pytest.approx(intervals([pair])["test"])}


def test_sets_without_common_videos_keep_their_sizes_and_others_are_drawn_together() -> None:
    sizes = []

    @dataclass(frozen=True)
    class Counted(Scores):
        def figures(self, counts: Mapping[str, Counts]) -> dict[str, Values]:
            sizes.append({name: own.sum(axis=1) for name, own in counts.items()})
            together = counts["first"][:, 1] == counts["second"][:, 0]
            assert together.all()
            return {"n": counts["first"].sum(axis=1).astype(np.float64)}

    videos = {"base": ("a", "b"), "novel": ("c", "d", "e"), "first": ("x", "y"), "second": ("y", "z")}
    run = Counted(videos, {})
    intervals([(run, run)], n_resamples=50)
    for of_draws in sizes:
        assert set(of_draws["base"]) == {2}
        assert set(of_draws["novel"]) == {3}
        assert len(set(of_draws["first"])) > 1
