"""The command line of `zsar doctor`: a data module as in `zsar fit`, or the data of an experiment; what to check."""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from zsar.datamodules.diagnosis.diagnosis import Stage, stages_of
from zsar.datamodules.video import TrimmedVideoDataModule
from zsar.lightning_modules.command_line.experiments.experiment_files import with_read_experiments
from zsar.lightning_modules.command_line.experiments.shipped_configs import nowhere, with_located_configs
from zsar.lightning_modules.command_line.fit_and_test.brief_parser import BriefErrors
from zsar.lightning_modules.command_line.fit_and_test.command_help import requested_list
from zsar.lightning_modules.command_line.model_kinds import check_groups, chosen_class, short_names
from zsar.lightning_modules.command_line.options.fields import add_options, group, option, read_options
from zsar.lightning_modules.command_line.options.shared import WorkerOption
from zsar.lightning_modules.command_line.options.spelling import one_spelling
from zsar.runtime.permitted_classes import imported_kinds, only_permitted_classes
from zsar.runtime.processes.cpu_count import cpu_count
from zsar.runtime.terminal import say
from zsar.runtime.text.bounded_yaml import read_yaml_file

_SECTIONS = ("data", "adaptation")
_DESCRIPTION = """\
Check a data set before a long run: do all videos exist, do the frames that would be sampled decode, does every class
have text, do labels, lists and published counts agree, is a video listed twice or used for both training and testing?
Prints a table and writes DIR/report.json and DIR/bad_videos.csv, which --data.split.exclude reads. An interrupted check
resumes where it stopped (DIR/checked.jsonl). Exit status: 0 without errors (warnings aside), 1 with errors.

data sets (`zsar doctor --data.help UCF101` explains the arguments of one):
{data_sets}

examples:
  zsar doctor --data UCF101 --data.split.fold 2
  zsar doctor --data configs/data/video_folder.yaml --decode 0.1
  zsar doctor --config configs/experiment/t2l_kinetics400.yaml
"""


@dataclass(frozen=True)
class DoctorOptions:
    """The options of `zsar doctor` other than those of the data."""

    config: str | None = option(None, "an experiment; only its `data` is used", metavar="FILE")
    stage: Literal["all", "fit", "test"] = option("all", "check the data for training, for testing, or all")
    decode: str = option(
        "all",
        "videos of each set to decode; a share such as 0.1 always selects the same sample",
        metavar="all|none|SHARE",
    )
    hash: bool = option(False, "also compare the contents of files of the same size")
    workers: WorkerOption = group(n_workers={"otherwise": "the number of processors"})
    output: Path = option(Path("runs/doctor"), "folder to write to", metavar="DIR")


@dataclass(frozen=True)
class Options:
    """What is checked and how.

    Attributes:
        module: The data.
        stages: Whether the data for training, for testing, or both are checked.
        share: Share of each set's videos to decode, 0 to 1.
        compare_contents: Whether the contents of files of the same size are compared.
        n_workers: Processes that decode; 0 to decode in this one.
        output: The folder to write to.
    """

    module: TrimmedVideoDataModule
    stages: tuple[Stage, ...]
    share: float
    compare_contents: bool
    n_workers: int
    output: Path

    @property
    def journal(self) -> Path:
        """The file that records which videos decode without error."""
        return self.output / "checked.jsonl"


def parse_options(arguments: Sequence[str]) -> Options:
    """Parses the command line after `zsar doctor` and builds the data module.

    Raises:
        ValueError: An option is out of range, or a config file describes no data.
        FileNotFoundError: There is no such config file.
    """
    arguments = one_spelling(arguments)
    listed = requested_list(["doctor", *arguments])
    if listed is not None:
        say(*listed.split("\n"))
        sys.exit(0)
    parser = _parser()
    with only_permitted_classes(imported=imported_kinds(TrimmedVideoDataModule)):
        config = parser.parse_args(with_data_of_configs(arguments))
        asked = read_options(DoctorOptions, config)
        check_groups("data", chosen_class("data", config.data.class_path), config.data.get("init_args") or {})
        module = parser.instantiate(config).data
    stages = tuple(stage for stage in stages_of(module) if asked.stage in (stage, "all"))
    if not stages:
        raise ValueError(f"{type(module).__name__} is for testing only: --stage {asked.stage} leaves nothing to check")
    n_workers = asked.workers.n_workers
    return Options(
        module=module,
        n_workers=cpu_count() if n_workers is None else n_workers,
        share=_share(asked.decode),
        output=asked.output,
        stages=stages,
        compare_contents=asked.hash,
    )


def _parser() -> BriefErrors:
    names = ", ".join(short_names(TrimmedVideoDataModule))
    names = textwrap.fill(names, 100, initial_indent="  ", subsequent_indent="  ")
    parser = BriefErrors(
        prog="zsar doctor",
        description=_DESCRIPTION.format(data_sets=names),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_subclass_arguments(TrimmedVideoDataModule, "data", required=True)
    add_options(parser, DoctorOptions)
    return parser


def with_data_of_configs(arguments: Sequence[str]) -> list[str]:
    """The command line with config files replaced by their `data`; their other keys are not used here.

    Raises:
        FileNotFoundError: There is no such config file.
        ValueError: It describes no data.
    """
    with tempfile.TemporaryDirectory(prefix="zsar-") as folder:
        located = with_located_configs(arguments, sections=_SECTIONS)
        read = with_read_experiments(located, Path(folder), sections=_SECTIONS)
        scout = argparse.ArgumentParser(prog="zsar doctor", add_help=False, allow_abbrev=False)
        scout.add_argument("--config", action="append", type=Path, default=[])
        options, rest = scout.parse_known_args(read)
        data = [described for path in options.config if (described := _data_of_config(path)) is not None]
    if options.config and not data:
        raise ValueError(f"{options.config[0].name} describes no data: it has no key `data`")
    return [f"--data={described}" for described in data] + rest


def _data_of_config(path: Path) -> str | None:
    """The key `data`: a path unchanged, a mapping as JSON; None if it is missing."""
    if not path.is_file():
        raise FileNotFoundError(f"there is no config file {path}{nowhere(str(path))}")
    data = read_yaml_file(path).get("data")
    return data if data is None or isinstance(data, str) else json.dumps(data)


def _share(text: str) -> float:
    try:
        share = {"all": 1.0, "none": 0.0}.get(text)
        share = float(text) if share is None else share
    except ValueError:
        share = -1.0
    if not 0 <= share <= 1:
        raise ValueError(f"--decode must be all, none or a share from 0 to 1, as in 0.1; got {text!r}")
    return share
