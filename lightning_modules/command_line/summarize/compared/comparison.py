"""The comparison of two runs, or two rows of runs, on the same videos: figures, intervals, flips and p; as JSON."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from zsar.lightning_modules.command_line.summarize.compared.answered_videos import AnsweredVideos
from zsar.lightning_modules.command_line.summarize.compared.paired_bootstrap import (
    N_RESAMPLES,
    MeasuredRun,
    intervals,
    observed,
)
from zsar.lightning_modules.command_line.summarize.compared.paired_runs import ComparedRun, paired_runs
from zsar.lightning_modules.command_line.summarize.compared.sign_test import sign_test


@dataclass(frozen=True, kw_only=True)
class ComparedFigure:
    """One figure of both sides.

    Attributes:
        name: A set, the mean of several ("test") or the harmonic mean; of localizers "map_0.3", ..., "map".
        first: Of the first side in percent, the mean over its runs.
        second: Of the second.
        interval: 95 % interval of second - first, in percentage points.
        n_videos: Videos that count in it; None for the harmonic mean.
        flips: Answers that the second side has right and the first wrong, and the other way round, per run; None of
            localizers and of the harmonic mean.
        p: Of a sign test over videos; None where there are no flips.
    """

    name: str
    first: float
    second: float
    interval: tuple[float, float]
    n_videos: int | None
    flips: tuple[float, float] | None
    p: float | None

    @property
    def difference(self) -> float:
        """Second - first, in percentage points."""
        return self.second - self.first


@dataclass(frozen=True)
class RunComparison:
    """Two sides.

    Attributes:
        first: Folder of the first side.
        second: Folder of the second.
        n_pairs: Pairs of runs.
        is_localization: Whether they are localizers.
        figures: What was compared.
    """

    first: Path
    second: Path
    n_pairs: int
    is_localization: bool
    figures: tuple[ComparedFigure, ...]

    def json(self) -> dict[str, Any]:
        """Everything, for a file."""
        return {
            "first": str(self.first),
            "second": str(self.second),
            "n_pairs": self.n_pairs,
            "n_resamples": N_RESAMPLES,
            "figures": {figure.name: _figure_json(figure) for figure in self.figures},
        }


def compare_runs(first: Path, second: Path) -> RunComparison:
    """Compares two runs, or two rows of runs.

    Args:
        first: A run folder, or one of seed0, seed1, ...
        second: Another, of the same videos.

    Returns:
        The second minus the first.

    Raises:
        ValueError: They cannot be compared; see `paired_runs`.
    """
    pairs = paired_runs(first, second)
    measured: list[tuple[MeasuredRun, MeasuredRun]] = [(a.measured, b.measured) for a, b in pairs]
    within = intervals(measured)
    values = [(observed(a), observed(b)) for a, b in measured]
    figures = []
    for name, interval in within.items():
        flips, p = _flips(pairs, name)
        figures.append(
            ComparedFigure(
                name=name,
                first=statistics.mean(a[name] for a, _ in values),
                second=statistics.mean(b[name] for _, b in values),
                interval=interval,
                n_videos=_n_videos(pairs[0][0], name),
                flips=flips,
                p=p,
            )
        )
    is_localization = not isinstance(pairs[0][0].measured, AnsweredVideos)
    return RunComparison(first, second, len(pairs), is_localization, tuple(figures))


def _n_videos(run: ComparedRun, figure: str) -> int | None:
    """Of the sets that a figure counts, a video of several sets once."""
    names = {video for name in run.measured.sets_of(figure) for video in run.measured.videos[name]}
    return len(names) or None


def _flips(
    pairs: Sequence[tuple[ComparedRun, ComparedRun]], figure: str
) -> tuple[tuple[float, float] | None, float | None]:
    """Flipped answers per run to both sides, and p of the test over videos by name: each counts once, for all seeds."""
    of_videos: dict[str, int] = {}
    right = wrong = 0
    for a, b in pairs:
        if not (isinstance(a.measured, AnsweredVideos) and isinstance(b.measured, AnsweredVideos)):
            return None, None
        for name in a.measured.sets_of(figure):
            theirs = dict(zip(b.measured.videos[name], b.measured.right[name].tolist(), strict=True))
            for video, was in zip(a.measured.videos[name], a.measured.right[name].tolist(), strict=True):
                change = int(theirs[video]) - int(was)
                right, wrong = right + (change > 0), wrong + (change < 0)
                of_videos[video] = of_videos.get(video, 0) + change
    if not of_videos:
        return None, None
    n_better, n_worse = (sum(sign * change > 0 for change in of_videos.values()) for sign in (1, -1))
    return (right / len(pairs), wrong / len(pairs)), sign_test(n_better, n_worse)


def _figure_json(figure: ComparedFigure) -> dict[str, Any]:
    content: dict[str, Any] = {
        "first": round(figure.first, 2),
        "second": round(figure.second, 2),
        "difference": round(figure.difference, 2),
        "interval": [round(end, 2) for end in figure.interval],
    }
    content |= {} if figure.n_videos is None else {"n_videos": figure.n_videos}
    if figure.flips is None:
        return content
    return {**content, "flipped_right": figure.flips[0], "flipped_wrong": figure.flips[1], "p": figure.p}
