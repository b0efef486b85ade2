"""Arguments that state a data set and its settings, such as `--data UCF101 --data.clips.n_frames 8`.

Only the data set can parse them. They are set aside when a command line is read, so that nothing heavy is imported
before its other options are known to be right; `fit_and_test.trimmed_data` parses them later.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

from zsar.datamodules.choices.data_set_names import TRIMMED_DATA_SETS
from zsar.lightning_modules.command_line.options.command import Command
from zsar.lightning_modules.command_line.options.spelling import one_spelling
from zsar.lightning_modules.experiments.section_options import section_options

T = TypeVar("T")
_HELP = "--data.help"


@dataclass(frozen=True)
class DataCommand(Command[T]):
    """A command whose line may state a data set of trimmed videos.

    `zsar NAME --data.help` lists the data sets; with a name it explains the settings of one.
    """

    def parse_others(self, arguments: Sequence[str]) -> tuple[list[str], T]:
        """Parses all but the arguments of the data set.

        Args:
            arguments: The arguments after the command.

        Returns:
            The arguments of the data set, in one spelling, and the options.

        Raises:
            ValueError: A number is out of range, or options contradict each other.
        """
        for option in section_options(arguments, ("data",)):
            if option in (("--config",), ("--data",)):
                self.parser().error(f"{option[0]}: expected one argument")
        of_data, others = split_data_arguments(arguments)
        if any(argument.partition("=")[0] == _HELP for argument in of_data):
            # here, as the settings are those of classes that take seconds to import
            from zsar.lightning_modules.command_line.fit_and_test.trimmed_data import show_data_help

            show_data_help(of_data, command=self.name)
        return of_data, super().parse(others)


def split_data_arguments(arguments: Sequence[str]) -> tuple[list[str], list[str]]:
    """Separates the arguments of a data set from the others.

    Args:
        arguments: A command line.

    Returns:
        Those that begin with --data or --config, with their values and in one spelling, and the others as they are.
    """
    of_data: list[str] = []
    others: list[str] = []
    is_name_of_help = False
    for option in section_options(arguments, ("data",)):
        name, _, value = option[0].partition("=")
        is_of_data = name in ("--config", _HELP) or name == "--data" or name.startswith("--data.")
        if is_name_of_help and not name.startswith("-"):
            of_data.append(option[0])
        elif is_of_data:
            of_data += one_spelling([name]) + list(option[1:] or ([value] if value else []))
        else:
            others += option
        is_name_of_help = name == _HELP and not value
    return of_data, others


def data_set_list(command: str) -> str:
    """The sentence of a help text that lists the data sets.

    Args:
        command: The command, such as "doctor".
    """
    names = ", ".join(TRIMMED_DATA_SETS)
    return f"data sets: {names}; `zsar {command} --data.help UCF101` explains the settings of one."
