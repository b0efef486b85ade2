"""The commands of a row: its steps with files, options, and run folders (`run_places`)."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product
from pathlib import Path
from typing import Any

from zsar.datamodules.choices.data_root import default_data_root
from zsar.lightning_modules.command_line.batch.command_lists import zsar_command
from zsar.lightning_modules.command_line.reproduce.paper_tables import WITH, Row, Step
from zsar.lightning_modules.command_line.reproduce.run_places import folder_of, option_text, run_name
from zsar.lightning_modules.experiments.shipped_configs import located, nowhere

Values = Mapping[str, Any]
"""Options by dotted name."""


@dataclass(frozen=True)
class RowCommand:
    """A command of a row.

    Attributes:
        words: Its shell words, beginning with "zsar".
        needs: The commands before it in its row that must have finished, by their words.
        run_dir: Its run folder; None for a command that is neither a fit nor a test.
    """

    words: tuple[str, ...]
    needs: tuple[tuple[str, ...], ...] = ()
    run_dir: Path | None = None

    @property
    def verb(self) -> str:
        """The command of zsar: "fit", "test", "extract", ..."""
        return self.words[1]


@dataclass(frozen=True)
class _Run:
    """A fit, with the values of what it varies."""

    step: Step
    varied: Values
    name: str
    command: RowCommand

    def checkpoint(self, name: str) -> str:
        return str(self.command.run_dir / "checkpoints" / f"{name}.ckpt") if self.command.run_dir else ""


def row_commands(row: Row, *, output: Path, overwrite: bool = False) -> list[RowCommand]:
    """The commands of a row, in order.

    Args:
        row: The row.
        output: The folder of all runs.
        overwrite: Whether a fit begins again where it would resume.

    Raises:
        ValueError: A `run` is not a command of zsar, or a test varies a setting differently from its fit.
        FileNotFoundError: A configuration does not exist.
    """
    commands: list[RowCommand] = []
    fits: list[_Run] = []
    for step in row.steps:
        before = tuple(command.words for command in commands)
        others = tuple(command.words for command in commands if command.verb not in ("fit", "test"))
        if step.verb == "run":
            commands.append(RowCommand(_filled(step.of, output), before))
            continue
        origins = fits if step.checkpoint is not None else [None]
        runs = [run for origin in origins for run in _runs(step, origin, output, overwrite=overwrite)]
        for run in runs:
            commands.append(replace(run.command, needs=(*others, *run.command.needs)))
        if step.verb == "fit":
            fits = runs
    return commands


def _runs(step: Step, fit: _Run | None, output: Path, *, overwrite: bool) -> Iterator[_Run]:
    """The runs of a fit or a test, one for each combination of what it varies."""
    from_fit = {} if fit is None else fit.varied
    for varied in _combinations(step, from_fit):
        whole = _completed(step, fit)
        name, run_dir = _place(whole, fit, varied, output)
        options = {**whole.settings, **varied}
        fragments = [*whole.fragments, *([options.pop(WITH)] if WITH in options else [])]
        files = [_config(f"configs/experiment/{whole.of}"), *(_config(f"configs/{name}") for name in fragments)]
        words = ["zsar", step.verb, *(["--overwrite"] if overwrite or step.verb == "test" else [])]
        words += [word for file in files for word in ("--config", file)]
        words += ["--run_dir", str(run_dir)]
        words += [word for key, value in options.items() for word in (f"--{key}", option_text(value))]
        if fit is not None:
            option = "--model.start_from" if step.verb == "fit" else "--ckpt_path"
            words += [option, fit.checkpoint(step.checkpoint or "last")]
        if step.verb == "fit" and not overwrite:
            words += ["--ckpt_path", "resume"]
        needs = () if fit is None else (fit.command.words,)
        yield _Run(step, varied, name, RowCommand(tuple(words), needs, run_dir))


def _combinations(step: Step, from_fit: Values) -> Iterator[dict[str, Any]]:
    """The combinations of the fit's values, and of those that the step varies itself."""
    for key in step.vary.keys() & from_fit.keys():
        if from_fit[key] not in step.vary[key]:
            raise ValueError(
                f"{step.verb} {step.of} varies {key} differently from its fit; leave it out of the {step.verb}"
            )
    own = {key: values for key, values in step.vary.items() if key not in from_fit}
    for values in product(*own.values()):
        yield {**from_fit, **dict(zip(own, values, strict=True))}


def _completed(step: Step, fit: _Run | None) -> Step:
    """The step; a test of the fitted experiment has the fragments and settings of the fit before its own."""
    if step.verb != "test" or fit is None or fit.step.of != step.of:
        return step
    own = tuple(fragment for fragment in step.fragments if fragment not in fit.step.fragments)
    settings = {**fit.step.settings, **step.settings}
    return replace(step, fragments=(*fit.step.fragments, *own), settings=settings)


def _place(step: Step, fit: _Run | None, varied: Values, output: Path) -> tuple[str, Path]:
    """Name and folder of a run."""
    name = run_name(step)
    folders = [folder for key, value in varied.items() if (folder := folder_of(key, value))]
    if fit is not None:
        is_of_fit = step.verb == "test" and run_name(fit.step) == name and dict(varied) == dict(fit.varied)
        name = fit.name if is_of_fit else f"{fit.name}/{run_name(step, beyond=fit.step)}"
    return name, Path(output, name, *folders)


def _config(name: str) -> str:
    """A configuration as it is typed; it must exist in the working directory or among zsar's."""
    typed = name if name.endswith((".yaml", ".yml")) else f"{name}.yaml"
    if located(typed) is None:
        raise FileNotFoundError(f"there is no configuration {typed}{nowhere(typed)}")
    return typed


def _filled(command: str, output: Path) -> tuple[str, ...]:
    values = {"{data}": str(default_data_root()), "{output}": str(output)}
    return tuple(_with_values(word, values) for word in zsar_command(command))


def _with_values(word: str, values: Mapping[str, str]) -> str:
    for placeholder, value in values.items():
        word = word.replace(placeholder, value)
    return word


def shared_commands(rows: Sequence[Sequence[RowCommand]]) -> dict[tuple[str, ...], RowCommand]:
    """The distinct commands of several rows.

    Args:
        rows: The commands of each row.

    Returns:
        Words -> command, with the needs of all its occurrences; in the order of the rows, but after what it needs.

    Raises:
        ValueError: Two different fits, or tests, would write into one run folder.
    """
    merged: dict[tuple[str, ...], RowCommand] = {}
    writers: dict[tuple[str, Path], RowCommand] = {}
    for command in (command for commands in rows for command in commands):
        earlier = merged.get(command.words, command)
        merged[command.words] = replace(command, needs=tuple(dict.fromkeys((*earlier.needs, *command.needs))))
        if command.run_dir is not None:
            writer = writers.setdefault((command.verb, command.run_dir), command)
            if writer.words != command.words:
                one, other = shlex.join(writer.words), shlex.join(command.words)
                raise ValueError(f"{one} and {other} have the same run folder; give one of them another setting")
    ordered: dict[tuple[str, ...], RowCommand] = {}
    for words in merged:
        _add_after_needs(words, merged, ordered)
    return ordered


def _add_after_needs(
    words: tuple[str, ...],
    merged: Mapping[tuple[str, ...], RowCommand],
    ordered: dict[tuple[str, ...], RowCommand],
) -> None:
    if words not in ordered:
        for needed in merged[words].needs:
            _add_after_needs(needed, merged, ordered)
        ordered[words] = merged[words]
