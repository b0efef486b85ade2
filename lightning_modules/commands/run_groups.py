"""Which runs are one row of `zsar summarize`, and what the row says: mean and deviation over seeds and folds."""

from __future__ import annotations

import re
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from lightning_modules.commands.run_results import Run, RunSettings

GroupBy = Literal["folder", "settings"]

_RUN_OF_A_ROW = re.compile(r"(seed|split|fold)[-_]?\d+")


@dataclass(frozen=True)
class RunGroup:
    """The runs of one row.

    Attributes:
        name: Name of the row.
        runs: At least one run; all have the same settings.
    """

    name: str
    runs: tuple[Run, ...]

    @property
    def settings(self) -> RunSettings:
        """The settings of all runs."""
        return self.runs[0].settings

    @property
    def set_names(self) -> tuple[str, ...]:
        """The sets of all runs, with the harmonic mean."""
        return tuple(self.runs[0].figures)

    @property
    def n_folds(self) -> int:
        """Official splits that were tested."""
        return len({run.fold for run in self.runs})

    def mean(self, name: str) -> float:
        """Mean over runs of a figure, in percent."""
        return statistics.mean(run.figures[name] for run in self.runs)

    def std(self, name: str) -> float | None:
        """Sample standard deviation (n - 1) of a figure; None for a single run."""
        return statistics.stdev(run.figures[name] for run in self.runs) if len(self.runs) > 1 else None

    def text(self, name: str) -> str:
        """A figure as the papers print it: "52.9", or "52.9 ± 0.6"."""
        std = self.std(name)
        return f"{self.mean(name):.1f}" + ("" if std is None else f" ± {std:.1f}")


def group_runs(runs: Sequence[Run], by: GroupBy = "folder") -> list[RunGroup]:
    """Puts runs that differ in seed or fold only into one row.

    Args:
        runs: The runs, in the order of the rows.
        by: "folder": NAME/seed0, NAME/split1, NAME/fold1/seed0 and the like are the row NAME. "settings": runs with
            the same settings are a row, wherever they lie.

    Returns:
        The rows; names are unique.

    Raises:
        ValueError: Runs of one row differ in something else, or are the same result twice.
    """
    members: dict[Path | RunSettings, list[Run]] = {}
    for run in runs:
        members.setdefault(run.settings if by == "settings" else _row_folder(run.folder), []).append(run)
    names = _folder_names([key for key in members if isinstance(key, Path)]) + _settings_names(
        [key for key in members if isinstance(key, RunSettings)]
    )
    groups = [RunGroup(name, tuple(own)) for name, own in zip(names, members.values(), strict=True)]
    for group in groups:
        _check(group)
    return groups


def _row_folder(folder: Path) -> Path:
    resolved = folder.resolve()
    while _RUN_OF_A_ROW.fullmatch(resolved.name):
        resolved = resolved.parent
    return resolved


def _folder_names(folders: Sequence[Path]) -> list[str]:
    """Names of the folders, with as many parents as it takes to tell them apart."""
    names = [folder.name for folder in folders]
    for depth in range(2, max((len(folder.parts) for folder in folders), default=0) + 1):
        names = [
            "/".join(folder.parts[-depth:]) if names.count(name) > 1 else name
            for name, folder in zip(names, folders, strict=True)
        ]
    return names


def _settings_names(settings: Sequence[RunSettings]) -> list[str]:
    """Model, data set and protocol, with as many settings as it takes to tell rows apart that agree in these three."""
    short = [f"{own.model.split('.')[-1]} {own.data_set} {own.protocol}" for own in settings]
    flat = [own.flat() for own in settings]
    names = []
    for name, own in zip(short, flat, strict=True):
        rivals = [other for other, theirs in zip(flat, short, strict=True) if theirs == name]
        chosen: list[str] = []
        n_told_apart = 1
        for key in dict.fromkeys(key for other in rivals for key in other):
            n_apart = len({tuple(str(other.get(k)) for k in (*chosen, key)) for other in rivals})
            if n_apart > n_told_apart:
                chosen, n_told_apart = [*chosen, key], n_apart
        names.append(name + "".join(f", {key} {own.get(key)}" for key in chosen))
    return names


def _check(group: RunGroup) -> None:
    first = group.runs[0]
    of_split: dict[tuple[int | str | None, int], Run] = {}
    seen: dict[tuple[int | str | None, ...], Run] = {}
    for run in group.runs:
        other = of_split.setdefault((run.fold, run.split_seed), run)
        for reference, theirs, own in (
            (first, first.settings.flat(), run.settings.flat()),
            (other, other.hashes, run.hashes),  # other folds may have other classes and videos
        ):
            keys = [key for key in {**theirs, **own} if theirs.get(key) != own.get(key)]
            if keys:
                what = ", ".join(f"{key} ({own.get(key)} / {theirs.get(key)})" for key in keys)
                raise ValueError(
                    f"{group.name}: {run.folder} differs from {reference.folder} in {what}; runs of one row may differ "
                    "in seed, split seed and fold only; put them into folders of other names or use --group-by settings"
                )
        twin = seen.setdefault((run.seed, run.fold, run.split_seed, run.training_videos), run)
        if twin is not run:
            raise ValueError(
                f"{group.name}: {twin.folder} and {run.folder} are the same result twice (seed {run.seed}, split seed "
                f"{run.split_seed}, fold {run.fold}, the same training videos); give each once"
            )
