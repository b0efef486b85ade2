"""ReportedRun: what lies in a run folder, as the sections of a report read it.

Nothing here needs torch. A file that cannot be read is a problem that the page states; the rest is still shown.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

from zsar.lightning_modules.command_line.report.facts.read_predictions import Predictions, read_predictions
from zsar.lightning_modules.command_line.report.facts.training_logs import LoggedMetric, read_metrics
from zsar.lightning_modules.command_line.summarize.results.localization_results import (
    LocalizationRun,
    LocalizationSettings,
    is_localization,
    localization_run,
    localization_settings,
)
from zsar.lightning_modules.command_line.summarize.results.recognition_results import (
    Run,
    RunSettings,
    recognition_run,
    recognition_settings,
)
from zsar.lightning_modules.run_folders.checkpoint_names import checkpoints_in
from zsar.lightning_modules.run_folders.picture_files import Picture, read_pictures
from zsar.lightning_modules.run_folders.prediction_files import prediction_tables
from zsar.lightning_modules.run_folders.run_folder import RESULT_FILES
from zsar.runtime.files.given_files import read_given_json
from zsar.runtime.text.bounded_yaml import read_yaml_file

T = TypeVar("T")

_REMEDY = "run its command again"
_STAGES = ("fit", "validate", "test", "predict")


@dataclass(frozen=True)
class ReportedRun:
    """A run folder.

    Attributes:
        folder: Where it lies.
        name: Its name in the report, unique there.
        results: What the files of results hold, by stage: "test", "validate", "predict".
        problems: Files that could not be read, a sentence each.
    """

    folder: Path
    name: str
    results: Mapping[str, Mapping[str, Any]]
    problems: list[str] = field(default_factory=list)

    @cached_property
    def tested(self) -> Run | LocalizationRun | None:
        """The test as `zsar summarize` reads it; None where there is none, or it is not of the whole test set.

        Why it cannot be read is noted in `problems`.
        """
        content = self.results.get("test")
        if content is None or self.is_partial:
            return None
        try:
            return (localization_run if is_localization(content) else recognition_run)(self.folder, content)
        except ValueError as error:
            self.problems.append(str(error))
            return None

    @cached_property
    def test_settings(self) -> RunSettings | LocalizationSettings | None:
        """What the test was made with, also where a limit left out videos; None where it cannot be told."""
        if not self.is_partial:
            return None if self.tested is None else self.tested.settings
        try:
            return (localization_settings if self.is_localization else recognition_settings)(self.main_result)
        except (KeyError, TypeError, AttributeError, IndexError, ValueError):
            return None

    @cached_property
    def is_partial(self) -> bool:
        """Whether a limit on batches left out a part of the videos of its main stage."""
        return part(self.main_result, "complete", kind=bool) is False

    @cached_property
    def main_stage(self) -> str | None:
        """The stage that the run is reported by: test, else validate, else predict; None for a training alone."""
        return next((stage for stage in ("test", "validate", "predict") if stage in self.results), None)

    @cached_property
    def main_result(self) -> Mapping[str, Any]:
        """The result of that stage; empty for a training alone."""
        return {} if self.main_stage is None else self.results[self.main_stage]

    @cached_property
    def is_localization(self) -> bool:
        """Whether it finds actions in time."""
        return is_localization(self.main_result)

    @cached_property
    def logs(self) -> dict[str, Path]:
        """The logs in `csv/` by name: "fit", "fit_2", "test", ... in the order in which they were begun."""
        paths = {path.parent.name: path for path in sorted(self.folder.glob("csv/*/metrics.csv"))}
        return dict(sorted(paths.items(), key=lambda item: _order_of_log(item[0])))

    @cached_property
    def training_metrics(self) -> dict[str, LoggedMetric]:
        """The logged metrics of its trainings by name; what cannot be read is noted in `problems`."""
        return read_metrics((path for name, path in self.logs.items() if name.startswith("fit")), self.problems)

    @cached_property
    def pictures(self) -> list[Picture]:
        """What visualization callbacks wrote; empty where the list of them cannot be read, noted in `problems`."""
        try:
            return read_pictures(self.folder)
        except (OSError, ValueError) as error:
            self.problems.append(str(error))
            return []

    @cached_property
    def config(self) -> Mapping[str, Any]:
        """The configuration of the main stage, else of the last training; empty where none is recorded."""
        if self.main_result:
            return part(self.main_result, "config", kind=dict) or {}
        return self.training_config

    @cached_property
    def training_config(self) -> Mapping[str, Any]:
        """The configuration of the last training; empty where none is recorded."""
        path = self.training_config_file
        if path is None:
            return {}
        try:
            content = read_yaml_file(path)
        except (OSError, ValueError) as error:
            self.problems.append(str(error))
            return {}
        return content if isinstance(content, dict) else {}

    @cached_property
    def training_config_file(self) -> Path | None:
        """The file of the configuration of the last training; None where there is none."""
        trainings = [path.with_name("config.yaml") for name, path in self.logs.items() if name.startswith("fit")]
        return next((path for path in reversed(trainings) if path.is_file()), None)

    @cached_property
    def checkpoints(self) -> list[str]:
        """Names of its checkpoints."""
        return [path.name for path in checkpoints_in(self.folder / "checkpoints")]

    @cached_property
    def prediction_sets(self) -> dict[str, Path]:
        """The files of predictions by set; "predict" for the unlabelled videos of `zsar predict`."""
        tables: dict[str, Path] = {}
        for name, path in prediction_tables(self.folder):
            tables.setdefault(name, path)
        return tables

    def predictions(self, set_name: str) -> Predictions | None:
        """Reads the predictions of a set, once.

        Args:
            set_name: The set.

        Returns:
            They; None where the folder has no file of them, or it cannot be read, which is noted in `problems`.
        """
        if set_name not in self._predictions:
            self._predictions[set_name] = self._read_predictions(set_name)
        return self._predictions[set_name]

    @cached_property
    def _predictions(self) -> dict[str, Predictions | None]:
        return {}

    def _read_predictions(self, set_name: str) -> Predictions | None:
        path = self.prediction_sets.get(set_name)
        if path is None:
            return None
        try:
            return read_predictions(path)
        except (OSError, ValueError) as error:
            self.problems.append(str(error))
            return None


def read_reported_run(folder: Path, name: str) -> ReportedRun:
    """Reads what a report needs of a run folder.

    Args:
        folder: The folder.
        name: Its name in the report.

    Returns:
        The run; files of results that cannot be read are in its `problems`.
    """
    results: dict[str, Mapping[str, Any]] = {}
    problems: list[str] = []
    for stage, file in RESULT_FILES.items():
        path = folder / file
        if not path.exists():
            continue
        try:
            content = read_given_json(path, what="result", remedy=_REMEDY, bytes_of_names=True)
        except (OSError, ValueError) as error:
            problems.append(str(error))
            continue
        if isinstance(content, dict):
            results[stage] = content
        else:
            problems.append(f"{path} holds a {type(content).__name__}, not a result; {_REMEDY}")
    return ReportedRun(folder, name, results, problems)


def part(content: object, *keys: str, kind: type[T]) -> T | None:
    """A part of a result, which older or damaged ones may lack.

    Args:
        content: What the file holds.
        keys: The keys that lead to it.
        kind: The type that it must have; a whole number passes for a float.

    Returns:
        It; None where it is not there, or is of another type.
    """
    for key in keys:
        content = content.get(key) if isinstance(content, Mapping) else None
    if kind is float and isinstance(content, int) and not isinstance(content, bool):
        return float(content)  # type: ignore[return-value]
    is_of_kind = isinstance(content, kind) and not (kind is int and isinstance(content, bool))
    return content if is_of_kind else None  # type: ignore[return-value]


def _order_of_log(name: str) -> tuple[int, int]:
    stage, _, number = name.partition("_")
    known = _STAGES.index(stage) if stage in _STAGES else len(_STAGES)
    return known, int(number) if number.isdecimal() else 1
