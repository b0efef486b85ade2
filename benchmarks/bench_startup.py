"""Measures how long each command of zsar takes to say something, in seconds of CPU (user and system).

    python benchmarks/bench_startup.py [--repeats 3] [--quick] [--against FOLDER] [COMMAND ...]

Prints a table: for `zsar`, `import zsar` and each command (default: all of them) the CPU seconds of `--help` and of a
mistake that can be told at once, the best of the repeats, and their ratio to those of `import lightning.pytorch`.
`import torch` and `import lightning.pytorch` stand above them, for comparison; a few short runs stand below them.
`--against` measures another checkout, too: each line is run there and here in turn, so that a busy machine slows both.
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from benchmarks.rows import Row, add_row_options, write_rows  # noqa: E402
from zsar.lightning_modules.command_line.cli import COMMANDS  # noqa: E402

REFERENCE = "import lightning.pytorch"
RUNS = (("reproduce", "--list"), ("summarize", "not_there"), ("batch", "not_there.txt"))  # of a second at most


def cpu_seconds(arguments: Sequence[str], folder: Path) -> float:
    """User and system time, in seconds, of a Python process with these arguments in a checkout."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    environment = {**os.environ, "PYTHONPATH": str(folder)}
    subprocess.run([sys.executable, *arguments], cwd=folder, env=environment, capture_output=True, check=False)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def measured(commands: Sequence[str]) -> Iterator[tuple[str, list[str]]]:
    """What is measured: its name in the table, and the arguments of Python."""
    for imported in ("torch", "zsar"):
        yield f"import {imported}", ["-c", f"import {imported}"]
    yield "zsar", ["-m", "zsar"]
    for command in commands:
        mistake = "--not_there" if COMMANDS[command][1] else "--modle"  # the former might be an option of Lightning
        yield f"zsar {command} --help", ["-m", "zsar", command, "--help"]
        yield f"zsar {command} {mistake}", ["-m", "zsar", command, mistake, "T2L"]
    for run in RUNS:
        if run[0] in commands:
            yield f"zsar {' '.join(run)}", ["-m", "zsar", *run]


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("commands", nargs="*", metavar="COMMAND", help="commands of zsar (default: all)")
    parser.add_argument("--repeats", type=int, default=3, help="runs of each, of which the fastest counts")
    parser.add_argument("--against", type=Path, metavar="FOLDER", help="another checkout of zsar, to compare with")
    add_row_options(parser)
    options = parser.parse_args()
    if options.quick:
        options.commands, options.repeats = options.commands or ["summarize"], 1
    if options.repeats < 1:
        parser.error(f"--repeats must be at least 1; got {options.repeats}")
    if unknown := [name for name in options.commands if name not in COMMANDS]:
        parser.error(f"there is no command {unknown[0]}; it is one of {', '.join(COMMANDS)}")
    if options.against is not None and not (options.against / "zsar").is_dir():
        parser.error(f"--against {options.against} is no checkout of zsar: it has no folder zsar")
    folders = [ROOT] if options.against is None else [options.against.resolve(), ROOT]
    print(f"load of the machine: {os.getloadavg()[0]:.1f}, {os.cpu_count()} processors")
    print(f"{'CPU s':<34}{'' if options.against is None else 'before':>8}{'now':>8}{'of lightning':>14}")
    lines = [(REFERENCE, ["-c", REFERENCE]), *measured(options.commands or list(COMMANDS))]
    reference = 0.0
    rows: list[Row] = []
    for name, arguments in lines:
        times = [[cpu_seconds(arguments, folder) for folder in folders] for _ in range(options.repeats)]
        seconds = [min(of_folder) for of_folder in zip(*times, strict=True)]
        reference = reference or seconds[-1]
        before = f"{seconds[0]:.2f}" if len(seconds) > 1 else ""
        print(f"{name:<34}{before:>8}{seconds[-1]:>8.2f}{seconds[-1] / reference:>14.2f}", flush=True)
        if name != REFERENCE:
            row = Row(what=f"start: {name}", unit="CPU s", ours=seconds[-1], alternative=REFERENCE, theirs=reference)
            rows.append(row)
    print(f"load of the machine: {os.getloadavg()[0]:.1f}")
    write_rows(options, rows)


if __name__ == "__main__":
    main()
