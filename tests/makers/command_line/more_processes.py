"""`zsar` with more processes than this machine has processors, which it refuses for users."""

import sys
from pathlib import Path

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
