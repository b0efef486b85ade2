"""Which runs are one row of `zsar summarize`, and what the row says: mean and deviation over seeds and folds."""

from __future__ import annotations

import re
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, Literal, TypeVar

from zsar.lightning_modules.command_line.summarize.localization_results import LocalizationRun, LocalizationSettings
from zsar.lightning_modules.command_line.summarize.run_results import Run, RunSettings
from zsar.lightning_modules.run_folders.run_record import NOT_RECORDED

GroupBy = Literal["folder", "settings"]

R = TypeVar("R", Run, LocalizationRun)

_RECORDED = ("training.", "test.")
_RUN_OF_A_ROW = re.compile(r"(seed|split|fold)[-_]?\d+")


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
    def damage_note(self) -> str | None:
        """How many damaged frames a run accepted, the most of all runs; None for none."""
        most = max(run.n_damaged for run in self.runs)
        return f"{self.name}: up to {most} damaged frames of a run were accepted" if most else None

    def std(self, name: str) -> float | None:
        """Sample standard deviation (n - 1) of a figure; None for a single run."""
        return statistics.stdev(run.figures[name] for run in self.runs) if len(self.runs) > 1 else None

    def text(self, name: str) -> str:
        """A figure as the papers print it: "52.9", or "52.9 ± 0.6"."""
        std = self.std(name)
        return f"{self.mean(name):.1f}" + ("" if std is None else f" ± {std:.1f}")


class RunGroup(Row[Run]):
    """A row of recognition."""

    @property
    def settings(self) -> RunSettings:
        """The settings of all runs."""
        return self.runs[0].settings


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


def group_runs(runs: Sequence[Run], by: GroupBy = "folder") -> list[RunGroup]:
    """Puts runs of recognition that differ in seed or fold only into one row; see `group_tasks`."""
    return group_tasks(runs, by)[0]


def group_tasks(
    runs: Sequence[Run | LocalizationRun], by: GroupBy = "folder"
) -> tuple[list[RunGroup], list[LocalizationGroup]]:
    """Puts runs that differ in seed or fold only into one row, whatever their task.

    Args:
        runs: The runs, in the order of the rows.
        by: "folder": NAME/seed0, NAME/split1, NAME/fold1/seed0 and the like are the row NAME. "settings": runs with
            the same settings are a row, wherever they lie.

    Returns:
        The rows of recognition, and those of localization; names are unique among all of them.

    Raises:
        ValueError: Runs of one row differ in something else, or are the same result twice.
    """
    members: dict[Path | RunSettings | LocalizationSettings, list[Run | LocalizationRun]] = {}
    for run in runs:
        members.setdefault(run.settings if by == "settings" else _row_folder(run.folder), []).append(run)
    folders = [key for key in members if isinstance(key, Path)]
    names = _folder_names(folders) + _settings_names([key for key in members if not isinstance(key, Path)])
    rows = dict(zip(names, members.values(), strict=True))
    for name, own in rows.items():
        _check(name, own)
    recognized = {name: tuple(run for run in own if isinstance(run, Run)) for name, own in rows.items()}
    localized = {name: tuple(run for run in own if isinstance(run, LocalizationRun)) for name, own in rows.items()}
    return (
        [RunGroup(name, own) for name, own in recognized.items() if own],
        [LocalizationGroup(name, own) for name, own in localized.items() if own],
    )


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


def _settings_names(settings: Sequence[RunSettings | LocalizationSettings]) -> list[str]:
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


def _check(name: str, runs: Sequence[Run | LocalizationRun]) -> None:
    first = runs[0]
    of_draw: dict[tuple[int | str | None, ...], Run | LocalizationRun] = {}
    of_training: dict[tuple[str, ...], Run] = {}
    seen: dict[tuple[int | str | None, ...], Run | LocalizationRun] = {}
    for run in runs:
        if type(run) is not type(first):
            raise ValueError(
                f"{name}: {run.folder} and {first.folder} are results of recognition and of localization; put them "
                "into folders of other names or use --group-by settings"
            )
        other = of_draw.setdefault(run.draw, run)
        compared: list[tuple[Run | LocalizationRun, Mapping[str, Any], Mapping[str, Any]]] = [
            (first, first.settings.flat(), run.settings.flat()),
            (other, other.hashes, run.hashes),  # other folds may have other classes and videos
        ]
        if isinstance(run, Run):
            like = of_training.setdefault(run.training_draw, run)
            theirs, own = {"training videos": like.training_videos}, {"training videos": run.training_videos}
            compared.append((like, theirs, own))
        for reference, of_reference, of_run in compared:
            keys = [key for key in {**of_reference, **of_run} if of_reference.get(key) != of_run.get(key)]
            if keys:
                what = ", ".join(f"{key} ({_said(of_run, key)} / {_said(of_reference, key)})" for key in keys)
                raise ValueError(
                    f"{name}: {run.folder} differs from {reference.folder} in {what}; runs of one row may differ "
                    "in seed, split seed and fold only; put them into folders of other names or use --group-by settings"
                )
        made_of, called = (
            (run.training_videos, "training videos") if isinstance(run, Run) else (run.backbone, "backbone")
        )
        twin = seen.setdefault((run.seed, *run.draw, made_of), run)
        if twin is not run:
            raise ValueError(
                f"{name}: {twin.folder} and {run.folder} are the same result twice (seed {run.seed}, split seed "
                f"{run.split_seed}, fold {run.fold}, the same {called}); give each once"
            )


def _said(settings: Mapping[str, Any], key: str) -> str:
    """A setting for a message; what an older result, or the checkpoint that it is of, does not record is said so."""
    is_recorded = key in settings or not (key.startswith(_RECORDED) or key.endswith("in training"))
    return str(settings.get(key)) if is_recorded else NOT_RECORDED
