"""The settings of a run beside those of its experiment: both parsed, leaf by leaf.

The experiment's files are parsed as `zsar fit` and `zsar test` parse them, with the defaults of today. What differs is
what the command line changed, or a default that has changed since; as options, the differences give the run again.
"""

from __future__ import annotations

import contextlib
import io
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from zsar.lightning_modules.command_line.report.reported_run import ReportedRun, part
from zsar.lightning_modules.experiments.shipped_configs import located
from zsar.lightning_modules.run_folders.run_record import NOT_RECORDED
from zsar.lightning_modules.run_folders.settings_of_before import config_of_now
from zsar.runtime.class_paths import with_current_class_paths
from zsar.runtime.flat_settings import flat_settings

ABSENT = "(none)"
"""Stands for a setting that one side does not have."""

# Where a run lies and how it began; these are no settings of it.
_OF_FOLDERS = (
    *("config", "run_dir", "overwrite", "ckpt_path", "verbose", "return_predictions", "weights_only"),
    *("trainer.default_root_dir", "checkpoint.dirpath"),
)
_SHOWN_LENGTH = 300


@dataclass(frozen=True)
class Difference:
    """A setting that differs.

    Attributes:
        name: As an option has it, without "--": "data.split.fold".
        experiment: Its value in the experiment, or `ABSENT`; JSON, but for plain texts.
        run: Its value in the run, or `ABSENT`.
    """

    name: str
    experiment: str
    run: str


@dataclass(frozen=True)
class ComparedConfig:
    """The configuration of a run beside its experiment.

    Attributes:
        files: The configuration files that were given, as typed; empty where that is not recorded.
        differences: In what the run differs from them; empty if `problem` is given.
        problem: Why they cannot be compared; None if they were.
        settings: All settings of the run by name, as texts.
    """

    files: tuple[str, ...]
    differences: tuple[Difference, ...]
    problem: str | None
    settings: dict[str, str]


def compared_config(run: ReportedRun) -> ComparedConfig:
    """Compares the configuration of a run with its experiment.

    Args:
        run: The run; the configuration is that of its main stage, else of its last training.
    """
    settings = plain_settings(run.config)
    files = tuple(str(name) for name in part(run.config, "config", kind=list) or ())
    if not files:
        what = "which configuration files were given" if run.config else "its configuration"
        return ComparedConfig((), (), f"{what}: {NOT_RECORDED}", settings)
    missing = [name for name in files if located(name) is None]
    if missing:
        return ComparedConfig(files, (), f"{', '.join(missing)}: no such file from this working directory", settings)
    stated = _parsed(run.main_stage or "fit", files)
    if isinstance(stated, str):
        return ComparedConfig(files, (), f"{', '.join(files)} cannot be parsed any more: {stated}", settings)
    names = dict.fromkeys((*stated, *settings))
    pairs = [Difference(name, stated.get(name, ABSENT), settings.get(name, ABSENT)) for name in names]
    return ComparedConfig(files, tuple(pair for pair in pairs if _differs(pair)), None, settings)


def plain_settings(config: Mapping[str, Any]) -> dict[str, str]:
    """The settings of a configuration by name, as texts; without folders and what Lightning keeps for itself.

    Args:
        config: A configuration of any age.
    """
    plain = json.loads(json.dumps(dict(config), default=str))
    with contextlib.suppress(TypeError, AttributeError, LookupError, ValueError):  # shown as it is, if of other layout
        plain = config_of_now(with_current_class_paths(plain))
    leaves = [(name, value) for name, value in flat_settings(plain) if name not in _OF_FOLDERS]
    return {name.replace("init_args.", ""): _text(value) for name, value in leaves if "._" not in f".{name}"}


def _differs(pair: Difference) -> bool:
    """Whether two values differ; an option that a version lacks, and that is not set in the other, changes nothing."""
    return pair.experiment != pair.run and {pair.experiment, pair.run} != {ABSENT, "null"}


def shortened(text: str) -> str:
    """A value that is short enough for a table."""
    return text if len(text) <= _SHOWN_LENGTH else f"{text[:_SHOWN_LENGTH]} … ({len(text):,} characters)"


def _text(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


@cache
def _parsed(stage: str, files: tuple[str, ...]) -> dict[str, str] | str:
    """The settings of files, parsed once; or why they cannot be parsed."""
    # here, as it imports Lightning and the models, which takes seconds
    from zsar.lightning_modules.command_line.fit_and_test.parsed_command import parsed_config

    said = io.StringIO()
    try:
        with contextlib.redirect_stderr(said), contextlib.redirect_stdout(said):
            config = parsed_config([stage, *(word for name in files for word in ("--config", name))])
    except SystemExit:  # the parser's message is what it printed
        return " ".join(said.getvalue().split())
    except (ValueError, TypeError, LookupError, OSError, ImportError, RuntimeError) as error:
        return " ".join(str(error).split())
    return plain_settings(config)
