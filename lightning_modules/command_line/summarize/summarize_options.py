"""The options of `zsar summarize`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from zsar.lightning_modules.command_line.options.command import Command
from zsar.lightning_modules.command_line.options.fields import argument, option
from zsar.lightning_modules.command_line.summarize.results.group_by import GroupBy

WITH_COMPARISONS = (".json", ".md")
"""Suffixes of the files that hold comparisons."""


@dataclass(frozen=True)
class SummaryOptions:
    """The options of `zsar summarize`."""

    runs: tuple[Path, ...] = argument(
        "run folders, each with a results.json; none with --compare alone", metavar="RUN", optional=True
    )
    group_by: GroupBy = option(
        "folder",
        "which runs form a row. folder: NAME/seed0, NAME/split1, NAME/fold1, ... form the row NAME; any other folder "
        "is one row. settings: all runs that differ only in seed, split seed and fold",
    )
    compare: tuple[tuple[Path, Path], ...] = option(
        (),
        "also compare two runs on the same videos: the difference B - A with its 95 % interval over videos, and the "
        "videos that only one of them recognizes. A and B are run folders, or folders of runs seed0, seed1, ... that "
        "are paired by name; may be repeated",
        metavar="A B",
    )
    all_published: bool = option(False, "also compare with other architectures and with the ablations of all methods")
    output: tuple[Path, ...] = option(
        (),
        "also write the tables, in percent: .json (everything), .md (GitHub tables) or .csv (one line per row and "
        "set); or a chart of them, beside published figures: .png, .svg or .pdf; comparisons are in .json and .md; "
        "may be repeated",
        metavar="FILE",
    )

    def __post_init__(self) -> None:
        """Checks that there is something to do.

        Raises:
            ValueError: Neither runs nor comparisons are given, or comparisons are to be written into a file that holds
                none.
        """
        if not self.runs and not self.compare:
            raise ValueError("there is nothing to summarize; give run folders, --compare A B, or both")
        if self.compare and (other := [path for path in self.output if path.suffix not in WITH_COMPARISONS]):
            raise ValueError(
                f"--output {other[0]}: comparisons are written to {' and '.join(WITH_COMPARISONS)} files; give one of "
                "them, or leave --compare out"
            )


COMMAND = Command(
    "summarize",
    SummaryOptions,
    description="Print one table of several runs: mean and sample standard deviation (n - 1) over seeds and folds. "
    "Runs of localizers get a separate table: mean average precision by threshold of temporal IoU. If papers report "
    "figures for the data set and protocol, another table compares them with the runs and shows whether frames, "
    "views, class text and splits agree.",
)
