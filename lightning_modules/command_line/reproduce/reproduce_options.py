"""The options of `zsar reproduce`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from zsar.lightning_modules.command_line.options.command import Command
from zsar.lightning_modules.command_line.options.fields import argument, option
from zsar.lightning_modules.command_line.reproduce.papers_file import PAPERS


@dataclass(frozen=True)
class ReproduceOptions:
    """The options of `zsar reproduce`."""

    tables: tuple[str, ...] = argument(
        'tables, such as t2l/table7; a paper, such as t2l, for all of its tables; or "all"',
        metavar="TABLE",
        optional=True,
    )
    list: bool = option(False, "list all tables and figures of the papers instead")
    markdown: Path | None = option(
        None, "with --list: also write all rows, with their figures and commands, to FILE", metavar="FILE", otherwise=""
    )
    dry_run: bool = option(False, "print what the tables need and their commands instead of running them")
    only: tuple[str, ...] = option((), "run only this row; may be repeated", metavar="ROW")
    where: tuple[str, ...] = option(
        (),
        "run only these values of a setting that rows or sweeps vary, separated by commas: --where data.split.fold=1",
        metavar="NAME=VALUES",
    )
    output: Path | None = option(
        None, "folder of all runs, shared by all tables", metavar="DIR", otherwise="runs/papers; for a sweep its own"
    )
    jobs: int | None = option(
        None, "parallel processes", metavar="N", otherwise="1, or as a sweep states", at_least=1, at_most=1_000
    )
    threads: int | None = option(
        None,
        "CPU threads per process",
        metavar="N",
        otherwise="PyTorch's, or as a sweep states",
        at_least=1,
        at_most=1_000,
    )
    overwrite: bool = option(False, "run finished commands again, and train from the start")
    papers: str = option(PAPERS, "the file of the papers' tables", metavar="FILE")


COMMAND = Command(
    "reproduce",
    ReproduceOptions,
    description="Run the commands of a table of the papers, row by row, and end with the runs beside the published "
    "figures. A training that several rows or tables need is run once. Run again, it runs only commands that are "
    "missing, have failed, or have changed inputs; an interrupted training resumes. --list names all tables; "
    "--dry_run prints a list of commands that a shell or `zsar batch -` runs, after what they need: data sets in "
    "$ZSAR_DATA, lists, class text, weights.",
    epilog="examples: `zsar reproduce t2l/table7 --dry_run`, `zsar reproduce t3al/table1 --only 'T3AL'`, "
    "`zsar reproduce moving_shapes/ablation --where seed=0`",
)
