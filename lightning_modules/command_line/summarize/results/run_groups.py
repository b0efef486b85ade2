"""Groups runs into rows of `zsar summarize`, with mean and deviation over seeds and folds."""

from __future__ import annotations

import re
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, TypeVar

from zsar.lightning_modules.command_line.summarize.report_table import Figure
from zsar.lightning_modules.command_line.summarize.results.group_by import GroupBy
from zsar.lightning_modules.command_line.summarize.results.localization_results import (
    LocalizationRun,
    LocalizationSettings,
    is_localization,
    localization_run,
)
from zsar.lightning_modules.command_line.summarize.results.recognition_results import Run, RunSettings, recognition_run
from zsar.lightning_modules.command_line.summarize.results.result_reading import read_result
from zsar.lightning_modules.run_folders.run_record import NOT_RECORDED

R = TypeVar("R", Run, LocalizationRun)

_RECORDED = ("training.", "test.")
RUN_OF_A_ROW = re.compile(r"(seed|split|fold)[-_]?\d+")
"""Names of the folders of runs of a row: seed0, split_1, ..."""


@dataclass(frozen=True)
class Row(Generic[R]):
    """The runs of one row.

    Attributes:
        name: Name of the row.
        runs: At least one run; all have the same settings.
    """

    name: str
    runs: tuple[R, ...]

    @property
    def set_names(self) -> tuple[str, ...]:
        """The figures of all runs: of recognition the sets with the harmonic mean, of localization the thresholds."""
        return tuple(self.runs[0].figures)

    @property
    def n_folds(self) -> int:
        """Official splits, or draws of classes, that were tested."""
        return len({run.fold for run in self.runs})

    def mean(self, name: str) -> float:
        """Mean over runs of a figure, in percent."""
        return statistics.mean(run.figures[name] for run in self.runs)

    @property
    def damage_notes(self) -> list[str]:
        """How many damaged frames a run accepted, the most of all runs; nothing where none were."""
        most = max(run.n_damaged for run in self.runs)
        return [f"{self.name}: up to {most} damaged frames of a run were accepted"] if most else []

    def std(self, name: str) -> float | None:
        """Sample standard deviation (n - 1) of a figure; None for a single run."""
        return statistics.stdev(run.figures[name] for run in self.runs) if len(self.runs) > 1 else None

    def figure(self, name: str) -> Figure:
        """A figure as the papers print it: mean, and deviation for several runs."""
        return Figure(self.mean(name), self.std(name))


class RunGroup(Row[Run]):
    """A row of recognition."""

    @property
    def settings(self) -> RunSettings:
        """The settings of all runs."""
        return self.runs[0].settings

    @property
    def n_folds(self) -> int:
        """Official splits, or draws of classes, that were tested."""
        return super().n_folds * self.runs[0].n_draws

    def std(self, name: str) -> float | None:
        """Sample standard deviation (n - 1) of a figure, over the runs or the draws of classes of a single one."""
        return self.runs[0].deviations.get(name) if len(self.runs) == 1 else super().std(name)


class LocalizationGroup(Row[LocalizationRun]):
    """A row of localization."""

    @property
    def settings(self) -> LocalizationSettings:
        """The settings of all runs."""
        return self.runs[0].settings

    @property
    def n_adaptations(self) -> float:
        """How often something was adapted, the mean over runs."""
        return statistics.mean(run.n_adaptations for run in self.runs)

    @property
    def compared_scores(self) -> tuple[str, ...]:
        """The scores of segments that all runs compared."""
        return tuple(s for s in self.runs[0].segment_scores if all(s in run.segment_scores for run in self.runs))

    def score_figure(self, score: str, name: str) -> Figure:
        """A figure by one of these scores: mean, and sample standard deviation (n - 1) for several runs."""
        values = [run.segment_scores[score][name] for run in self.runs]
        return Figure(statistics.mean(values), statistics.stdev(values) if len(values) > 1 else None)


def read_run(folder: Path) -> Run | LocalizationRun:
    """Reads the results.json of a run of either task.

    Args:
        folder: A run folder after `zsar test`.

    Returns:
        The run.

    Raises:
        ValueError: There is no result, zsar did not write it, or it covers only a part of the test set.
    """
    content = read_result(folder)
    return localization_run(folder, content) if is_localization(content) else recognition_run(folder, content)


