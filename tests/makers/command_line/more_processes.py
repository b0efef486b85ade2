"""`zsar` in processes of its own, also more than this machine has processors, which it refuses for users."""

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from tests.makers.source_tree import ROOT

ZSAR = (sys.executable, "-m", "zsar")
_SCRIPT = """import sys

from zsar.lightning_modules.command_line.cli import main
from zsar.lightning_modules.command_line.fit_and_test import usable_accelerator

usable_accelerator._FEW = 3  # processes on the CPU that every machine may have
if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
"""


def zsar_of_three_processes(folder: Path) -> list[str]:
    """Writes a script, which Lightning starts anew for each process, and returns the command."""
    path = folder / "zsar_of_three.py"
    path.write_text(_SCRIPT)
    return [sys.executable, str(path)]


def run_apart(command: Sequence[str]) -> None:
    """Runs a command in a process of its own, which starts others if it is told to, and expects it to succeed."""
    done = subprocess.run(
        command,
        capture_output=True,
        text=True,
        env={**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT)},
        cwd=ROOT,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
