"""The options of `zsar report`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from zsar.lightning_modules.command_line.options.command import Command
from zsar.lightning_modules.command_line.options.fields import argument, group, option
from zsar.lightning_modules.command_line.options.shared import ForceOption


@dataclass(frozen=True)
class ReportOptions:
    """The options of `zsar report`."""

    runs: tuple[Path, ...] = argument("run folders, or a folder that holds many", metavar="RUN")
    output: Path | None = option(
        None,
        "page to write (.html)",
        metavar="FILE",
        otherwise="report.html in the run folder, or in the folder that holds all of them; index.html for many runs",
    )
    replacing: ForceOption = group(
        force={"help": "replace an existing file that is not a report; reports are replaced without it"}
    )


COMMAND = Command(
    "report",
    ReportOptions,
    description="Write what runs did as one HTML page that needs no network: what was run, whether it is complete, "
    "how good it is and compared with what; settings, learning curves, results beside published ones, predictions and "
    "the pictures of callbacks. Several runs share a page, with their differences marked. Of a folder that holds many "
    "runs, write an index, and a page for each run.",
    epilog="Needs pip install 'zsar[report]'.",
)
