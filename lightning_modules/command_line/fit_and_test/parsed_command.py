"""What a command line of `zsar fit`, `validate`, `test` or `predict` is parsed to, without running it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from zsar.lightning_modules.command_line.fit_and_test.lightning_cli import ActionRecognitionCLI


class ReusedParser(ActionRecognitionCLI):
    """Builds the parser of a command once in a process, for whoever parses many command lines and runs none.

    Nothing in a parser depends on the arguments but the command. A run changes its parser, and so has one of its own.
    """

    _made: ClassVar[dict[str, dict[str, Any]]] = {}

    def setup_parser(
        self, add_subcommands: bool, main_kwargs: dict[str, Any], subparser_kwargs: dict[str, Any]
    ) -> None:
        """Builds the parser, or takes that of an earlier command line of the same command."""
        command, names = self.given[0], ("parser", "_subcommand_parsers", "_subcommand_method_arguments")
        if command not in self._made:
            super().setup_parser(add_subcommands, main_kwargs, subparser_kwargs)
            self._made[command] = {name: getattr(self, name) for name in names}
        for name, value in self._made[command].items():
            setattr(self, name, value)


class OnlyParsing(ReusedParser):
    """Parses, and neither seeds, builds nor opens anything."""

    def _set_seed(self) -> None:
        pass

    def before_instantiate_classes(self) -> None:
        """Opens no run."""

    def instantiate_classes(self) -> None:
        """Builds nothing."""

    def _run_subcommand(self, subcommand: str) -> None:
        pass


def parsed_config(arguments: Sequence[str]) -> dict[str, Any]:
    """Parses a command line as the command does.

    Args:
        arguments: The command line, beginning with the command.

    Returns:
        The configuration, with all defaults; `run_dir` is that of the files, and nothing depends on what lies in it.

    Raises:
        SystemExit: The parser rejects it; its message is on the standard error.
        ValueError: A file cannot be read, or settings contradict each other.
    """
    parsed = OnlyParsing.run_command(list(arguments))
    assert parsed is not None
    config: dict[str, Any] = parsed.config[arguments[0]].as_dict()
    return config