def group_runs(runs: Sequence[Run | LocalizationRun], by: GroupBy = "folder") -> list[RunGroup | LocalizationGroup]:
    """Groups runs that differ only in seed or fold into rows, for both tasks.

    Args:
        runs: The runs, in the order of the rows.
        by: "folder": NAME/seed0, NAME/split1, NAME/fold1/seed0 and the like are the row NAME. "settings": runs with
            the same settings are a row, wherever they lie.

    Returns:
        The rows of recognition, then those of localization; names are unique among all of them.

    Raises:
        ValueError: Runs of one row differ in something else, or are the same result twice.
    """
    members: dict[Path | RunSettings | LocalizationSettings, list[Run | LocalizationRun]] = {}
    for run in runs:
        members.setdefault(run.settings if by == "settings" else _row_folder(run.folder), []).append(run)
    folders = [key for key in members if isinstance(key, Path)]
    names = _folder_names(folders) + _settings_names([key for key in members if not isinstance(key, Path)])
    recognized, localized = [], []
    for name, group in zip(names, members.values(), strict=True):
        _check(name, group)
        if runs_of_row := tuple(run for run in group if isinstance(run, Run)):
            recognized.append(RunGroup(name, runs_of_row))
        else:
            localized.append(LocalizationGroup(name, tuple(run for run in group if isinstance(run, LocalizationRun))))
    return [*recognized, *localized]


def _row_folder(folder: Path) -> Path:
    resolved = folder.resolve()
    while RUN_OF_A_ROW.fullmatch(resolved.name):
        resolved = resolved.parent
    return resolved


def _folder_names(folders: Sequence[Path]) -> list[str]:
    """Names of the folders, with the fewest parents that make them unique."""
    names = [folder.name for folder in folders]
    for depth in range(2, max((len(folder.parts) for folder in folders), default=0) + 1):
        names = [
            "/".join(folder.parts[-depth:]) if names.count(name) > 1 else name
            for name, folder in zip(names, folders, strict=True)
        ]
    return names


def _settings_names(settings: Sequence[RunSettings | LocalizationSettings]) -> list[str]:
    """Model, data set and protocol, with further settings for rows that agree in these three."""
    short = [f"{row.model.split('.')[-1]} {row.data_set} {row.protocol}" for row in settings]
    flat = [row.flat() for row in settings]
    names = []
    for name, row_settings in zip(short, flat, strict=True):
        rivals = [other for other, theirs in zip(flat, short, strict=True) if theirs == name]
        chosen: list[str] = []
        n_told_apart = 1
        for key in dict.fromkeys(key for other in rivals for key in other):
            n_apart = len({tuple(str(other.get(k)) for k in (*chosen, key)) for other in rivals})
            if n_apart > n_told_apart:
                chosen, n_told_apart = [*chosen, key], n_apart
        names.append(name + "".join(f", {key} {row_settings.get(key)}" for key in chosen))
    return names


def _check(name: str, runs: Sequence[Run | LocalizationRun]) -> None:
    """Checks that runs of one row have one task, differ only in seed and fold, and are given once."""
    first = runs[0]
    of_draw: dict[tuple[int | str | None, ...], Run | LocalizationRun] = {}
    of_training: dict[tuple[str, ...], Run] = {}
    seen: dict[tuple[int | str | None, ...], Run | LocalizationRun] = {}
    for run in runs:
        if type(run) is not type(first):
            raise ValueError(
                f"{name}: {run.folder} and {first.folder} are results of recognition and of localization; put them "
                "into folders of other names or use --group_by settings"
            )
        _check_same(name, (run, run.settings.flat()), (first, first.settings.flat()))
        other = of_draw.setdefault(run.draw, run)  # other folds may have other classes and videos
        _check_same(name, (run, run.hashes), (other, other.hashes))
        made_of = run.backbone if isinstance(run, LocalizationRun) else run.training_videos
        called = "backbone" if isinstance(run, LocalizationRun) else "training videos"
        if isinstance(run, Run):
            like = of_training.setdefault(run.training_draw, run)
            _check_same(name, (run, {called: made_of}), (like, {called: like.training_videos}))
        twin = seen.setdefault((run.seed, *run.draw, made_of), run)
        if twin is not run:
            raise ValueError(
                f"{name}: {twin.folder} and {run.folder} are the same result twice (seed {run.seed}, split seed "
                f"{run.split_seed}, fold {run.fold}, the same {called}); give each once"
            )


def _check_same(
    name: str,
    ours: tuple[Run | LocalizationRun, Mapping[str, Any]],
    theirs: tuple[Run | LocalizationRun, Mapping[str, Any]],
) -> None:
    """Checks that a run has the settings of an earlier one."""
    (run, settings), (other, of_other) = ours, theirs
    keys = [key for key in {**of_other, **settings} if of_other.get(key) != settings.get(key)]
    if keys:
        what = ", ".join(f"{key} ({_recorded(settings, key)} / {_recorded(of_other, key)})" for key in keys)
        raise ValueError(
            f"{name}: {run.folder} differs from {other.folder} in {what}; runs of one row may differ in seed, split "
            "seed and fold only; put them into folders of other names or use --group_by settings"
        )


def _recorded(settings: Mapping[str, Any], key: str) -> str:
    """A setting for a message; "not recorded" if an older result, or its checkpoint, lacks it."""
    is_recorded = key in settings or not (key.startswith(_RECORDED) or key.endswith("in training"))
    return str(settings.get(key)) if is_recorded else NOT_RECORDED
