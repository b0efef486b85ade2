"""Measures how long each command of zsar takes to say something, in seconds of CPU (user and system).

    python benchmarks/bench_startup.py [--repeats 3] [COMMAND ...]

Prints a table: for `zsar`, `import zsar` and each command (default: all of them) the CPU seconds of `--help` and of a
mistyped option, the best of the repeats, and their ratio to those of `import lightning.pytorch`. `import torch` and
`import lightning.pytorch` stand above them, for comparison.
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

from zsar.lightning_modules.command_line.cli import COMMANDS  # noqa: E402

REFERENCE = "import lightning.pytorch"


def cpu_seconds(arguments: Sequence[str], repeats: int) -> float:
    """The least user and system time of a Python process with these arguments, in seconds; its output is dropped."""
    times = []
    for _ in range(repeats):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        environment = {**os.environ, "PYTHONPATH": str(ROOT)}
        subprocess.run([sys.executable, *arguments], cwd=ROOT, env=environment, capture_output=True, check=False)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        times.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    return min(times)


def measured(commands: Sequence[str]) -> Iterator[tuple[str, list[str]]]:
    """What is measured: its name in the table, and the arguments of Python."""
    for imported in ("torch", "lightning.pytorch", "zsar"):
        yield f"import {imported}", ["-c", f"import {imported}"]
    yield "zsar", ["-m", "zsar"]
    for command in commands:
        yield f"zsar {command} --help", ["-m", "zsar", command, "--help"]
        yield f"zsar {command} --not_there", ["-m", "zsar", command, "--not_there"]


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("commands", nargs="*", metavar="COMMAND", help="commands of zsar (default: all)")
    parser.add_argument("--repeats", type=int, default=3, help="runs of each, of which the fastest counts")
    options = parser.parse_args()
    if options.repeats < 1:
        parser.error(f"--repeats must be at least 1; got {options.repeats}")
    if unknown := [name for name in options.commands if name not in COMMANDS]:
        parser.error(f"there is no command {unknown[0]}; it is one of {', '.join(COMMANDS)}")
    reference = cpu_seconds(["-c", REFERENCE], options.repeats)
    print(f"{'':<34}{'CPU s':>8}{'of lightning':>14}")
    for name, arguments in measured(options.commands or list(COMMANDS)):
        seconds = reference if name == REFERENCE else cpu_seconds(arguments, options.repeats)
        print(f"{name:<34}{seconds:>8.2f}{seconds / reference:>14.2f}", flush=True)


if __name__ == "__main__":
    main()
