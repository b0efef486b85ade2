"""The options of `zsar picture`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from zsar.lightning_modules.command_line.options.command import Command
from zsar.lightning_modules.command_line.options.fields import argument, option


@dataclass(frozen=True)
class PictureOptions:
    """The options of `zsar picture`."""

    runs: tuple[Path, ...] = argument("run folders after `zsar test`", metavar="RUN")
    set: str = option("novel", "set of videos", metavar="SET")
    count: int = option(8, "number of videos", metavar="N", at_least=1, at_most=1_000)
    output: Path = option(help="picture to write (.png, .pdf)", metavar="FILE")


COMMAND = Command(
    "picture",
    PictureOptions,
    description="Draw frames of test videos with their true class and the prediction of each run. The videos are "
    "spread evenly over the set, not chosen by which run was right.",
)
