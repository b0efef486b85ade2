"""The loggers of a run: a CSV log always, Weights & Biases when asked for, and those that a configuration lists."""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any, Literal

from lightning.pytorch.cli import LightningArgumentParser
from lightning.pytorch.loggers import CSVLogger, Logger, WandbLogger

from zsar.lightning_modules.command_line.fit_and_test.short_help import EXPLAINED

IN_RUN_FOLDER = "RUN_DIR"
"""How a configuration names the run folder in `save_dir` of a logger: "RUN_DIR", or "RUN_DIR/logs"."""

_VERSION_IS_FOLDER = (".CSVLogger", ".TensorBoardLogger")  # that of W&B is the id of its run
_DATA_DIR = "WANDB_DATA_DIR"  # where W&B collects the files of artifacts
_ONLY_TRACKED = {"wandb_group": None, "wandb_checkpoints": False}  # options without effect where nothing is tracked


def add_tracking_options(parser: LightningArgumentParser) -> None:
    """Adds the options of Weights & Biases to a command."""
    parser.add_argument(
        "--wandb",
        type=Literal["off", "offline", "online"],
        default="off",
        help="Track the run with Weights & Biases: offline needs no account (`wandb sync` uploads later).",
    )
    parser.add_argument("--wandb_project", type=str, default="zsar", help="The W&B project.")
    parser.add_argument(
        "--wandb_group",
        type=str | None,
        default=None,
        help="The W&B group of the run; by default its experiment, so that its seeds and splits stand together.",
    )
    parser.add_argument("--wandb_checkpoints", action="store_true", help=EXPLAINED["--wandb_checkpoints"][1])


def check_tracking(config: Any, command: str) -> None:  # noqa: ANN401 - jsonargparse's Namespace
    """Checks that no option of Weights & Biases is given that would have no effect.

    Args:
        config: The configuration of the command.
        command: "fit", "validate", "test" or "predict".

    Raises:
        ValueError: One is.
    """
    if config.wandb != "off" and config.trainer.logger is False:
        raise ValueError(f"--wandb {config.wandb} has no effect with --trainer.logger false; leave out one of them")
    given = [name for name, default in _ONLY_TRACKED.items() if config[name] != default]
    if given and config.wandb == "off":
        raise ValueError(f"--{given[0]} has no effect without tracking: add --wandb offline or online, or leave it out")
    if config.wandb_checkpoints and command != "fit":
        raise ValueError(f"--wandb_checkpoints goes with fit, which writes checkpoints; leave it out of {command}")


def place_loggers(
    given: Any,  # noqa: ANN401 - what Trainer takes as `logger`
    *,
    run_dir: Path,
    command: str,
    outdated: Sequence[Path] = (),
) -> None:
    """Puts the loggers of a configuration that write into RUN_DIR into the run folder, each in a folder of its own.

    Args:
        given: The configuration of `trainer.logger`, which is changed: `save_dir`, and `version` if there is none.
        run_dir: The run folder.
        command: "fit", "validate", "test" or "predict".
        outdated: Files that `--overwrite` will remove.

    Raises:
        ModuleNotFoundError: The package of a TensorBoardLogger is not installed.
    """
    for logger in given if isinstance(given, list) else [given]:
        if not hasattr(logger, "class_path"):
            continue
        if logger.class_path.endswith(".TensorBoardLogger") and not _has_tensorboard():
            raise ModuleNotFoundError(
                "trainer.logger has a TensorBoardLogger, but its package is not installed: "
                "pip install 'zsar[tensorboard]'"
            )
        settings = logger.get("init_args") or {}
        first, *rest = Path(str(settings.get("save_dir"))).parts or ("",)
        if first == IN_RUN_FOLDER:
            folder = Path(run_dir, *rest)
            settings["save_dir"] = str(folder)
            if logger.class_path.endswith(_VERSION_IS_FOLDER) and settings.get("version") is None:
                settings["version"] = _free_version(folder / (settings.get("name") or ""), command, outdated)


def run_loggers(
    given: Any,  # noqa: ANN401 - what Trainer takes as `logger`
    config: Any,  # noqa: ANN401 - jsonargparse's Namespace
    *,
    command: str,
    experiment: Sequence[str],
) -> list[Logger]:
    """A CSV log always (unless logging is turned off), W&B when asked, and what the configuration lists.

    Args:
        given: `trainer.logger`, instantiated.
        config: The configuration of the command: its run folder and tracking.
        command: "fit", "validate", "test" or "predict".
        experiment: Names of the configuration files that make the experiment.
    """
    if given is False:
        return []
    run_dir = Path(config.run_dir)
    loggers: list[Logger] = [] if given in (None, True) else list(given) if isinstance(given, list) else [given]
    if not any(isinstance(logger, CSVLogger) for logger in loggers):
        loggers.insert(0, CSVLogger(run_dir, name="csv", version=_free_version(run_dir / "csv", command)))
    if config.wandb != "off":
        run_dir.mkdir(parents=True, exist_ok=True)
        tracked = WandbLogger(
            name=run_name(run_dir, command),
            project=config.wandb_project,
            group=config.wandb_group or " + ".join(experiment),
            job_type=command,
            save_dir=run_dir,
            # Not `offline=True`, with which Lightning makes all later runs of the process offline.
            mode="offline" if config.wandb == "offline" else None,
        )
        tracked._wandb_init.pop("anonymous", None)  # Lightning passes it always; W&B warns that it has no effect
        loggers.append(tracked)
    return sorted(
        loggers, key=lambda logger: not isinstance(logger, CSVLogger)
    )  # the first one's folder has the config


def run_name(run_dir: Path, command: str) -> str:
    """The name of a run: the last two folders of its path, and the command.

    Args:
        run_dir: The run folder.
        command: "fit", "validate", "test" or "predict".
    """
    parts = [part for part in Path(os.path.relpath(run_dir)).parts if part not in ("runs", os.pardir)]
    return f"{'/'.join(parts[-2:]) or Path(run_dir).resolve().name} {command}"


@contextmanager
def tracked_until_end(run_dir: Path, *, offline: bool) -> Iterator[None]:
    """Ends the W&B run with the command, and keeps all files of an offline one in the run folder.

    Args:
        run_dir: The run folder.
        offline: Whether files of artifacts wait for `wandb sync`; W&B puts them into a folder of the user otherwise,
            out of reach of a copy of the run. A folder that the user chose by WANDB_DATA_DIR stays.
    """
    import wandb

    running, chosen = wandb.run, os.environ.get(_DATA_DIR)
    if offline and chosen is None:
        os.environ[_DATA_DIR] = str((run_dir / "wandb").resolve())
    code = 1
    try:
        yield
        code = 0
    finally:
        if wandb.run is not None and wandb.run is not running:
            wandb.finish(exit_code=code)
        if chosen is None:
            os.environ.pop(_DATA_DIR, None)


def _free_version(folder: Path, command: str, outdated: Sequence[Path] = ()) -> str:
    """An unused log name for each run in a folder: fit, fit_2, ...; CSVLogger would overwrite an earlier log."""
    names = (f"{command}_{n}" if n > 1 else command for n in count(1))
    return next(name for name in names if set((folder / name).glob("*")) <= set(outdated))


def _has_tensorboard() -> bool:
    return any(importlib.util.find_spec(name) is not None for name in ("tensorboard", "tensorboardX"))
