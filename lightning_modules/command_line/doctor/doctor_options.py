"""The options of `zsar doctor`: a data set as in `zsar fit`, or the data of an experiment, and what to check."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from zsar.lightning_modules.command_line.options.data_arguments import DataCommand, data_set_list
from zsar.lightning_modules.command_line.options.fields import group, option
from zsar.lightning_modules.command_line.options.shared import WorkerOption


@dataclass(frozen=True)
class DoctorOptions:
    """The options of `zsar doctor`."""

    data: str | None = option(
        None, "a data set, with its settings: --data UCF101 --data.split.fold 2; or a file of them", metavar="NAME"
    )
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

    def __post_init__(self) -> None:
        """Checks the share of videos to decode.

        Raises:
            ValueError: It is not one.
        """
        _ = self.share

    @property
    def share(self) -> float:
        """Share of each set's videos to decode, 0 to 1."""
        try:
            share = {"all": 1.0, "none": 0.0}.get(self.decode)
            share = float(self.decode) if share is None else share
        except ValueError:
            share = -1.0
        if not 0 <= share <= 1:
            raise ValueError(f"--decode must be all, none or a share from 0 to 1, as in 0.1; got {self.decode!r}")
        return share


@dataclass(frozen=True)
class DoctorRequest(DoctorOptions):
    """The parsed command line.

    Attributes:
        data_arguments: Its arguments `--data...` and `--config...`, which the parser of the data set reads.
    """

    data_arguments: tuple[str, ...] = ()


class DoctorCommand(DataCommand[DoctorOptions]):
    """The command; settings of a data set, such as `--data.split.fold`, are left to that data set."""

    def parse(self, arguments: Sequence[str] | None) -> DoctorRequest:
        """Parses a command line; see `Command.parse`.

        Raises:
            ValueError: A number is out of range.
        """
        of_data, parsed = self.parse_others(sys.argv[2:] if arguments is None else arguments)
        if not of_data:
            self.parser().error("--data is missing; for example `zsar doctor --data UCF101`")
        return DoctorRequest(**vars(parsed), data_arguments=tuple(of_data))


COMMAND = DoctorCommand(
    "doctor",
    DoctorOptions,
    description="Check a data set before a long run: do all videos exist, do the frames that would be sampled decode, "
    "does every class have text, do labels, lists and published counts agree, is a video listed twice or used for both "
    "training and testing? Prints a table and writes DIR/report.json and DIR/bad_videos.csv, which "
    "--data.split.exclude reads. An interrupted check resumes where it stopped (DIR/checked.jsonl). Exit status: 0 "
    "without errors (warnings aside), 1 with errors.",
    epilog=f"{data_set_list('doctor')} Examples: `zsar doctor --data UCF101 --data.split.fold 2`, "
    "`zsar doctor --data configs/data/video_folder.yaml --decode 0.1`, "
    "`zsar doctor --config configs/experiment/t2l_kinetics400.yaml`.",
)
