"""ActionRecognitionCLI: LightningCLI with the additions that every run of zsar needs.

It adds one run folder, the best checkpoint by held-out clips, a CSV log and optionally W&B, and results.json and the
predictions of every test. A model is a recognizer, for trimmed videos, or a localizer, for untrimmed ones; incompatible
settings are rejected before anything is built.
"""

from __future__ import annotations

import signal
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import Any, ClassVar

from lightning.pytorch import Callback, LightningDataModule, LightningModule, Trainer
from lightning.pytorch.cli import LightningArgumentParser, LightningCLI
from lightning.pytorch.loggers import Logger, WandbLogger
from lightning.pytorch.plugins.io import CheckpointIO
from lightning.pytorch.utilities.exceptions import SIGTERMException

from zsar.callbacks.adaptation_callback import AdaptationCallback
from zsar.callbacks.dead_processes import DeadProcesses
from zsar.callbacks.run_checkpoints import RunCheckpoints
from zsar.callbacks.stop_signals import StopSignals
from zsar.callbacks.tracking.run_tracking import Page, RunTracking
from zsar.callbacks.undecodable_videos import UndecodableVideos
from zsar.lightning_modules.command_line.fit_and_test.brief_parser import BriefParser
from zsar.lightning_modules.command_line.fit_and_test.command_help import requested_list
from zsar.lightning_modules.command_line.fit_and_test.end_of_fit import end_of_fit
from zsar.lightning_modules.command_line.fit_and_test.run_callbacks import put_in_order, run_callbacks
from zsar.lightning_modules.command_line.fit_and_test.run_loggers import (
    add_tracking_options,
    check_tracking,
    place_loggers,
    run_loggers,
    tracked_until_end,
)
from zsar.lightning_modules.command_line.fit_and_test.short_help import EXPLAINED
from zsar.lightning_modules.command_line.fit_and_test.typed_commands import (
    command_to_go_on,
    command_to_test,
    experiment_names,
    given_files,
)
from zsar.lightning_modules.command_line.fit_and_test.usable_accelerator import check_accelerator
from zsar.lightning_modules.command_line.model_kinds import (
    check_command_line,
    check_groups,
    check_kinds,
    check_localizer_options,
    chosen_class,
)
from zsar.lightning_modules.command_line.options.spelling import one_spelling
from zsar.lightning_modules.experiments.experiment_files import with_read_experiments
from zsar.lightning_modules.experiments.shipped_configs import with_located_configs
from zsar.lightning_modules.localization.localizer import ActionLocalizer
from zsar.lightning_modules.run_folders.checkpoint_names import checkpoints_in
from zsar.lightning_modules.run_folders.opened_run import NothingLeft, OpenedRun, open_run
from zsar.lightning_modules.run_folders.run_names import with_run_dir
from zsar.lightning_modules.training.whole_checkpoints import WholeCheckpointIO
from zsar.runtime.permitted_classes import imported_kinds, only_permitted_classes
from zsar.runtime.processes.stopping import Stopped, stops_by
from zsar.runtime.terminal import say, warn_as_typed

_NAMED_KINDS = (LightningModule, LightningDataModule, Callback, Logger)  # which a configuration may name


