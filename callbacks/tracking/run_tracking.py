"""RunTracking: tells Weights & Biases how a run is made, and hands it tables and files when the run ends."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from lightning.pytorch import Callback, LightningModule, Trainer
from lightning.pytorch.loggers import WandbLogger
from lightning.pytorch.trainer.states import TrainerFn

from zsar.callbacks.tracking.tracked_config import tracked_config, tracked_summary, tracked_tags
from zsar.callbacks.tracking.tracked_files import (
    TrackedFiles,
    artifact_name,
    checkpoint_files,
    picture_files,
    result_files,
)
from zsar.callbacks.tracking.tracked_tables import tracked_tables
from zsar.lightning_modules.localization.localizer import ActionLocalizer
from zsar.lightning_modules.recognition.recognizer import ActionRecognizer
from zsar.lightning_modules.run_folders.run_folder import RESULT_FILES
from zsar.runtime.terminal import say

Page = Callable[[Path, Path], str | None]
"""Writes the report of a run folder to a file, or says why it cannot."""


class RunTracking(Callback):
    """Tracks a run with every `WandbLogger` of the trainer, in the first process.

    At the start: configuration and tags. At the end, from the files in the run folder: tables of predictions, classes
    and sets, and as artifacts the results, what belongs to pictures, the report page, and checkpoints if asked for.
    Metrics and the pictures themselves are logged by whoever makes them.
    """

    def __init__(
        self,
        *,
        experiment: Sequence[str],
        settings: Mapping[str, Any],
        page: Page | None = None,
        with_checkpoints: bool = False,
    ) -> None:
        """Stores the arguments.

        Args:
            experiment: Names of the configuration files that make the experiment.
            settings: The whole configuration of the command.
            page: Writes the report page; None for no page.
            with_checkpoints: Whether the checkpoints of a training become an artifact.
        """
        self._experiment = list(experiment)
        self._settings = settings
        self._page = page
        self._with_checkpoints = with_checkpoints

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Logs configuration and tags."""
        self._describe(trainer, pl_module)

    def on_validation_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Logs configuration and tags of `zsar validate`; training does so when it starts."""
        if trainer.state.fn == "validate":
            self._describe(trainer, pl_module)

    on_test_start = on_train_start
    on_predict_start = on_train_start

    def teardown(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        """Logs summary, tables and artifacts, after all other callbacks have written their files."""
        loggers = _loggers(trainer)
        if not trainer.is_global_zero or not loggers:
            return
        folder, command = Path(trainer.default_root_dir), _command(trainer)
        if command == "fit":
            checkpoints = getattr(trainer.checkpoint_callback, "dirpath", None) if self._with_checkpoints else None
            artifacts = [] if checkpoints is None else [checkpoint_files(Path(checkpoints))]
            for logger in loggers:
                _log_artifacts(logger, artifacts)
            return
        result = json.loads((folder / RESULT_FILES[command]).read_text(encoding="utf-8"))
        tables = tracked_tables(folder, result)
        for table in tables:
            if len(table.rows) < table.n_rows:
                say(
                    f"W&B: the table {table.name} shows {len(table.rows):,} of {table.n_rows:,} rows; all are in the "
                    "artifact of results"
                )
        artifacts = [result_files(folder, command, list(result["sets"])), picture_files(folder, command)]
        for logger in loggers:
            logger.experiment.summary.update(tracked_summary(result))
            for table in tables:
                logger.log_table(table.name, columns=table.columns, data=table.rows)
            _log_artifacts(logger, artifacts)
        with tempfile.TemporaryDirectory(prefix="zsar-page-") as temporary:
            page = self._report(folder, Path(temporary) / "report.html")
            for logger in loggers:
                _log_artifacts(logger, page)

    def _describe(self, trainer: Trainer, model: LightningModule) -> None:
        assert isinstance(model, ActionRecognizer | ActionLocalizer)
        loggers = _loggers(trainer)
        if not trainer.is_global_zero or not loggers:
            return
        stage, names, settings = _command(trainer), self._experiment, self._settings
        config = tracked_config(trainer, model, stage=stage, experiment=names, settings=settings)
        tags = tracked_tags(trainer, model)
        for logger in loggers:
            logger.log_hyperparams(config)
            given = logger.experiment.tags or ()
            logger.experiment.tags = tuple(dict.fromkeys((*given, *tags)))

    def _report(self, folder: Path, path: Path) -> list[TrackedFiles]:
        """The report page as an artifact, or none, and why."""
        if self._page is None:
            return []
        problem = self._page(folder, path)
        if problem is not None:
            say(f"W&B: without the report page: {problem}", error=True)
            return []
        return [TrackedFiles("report", {"report.html": path})]


def _command(trainer: Trainer) -> str:
    return TrainerFn(trainer.state.fn).value  # str() of it is "TrainerFn.TESTING"


def _loggers(trainer: Trainer) -> list[WandbLogger]:
    return [logger for logger in trainer.loggers if isinstance(logger, WandbLogger)]


def _log_artifacts(logger: WandbLogger, artifacts: Sequence[TrackedFiles]) -> None:
    import wandb  # here, as loading it takes half a second

    run = logger.experiment
    for tracked in artifacts:
        if tracked.files:
            artifact = wandb.Artifact(artifact_name(str(run.name), tracked.kind), type=tracked.kind)
            for name, path in tracked.files.items():
                artifact.add_file(str(path), name=name)
            run.log_artifact(artifact)
