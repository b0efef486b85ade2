"""The rows of a profile: what each command line states of model, data and adaptation, as `zsar test` parses it."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, replace
from inspect import signature
from pathlib import Path
from typing import Any

from zsar.lightning_modules.command_line.fit_and_test.parsed_command import parsed_config
from zsar.lightning_modules.command_line.model_kinds import check_groups, check_kinds, chosen_class, short_names
from zsar.lightning_modules.command_line.profile.profile_options import ProfileRequest
from zsar.lightning_modules.experiments.experiment_files import stated_class, with_read_experiments
from zsar.lightning_modules.experiments.section_options import section_options
from zsar.lightning_modules.experiments.shipped_configs import located, nowhere, with_located_configs
from zsar.lightning_modules.localization.localizer import ActionLocalizer

# Data sets that touch no file before they are set up, for a model without data.
_ANY_TRIMMED, _ANY_UNTRIMMED = "MovingShapes", "UntrimmedShapes"


@dataclass(frozen=True)
class RequestedRow:
    """A row, parsed; nothing is built.

    Attributes:
        name: Its name in tables.
        series: The same without the number of frames: rows that differ in it alone share a line of a chart.
        config: The configuration of `zsar test`, with all defaults, as plain types.
        has_data: Whether the command line states a data set.
        n_frames: Frames of a view that replace those of the configuration; None for none.
        given: The command line of the row, for the record.
    """

    name: str
    series: str
    config: Mapping[str, Any]
    has_data: bool
    n_frames: int | None = None
    given: tuple[str, ...] = ()

    @property
    def model_class(self) -> type:
        """The class of its model."""
        return chosen_class("model", self.config["model"]["class_path"])

    @property
    def is_localizer(self) -> bool:
        """Whether its model is a localizer."""
        return issubclass(self.model_class, ActionLocalizer)

    @property
    def model_arguments(self) -> dict[str, Any]:
        """The arguments of its model."""
        arguments = deepcopy(dict(self.config["model"].get("init_args") or {}))
        if self.n_frames is not None and "n_frames" in signature(self.model_class).parameters:
            arguments["n_frames"] = self.n_frames
        return arguments

    @property
    def data_arguments(self) -> dict[str, Any]:
        """The arguments of its data module."""
        arguments = deepcopy(dict(self.config["data"].get("init_args") or {}))
        if self.n_frames is not None:
            arguments["clips"]["n_frames"] = self.n_frames
        elif not self.has_data and "clips" in arguments and "n_frames" in self.model_arguments:
            arguments["clips"]["n_frames"] = self.model_arguments["n_frames"]
        return arguments

    @property
    def architecture(self) -> str:
        """The open_clip model."""
        return str(self.model_arguments["backbone"]["architecture"])


def requested_rows(request: ProfileRequest) -> list[RequestedRow]:
    """Parses the rows of a command line.

    Args:
        request: The command line.

    Raises:
        ValueError: An experiment names no model, its settings contradict each other, or frames of a view are given to
            a localizer.
        FileNotFoundError: There is no such configuration.
        SystemExit: The parser rejects a setting; its message is on the standard error.
    """
    return [row for experiment in request.row_experiments for row in _rows_of(experiment, request)]


def _rows_of(experiment: str, request: ProfileRequest) -> Iterator[RequestedRow]:
    files = _files(experiment)
    for name in files:
        if located(name) is None:
            raise FileNotFoundError(f"there is no experiment {name}{nowhere(name)}")
    typed = [word for name in files for word in ("--config", name)] + list(request.settings)
    arguments = with_located_configs(typed)
    with tempfile.TemporaryDirectory(prefix="zsar-") as folder:
        read = with_read_experiments(arguments, Path(folder))
        model, data = (stated_class(read, section) for section in ("model", "data"))
    if model is None:
        raise ValueError(
            f"{experiment or 'the command line'} names no model; give an experiment that does, or --model NAME"
        )
    if data is None:
        is_localizer = model.rpartition(".")[2] in short_names(ActionLocalizer)
        arguments += ["--data", _ANY_UNTRIMMED if is_localizer else _ANY_TRIMMED]
    config = parsed_config(["test", *arguments])
    name = _name(files, arguments, model)
    row = RequestedRow(name, name, config, data is not None, given=tuple(typed))
    _check(row)
    for n_frames in request.frame_numbers:
        if n_frames is not None and row.is_localizer:
            raise ValueError(f"--n_frames is for recognizers; {row.name} is a localizer, which embeds single frames")
        more = "" if len(request.frame_numbers) == 1 else f", {n_frames} frames"
        yield replace(row, name=f"{name}{more}", n_frames=n_frames)


def _files(experiment: str) -> list[str]:
    """The files that an experiment joins by +, unless one is called so."""
    if not experiment:
        return []
    return [experiment] if "+" not in experiment or located(experiment) is not None else experiment.split("+")


def _name(files: Sequence[str], arguments: Sequence[str], model: str) -> str:
    """The name of a row: its files, else those of --config, else its model."""
    configs = [option[1] for option in section_options(arguments, ()) if option[0] == "--config" and len(option) == 2]
    named = files or configs
    return "+".join(Path(name).stem for name in named) or model.rpartition(".")[2]


def _check(row: RequestedRow) -> None:
    """Checks what `zsar test` checks before it builds anything."""
    model, data = row.model_class, chosen_class("data", row.config["data"]["class_path"])
    check_kinds(model, data, command="test")
    for section, class_ in (("model", model), ("data", data)):
        check_groups(section, class_, row.config[section].get("init_args") or {})
    if row.is_localizer and row.config.get("adaptation") is not None:
        raise ValueError(f"--adaptation tunes the prompts of a recognizer, and {model.__name__} is a localizer")
    stated = row.config.get("adaptation")
    if stated is not None and not stated["class_path"].endswith("PromptTuning"):
        name = stated["class_path"].rpartition(".")[2]
        raise ValueError(
            f"{name} needs all videos of a test, but a profile repeats one batch; leave --adaptation out: results.json "
            "of a test has its seconds"
        )
    if row.config["data"].get("init_args", {}).get("embeddings") is not None:
        raise ValueError("data.embeddings are stored, so that no frame is embedded; set --data.embeddings null")
