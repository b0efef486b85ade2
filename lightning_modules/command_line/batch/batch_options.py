"""The options of `zsar batch`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from zsar.lightning_modules.command_line.options.command import Command
from zsar.lightning_modules.command_line.options.fields import argument, group, option


@dataclass(frozen=True)
class ListOptions:
    """Options of a list of commands."""

    record: Path | None = option(
        None, "record finished commands in FILE and skip them in later runs", metavar="FILE", otherwise=""
    )


@dataclass(frozen=True)
class SweepOptions:
    """Options of a sweep."""

    jobs: int | None = option(
        None, "parallel processes", metavar="N", otherwise="as in the file, or 1", at_least=1, at_most=1_000
    )
    threads: int | None = option(
        None,
        "CPU threads per process",
        metavar="N",
        otherwise="as in the file, or PyTorch's",
        at_least=1,
        at_most=1_000,
    )
    only: tuple[str, ...] = option(
        (),
        "run only these values of a variable, separated by commas: --only seed=0 --only variant=t2l,zar",
        metavar="NAME=VALUES",
    )


@dataclass(frozen=True)
class BatchOptions:
    """The options of `zsar batch`."""

    file: str = argument('a list or a sweep file (.yaml); "-" for a list from the standard input', metavar="FILE")
    dry_run: bool = option(False, "print the commands instead of running them")
    overwrite: bool = option(False, "run finished commands again")
    of_list: ListOptions = group("list")
    of_sweep: SweepOptions = group("sweep")


COMMAND = Command(
    "batch",
    BatchOptions,
    description="Run zsar commands. A list has one command per line and runs in one process, up to the first command "
    "that fails; PyTorch, which takes seconds to load, is loaded only once. A sweep file (.yaml) states commands with "
    "variables and runs every combination, in parallel processes. Run again, it runs only commands that are missing, "
    "have failed, or have changed inputs. See configs/sweeps/.",
)
