"""What the configurations of a command state: its model section, and its data module, which touches no file yet."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

from jsonargparse import ArgumentError
from lightning.pytorch import LightningDataModule

from zsar.lightning_modules.command_line.options.command_parser import CommandParser
from zsar.lightning_modules.experiments.composed_settings import SECTIONS, Settings
from zsar.lightning_modules.experiments.experiment_files import with_read_experiments
from zsar.lightning_modules.experiments.section_options import section_options
from zsar.lightning_modules.experiments.shipped_configs import is_config_name, located
from zsar.runtime.permitted_classes import imported_kinds, only_permitted_classes
from zsar.runtime.text.bounded_yaml import read_yaml_file


@dataclass(frozen=True)
class StatedSettings:
    """What a command line of `zsar fit` or `zsar test` states.

    Attributes:
        sections: The sections of its configurations, combined.
        options: Its single settings, by dotted name, as typed; they override the sections.
    """

    sections: Settings
    options: dict[str, str]

    def text(self, key: str) -> str | None:
        """The value of a setting of a class as text; None if it is stated nowhere, or null.

        Args:
            key: Its dotted name without `init_args`, such as "model.backbone.weights".
        """
        if key in self.options:
            return self.options[key]
        section, *path = key.split(".")
        found: Any = (self.sections.get(section) or {}).get("init_args") or {}
        for part in path:
            found = found.get(part) if isinstance(found, dict) else None
        return None if found is None else str(found)

    @property
    def data_options(self) -> list[str]:
        """The data section and the single settings of data, as options of a command line."""
        single = [(f"--{key}", value) for key, value in self.options.items() if key.startswith("data.")]
        return [f"--data={json.dumps(self.sections['data'])}", *(word for option in single for word in option)]


def stated_settings(words: Sequence[str]) -> StatedSettings:
    """Reads the configurations of a command line.

    Args:
        words: A command as shell words, beginning with "zsar".

    Raises:
        FileNotFoundError: A configuration does not exist.
        ValueError: It is invalid.
    """
    given = [_with_path(option) for option in section_options(words[2:], SECTIONS)]
    with tempfile.TemporaryDirectory(prefix="zsar-") as folder:
        read = with_read_experiments([word for option in given for word in option], Path(folder))
        files = [value for name, value in pairwise(read) if name == "--config"]
        sections: Settings = {}
        for file in files:
            sections.update(read_yaml_file(Path(file)))
    pairs = [option for option in section_options(read, SECTIONS) if len(option) == 2 and option[0] != "--config"]
    return StatedSettings(sections, {name.removeprefix("--"): value for name, value in pairs})


def stated_data(stated: StatedSettings) -> LightningDataModule:
    """Builds the data module of a command; it touches no file before its `setup`.

    Args:
        stated: What the command states.

    Raises:
        ValueError: A setting is invalid.
    """
    parser = CommandParser(prog="zsar reproduce", exit_on_error=False)
    parser.add_subclass_arguments(LightningDataModule, "data", required=True)
    with only_permitted_classes(imported=imported_kinds(LightningDataModule)):
        try:
            config = parser.parse_args(stated.data_options)
        except ArgumentError as error:
            raise ValueError(f"data: {' '.join(str(error).split())}") from error
        module: LightningDataModule = parser.instantiate(config).data
    return module


def _with_path(option: tuple[str, ...]) -> tuple[str, ...]:
    """An option of a configuration with the path of its file in place of its name."""
    name, value = option[0].removeprefix("--"), option[-1]
    if len(option) == 2 and (name == "config" or (name in SECTIONS and is_config_name(value))):
        return option[0], str(located(value) or value)
    return option
