"""The data set of trimmed videos that a command line or an experiment states, for `zsar doctor` and `zsar embed`."""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

from zsar.datamodules.untrimmed_video import UntrimmedVideoDataModule
from zsar.datamodules.video import TrimmedVideoDataModule
from zsar.lightning_modules.command_line.fit_and_test.brief_parser import BriefErrors
from zsar.lightning_modules.command_line.fit_and_test.command_help import requested_list
from zsar.lightning_modules.command_line.model_kinds import check_groups, chosen_class, short_names
from zsar.lightning_modules.experiments.experiment_files import with_read_experiments
from zsar.lightning_modules.experiments.section_options import section_options
from zsar.lightning_modules.experiments.shipped_configs import nowhere, with_located_configs
from zsar.runtime.permitted_classes import imported_kinds, only_permitted_classes
from zsar.runtime.terminal import say
from zsar.runtime.text.bounded_yaml import read_yaml_file

_SECTIONS = ("data", "adaptation")


def built_data(arguments: Sequence[str], *, command: str) -> TrimmedVideoDataModule:
    """Builds the data module of a command line, which touches no file yet.

    Args:
        arguments: Its arguments `--data...` and `--config...`.
        command: The command, such as "doctor".

    Raises:
        ValueError: A setting is wrong, a config file describes no data, or the data are untrimmed videos.
        FileNotFoundError: There is no such config file.
    """
    parser, stated = _parser(command), with_data_of_configs(arguments)
    _check_trimmed(stated, command)
    with only_permitted_classes(imported=imported_kinds(TrimmedVideoDataModule)):
        config = parser.parse_args(stated)
        chosen = chosen_class("data", config.data.class_path)
        if chosen.__module__.startswith("zsar.") and chosen.__name__ not in short_names(TrimmedVideoDataModule):
            raise ValueError(f"--data {chosen.__name__} is only the base of data sets; give one, such as --data UCF101")
        check_groups("data", chosen, config.data.get("init_args") or {})
        module: TrimmedVideoDataModule = parser.instantiate(config).data
    return module


def show_data_help(arguments: Sequence[str], *, command: str) -> NoReturn:
    """Lists the data sets, or explains the settings of one, and ends the program.

    Args:
        arguments: A command line with --data.help, and perhaps the name of a data set.
        command: The command, such as "doctor".
    """
    listed = requested_list([command, *arguments])
    if listed is None:
        _parser(command).parse_args([*arguments])
    else:
        say(*listed.split("\n"))
    sys.exit(0)


def _parser(command: str) -> BriefErrors:
    parser = BriefErrors(prog=f"zsar {command}")
    parser.add_subclass_arguments(TrimmedVideoDataModule, "data", required=True)
    return parser


def with_data_of_configs(arguments: Sequence[str]) -> list[str]:
    """The arguments with config files replaced by their `data`; their other keys are not used here.

    Args:
        arguments: Arguments `--data...` and `--config...`, in which every --config has a value.

    Raises:
        FileNotFoundError: There is no such config file.
        ValueError: It describes no data.
    """
    with tempfile.TemporaryDirectory(prefix="zsar-") as folder:
        located = with_located_configs(arguments, sections=_SECTIONS)
        read = with_read_experiments(located, Path(folder), sections=_SECTIONS)
        options = list(section_options(read, _SECTIONS))
        configs = [Path(option[1]) for option in options if option[0] == "--config"]
        data = [described for path in configs if (described := _data_of_config(path)) is not None]
    if configs and not data:
        is_of_files = any(option[0] == "--config" for option in section_options(arguments, _SECTIONS))
        missing = (
            f"{configs[0].name} describes no data: it has no key `data`" if is_of_files else "no data set is stated"
        )
        raise ValueError(f"{missing}; give one, such as --data UCF101")
    rest = [word for option in options if option[0] != "--config" for word in option]
    return [f"--data={described}" for described in data] + rest


def _check_trimmed(arguments: Sequence[str], command: str) -> None:
    """Checks that no data set of untrimmed videos is stated, as the parser would only say that it knows no such name.

    Raises:
        ValueError: One is.
    """
    for option in section_options(arguments, _SECTIONS):
        if option[0] in ("--data", "--data.class_path") and len(option) == 2:
            stated = json.loads(option[1]).get("class_path") if option[1].startswith('{"') else option[1]
            name = str(stated).rpartition(".")[2]
            if name in short_names(UntrimmedVideoDataModule):
                raise ValueError(
                    f"{name} has untrimmed videos, but zsar {command} takes a data set of trimmed ones, such as "
                    f"VideoFolder; `zsar {command} --data.help` lists them"
                )


def _data_of_config(path: Path) -> str | None:
    """The key `data`: a path unchanged, a mapping as JSON; None if it is missing."""
    if not path.is_file():
        raise FileNotFoundError(f"there is no config file {path}{nowhere(str(path))}")
    data = read_yaml_file(path).get("data")
    return data if data is None or isinstance(data, str) else json.dumps(data)