class ActionRecognitionCLI(LightningCLI):
    """The parser and the run of `zsar fit`, `validate`, `test` and `predict`.

    Attributes:
        given: The command line as it was typed.
    """

    given: tuple[str, ...] = ()

    _until_end: ClassVar[ExitStack] = ExitStack()  # resources of the running command, released at its end
    _page: ClassVar[Page | None] = None
    _run: OpenedRun | None = None

    @classmethod
    def run_command(cls, arguments: list[str], *, page: Page | None = None) -> ActionRecognitionCLI | None:
        """Parses a command line and runs it.

        Args:
            arguments: The command line, beginning with the command.
            page: Writes the report page of a tracked run; None for none.

        Returns:
            What ran; None if there is nothing left to do.
        """
        warn_as_typed()  # again, as Lightning has its own form of warnings once it is imported
        arguments, cls._page = one_spelling(arguments), page
        listed = requested_list(arguments)
        if listed is not None:
            say(*listed.split("\n"))
            sys.exit(0)
        stops = StopSignals(arguments[0])
        try:
            with stops_by(signal.SIGTERM, signal.SIGINT, handler=stops.handle):
                return cls._run_parsed(arguments, stops)
        except NothingLeft as message:
            say(message)
            return None
        except (Stopped, SIGTERMException) as stop:
            last = stops.last_checkpoint()
            remedy = None if last is None else f"last.ckpt is saved; to resume: {command_to_go_on(arguments, last)}"
            raise Stopped(stops.signum or signal.SIGTERM, remedy, is_told=stops.is_told) from stop

    @classmethod
    def _run_parsed(cls, arguments: list[str], stops: StopSignals) -> ActionRecognitionCLI:
        cls.given = tuple(arguments)
        with tempfile.TemporaryDirectory(prefix="zsar-") as folder, ExitStack() as cls._until_end:
            read = with_read_experiments(with_run_dir(with_located_configs(arguments)), Path(folder))
            check_command_line(read)
            cls._until_end.enter_context(only_permitted_classes(imported=imported_kinds(*_NAMED_KINDS)))
            return cls(
                LightningModule,
                LightningDataModule,
                subclass_mode_model=True,
                subclass_mode_data=True,
                seed_everything_default=0,
                auto_configure_optimizers=False,
                save_config_kwargs={"overwrite": True, "multifile": False},
                trainer_defaults={"callbacks": [stops, DeadProcesses(arguments[0])]},
                parser_kwargs={"prog": "zsar"},
                parser_class=BriefParser,
                args=read,
            )

    def _add_subcommands(self, parser: LightningArgumentParser, **kwargs: Any) -> None:  # noqa: ANN401 - Lightning's
        super()._add_subcommands(parser, **kwargs)
        for command, of_command in self._subcommand_parsers.items():
            assert isinstance(of_command, BriefParser)
            of_command.shorten_help(command)

    def add_arguments_to_parser(self, parser: LightningArgumentParser) -> None:
        """Adds the run folder, the choice of checkpoint and experiment tracking."""
        parser.add_argument(
            "--run_dir",
            type=str | None,
            default=None,
            help="Folder for everything that the run writes; by default runs/NAME of the experiment's file, or "
            "runs/MODEL_DATA.",
        )
        parser.add_argument("--overwrite", action="store_true", help=EXPLAINED["--overwrite"][1])
        parser.link_arguments("run_dir", "trainer.default_root_dir")
        add_tracking_options(parser)
        parser.add_argument(
            "--adaptation",
            type=AdaptationCallback | None,
            default=None,
            help="Test-time prompt tuning or memory in test and predict; a file of configs/adaptation/, appended with "
            "--config, sets it and the views that it needs.",
        )
        parser.add_lightning_class_args(RunCheckpoints, "checkpoint")
        parser.set_defaults(
            {
                "checkpoint.monitor": "val/top1",
                "checkpoint.mode": "max",
                "checkpoint.filename": "best",
                "checkpoint.save_last": True,
                "checkpoint.enable_version_counter": False,
                "checkpoint.auto_insert_metric_name": False,
            }
        )
        # zsar's samplers distribute videos, test sets without repetition; one line replaces Lightning's model summary.
        parser.set_defaults({"trainer.use_distributed_sampler": False, "trainer.enable_model_summary": False})

    def before_instantiate_classes(self) -> None:
        """Rejects incompatible settings, and completes the configuration with what depends on the run folder."""
        config = self.config[self.subcommand]
        model, data = (chosen_class(section, config[section].class_path) for section in ("model", "data"))
        check_kinds(model, data, command=str(self.subcommand))
        for section, class_ in (("model", model), ("data", data)):
            check_groups(section, class_, config[section].get("init_args") or {})
        if issubclass(model, ActionLocalizer):
            check_localizer_options(model, adaptation=config.adaptation, ckpt_path=config.ckpt_path)
        check_accelerator(config.trainer.accelerator, config.trainer.devices)
        check_tracking(config, str(self.subcommand))
        self._open_run(model)
        if self.subcommand in ("test", "validate"):
            config.verbose = False  # both manifests print their own table
        if self.subcommand == "predict" and issubclass(model, ActionLocalizer):
            config.return_predictions = (
                False  # DetectionFile writes them; keeping the curves of all videos would fill the memory
            )

    def instantiate_classes(self) -> None:
        """Builds all classes, and removes LightningCLI's internal entries from the hyperparameters."""
        super().instantiate_classes()
        for logged in (self.model, self.datamodule):
            for hparams in (logged.hparams, getattr(logged, "_hparams_initial", {})):
                for key in [key for key in hparams if key.startswith("_")]:
                    hparams.pop(key)

    def _open_run(self, model: type) -> None:
        """Sets the checkpoint and the folders of this run in the configuration."""
        config, command = self.config[self.subcommand], str(self.subcommand)
        run = open_run(config.as_dict(), command=command, model=model, until_end=self._until_end)
        config.ckpt_path = None if run.checkpoint is None else str(run.checkpoint)
        config.run_dir = config.trainer.default_root_dir = str(run.folder)
        config.checkpoint.dirpath = str(run.checkpoints)
        if run.is_dry:  # a logger may write elsewhere
            config.wandb, config.trainer.logger = "off", None if config.trainer.logger else config.trainer.logger
        place_loggers(config.trainer.logger, run_dir=run.folder, command=command, outdated=run.outdated)
        self._run = run

    def instantiate_trainer(self, **kwargs: Any) -> Trainer:  # noqa: ANN401 - LightningCLI's signature
        """The trainer with the loggers and callbacks that every run has."""
        if self._run is not None:
            self._run.clear()
        config = self.config_init[self.subcommand]
        if config.trainer.enable_checkpointing is False or config.trainer.fast_dev_run:  # it is rejected or dropped
            self._parser(self.subcommand).callback_keys.remove("checkpoint")
        names, command = experiment_names(self.given), str(self.subcommand)
        loggers = run_loggers(config.trainer.logger, config, command=command, experiment=names)
        callbacks = run_callbacks(
            self.model,
            config,
            command=command,
            written=self._written_config(),
            is_logged=bool(loggers),
            tracking=self._tracking(names) if any(isinstance(logger, WandbLogger) for logger in loggers) else None,
        )
        self.trainer_defaults = {"callbacks": [*self.trainer_defaults["callbacks"], *callbacks]}
        kwargs["plugins"] = _plugins(config.trainer.plugins)
        trainer = super().instantiate_trainer(logger=loggers or False, **kwargs)
        put_in_order(trainer, command)
        return trainer

    @classmethod
    def subcommands(cls) -> dict[str, set[str]]:
        """The given command alone, and the trainer's arguments that are not options (nothing loads pickled objects)."""
        return {name: {*LightningCLI.subcommands()[name], "weights_only"} for name in cls.given[:1]}

    def _parse_ckpt_path(self) -> None:
        """Nothing: a checkpoint is read by `WholeCheckpointIO` alone, and its settings never replace the given ones."""

    def _tracking(self, experiment: list[str]) -> RunTracking:
        config = self.config_init[self.subcommand]
        self._until_end.enter_context(tracked_until_end(Path(config.run_dir), offline=config.wandb == "offline"))
        settings, page, checkpoints = self._written_config(), type(self)._page, config.wandb_checkpoints
        return RunTracking(experiment=experiment, settings=settings, page=page, with_checkpoints=checkpoints)

    def _written_config(self) -> dict[str, Any]:
        config = dict(self.config[self.subcommand].as_dict())
        return {**config, "config": given_files(self.given)} if "config" in config else config

    @property
    def left_out_videos(self) -> bool:
        """Whether a prediction left out undecodable videos."""
        callbacks: list[Any] = self.trainer.callbacks  # type: ignore[attr-defined]
        return any(callback.n_unpredicted for callback in callbacks if isinstance(callback, UndecodableVideos))

    def before_fit(self) -> None:
        """Reports what is trained; rejects a monitored validation metric if no clips are held out."""
        n_parameters = sum(p.numel() for p in self.model.parameters())
        n_trained = sum(p.numel() for p in self.model.parameters() if p.requires_grad)
        if self.trainer.is_global_zero:
            say(f"{type(self.model).__name__}: {n_trained:,} of {n_parameters:,} parameters are trained")
        if self.trainer.checkpoint_callback is None:
            return
        monitor = self.config_init[self.subcommand].checkpoint.monitor
        if not self.datamodule.has_validation_set and monitor is not None and monitor.startswith("val/"):
            raise ValueError(
                f"no clips are held out to choose the best checkpoint by ({monitor}): data.split.held_out_fraction is "
                "0, or data.lists.train is used whole. Hold some out (of a list's data.lists.held_out), or keep the "
                "last: --checkpoint.monitor null --checkpoint.filename last"
            )

    def after_fit(self) -> None:
        """Reports the checkpoints and how to test them, or that none was kept."""
        run, checkpoint = self._run, self.trainer.checkpoint_callback
        if not self.trainer.is_global_zero or run is None or self.trainer.interrupted:
            return
        if run.is_dry or not checkpoints_in(run.checkpoints):
            off = "--trainer.enable_checkpointing is false" if checkpoint is None else "no step was trained"
            is_dry = run.is_dry or self.config_init[self.subcommand].trainer.fast_dev_run
            say(f"no checkpoint was kept: {'this was a dry run' if is_dry else off}")
        elif isinstance(checkpoint, RunCheckpoints):
            summary = end_of_fit(checkpoint, command_to_test(self.given, self.config[self.subcommand].run_dir))
            say(*summary.split("\n"))


def _plugins(given: Any) -> list[Any]:  # noqa: ANN401 - what Trainer takes as `plugins`
    """The given plugins, plus `WholeCheckpointIO` if none of them writes checkpoints."""
    plugins = [] if given is None else list(given) if isinstance(given, list) else [given]
    if not any(isinstance(plugin, CheckpointIO) for plugin in plugins):
        plugins.append(WholeCheckpointIO())
    return plugins
