"""Parsers of configurations with one-sentence errors and without abbreviated options."""

from __future__ import annotations

import argparse
import inspect
import os
import sys
from typing import Any, NoReturn, get_args

import jsonargparse
from lightning.pytorch.cli import LightningArgumentParser

from zsar.lightning_modules.command_line.fit_and_test.parsing_errors import sentence_of
from zsar.lightning_modules.command_line.fit_and_test.short_help import short_help
from zsar.lightning_modules.command_line.model_kinds import KINDS
from zsar.lightning_modules.command_line.options.command_parser import option_names
from zsar.runtime.terminal import say


class BriefErrors(jsonargparse.ArgumentParser):
    """Reports a wrong command line in one line, instead of jsonargparse's list of all types that it tried.

    Abbreviations are off: `--data.clips.n_frame` is a typo, and a later option of that name would change its meaning.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401 - the mixed-in parser's
        """A parser with jsonargparse's arguments; abbreviations are off by default."""
        super().__init__(*args, **{"allow_abbrev": False, **kwargs})

    def error(self, message: str, ex: Exception | None = None) -> NoReturn:
        """Reports the error and exits with status 2; within another parser it raises, as jsonargparse does."""
        if not self.exit_on_error or os.environ.get("ZSAR_TRACEBACK"):
            self.exit_on_error = False
            super().error(message, ex)
        parser = getattr(ex, "subcommand_parser", None) or self
        command = parser.prog.replace(" [options]", "")
        if command == "zsar" and self.args:  # the top-level parser, which reports an error of a command's parser
            command = f"zsar {self.args[0]}"
            parser = self._subcommands_action.choices.get(self.args[0], self) if self._subcommands_action else self
        sentence = sentence_of(message, ex, options=option_names(parser), command=command)
        say(f"{command}: error: {sentence}", error=True)
        sys.exit(2)


class _HelpOfAll(argparse._HelpAction):
    """Shows every option of a command, including Lightning's."""

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: object,
        option_string: str | None = None,
    ) -> None:
        """Prints them and ends the program."""
        assert isinstance(parser, BriefParser)
        say(*parser.format_whole_help().split("\n"))
        parser.exit()


class BriefParser(BriefErrors, LightningArgumentParser):
    """The parser of `zsar fit`, `validate`, `test` and `predict`."""

    command: str | None = None
    """The command that it parses; None for the top-level parser and for the parser of a class's arguments."""

    def shorten_help(self, command: str) -> None:
        """Makes `--help` of a command show zsar's options, and `--help.all` every one."""
        self.command = command
        self.add_argument("--help.all", action=_HelpOfAll, help="Show every option, including Lightning's, and exit.")

    def format_help(self, formatter: argparse.HelpFormatter | None = None) -> str:
        """The short help for a command, else the whole help."""
        if self.command is not None and formatter is None:
            return short_help(self.command) + "\n"
        return self.format_whole_help() if formatter is None else super().format_help(formatter)

    def format_whole_help(self) -> str:
        """The help with every option."""
        return super().format_help()

    def add_lightning_class_args(
        self,
        lightning_class: Any,  # noqa: ANN401 - LightningArgumentParser's signature
        nested_key: str,
        subclass_mode: bool = False,
        required: bool = True,
    ) -> Any:  # noqa: ANN401
        """Names the two kinds of models and of data in the help; jsonargparse knows only their common base.

        With a union of both bases, errors of a model's argument would also report a mismatch with the other kind.
        Any Lightning class is parsed, and `check_kinds` rejects those of neither kind.
        """
        if nested_key == "trainer":
            _read_whole_numbers_as_such(lightning_class)
        if nested_key not in KINDS:
            return super().add_lightning_class_args(lightning_class, nested_key, subclass_mode, required)
        kinds = " or ".join(f"{kind} ({base.__name__})" for kind, base in KINDS[nested_key].items())
        text = f'One or more arguments specifying "class_path" and "init_args" of {kinds}.'
        added = self.add_subclass_arguments(
            lightning_class, nested_key, fail_untyped=False, required=required, help=text
        )
        assert self.groups is not None
        self.groups[nested_key].title = f"{nested_key}: {kinds}"
        return added


def _read_whole_numbers_as_such(trainer: type) -> None:
    """Makes `--trainer.limit_test_batches 1` mean one batch, not all of them.

    A limit may be a number or a share, `int | float | None`, and the first matching type is used. typing caches one
    order of the two for all modules, that of the first use: with `float` first, 1 is read as the share 1.0. This
    depends on the order of imports.
    """
    annotations = inspect.unwrap(trainer.__init__).__annotations__  # type: ignore[misc]
    for name, annotation in annotations.items():
        if set(get_args(annotation)) == {int, float, type(None)}:
            annotations[name] = int | float | None
