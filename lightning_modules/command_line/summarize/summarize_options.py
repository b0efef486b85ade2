"""The options of `zsar summarize`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from zsar.lightning_modules.command_line.options.command import Command
from zsar.lightning_modules.command_line.options.fields import argument, option
from zsar.lightning_modules.command_line.summarize.results.group_by import GroupBy


@dataclass(frozen=True)
class SummaryOptions:
    """The options of `zsar summarize`."""

    runs: tuple[Path, ...] = argument("run folders, each with a results.json", metavar="RUN")
    group_by: GroupBy = option(
        "folder",
        "which runs form a row. folder: NAME/seed0, NAME/split1, NAME/fold1, ... form the row NAME; any other folder "
        "is one row. settings: all runs that differ only in seed, split seed and fold",
    )
    all_published: bool = option(False, "also compare with other architectures and with the ablations of all methods")
    output: tuple[Path, ...] = option(
        (),
        "also write the tables, in percent: .json (everything), .md (GitHub tables) or .csv (one line per row and "
        "set); or a chart of them, beside published figures: .png, .svg or .pdf; may be repeated",
        metavar="FILE",
    )


COMMAND = Command(
    "summarize",
    SummaryOptions,
    description="Print one table of several runs: mean and sample standard deviation (n - 1) over seeds and folds. "
    "Runs of localizers get a separate table: mean average precision by threshold of temporal IoU. If papers report "
    "figures for the data set and protocol, another table compares them with the runs and shows whether frames, "
    "views, class text and splits agree.",
)
