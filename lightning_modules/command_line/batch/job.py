"""The process of a job of a sweep: runs `zsar batch` on its commands and ends when the sweep's process ends.

Run as `python -m zsar.lightning_modules.command_line.batch.job COMMANDS RECORD` by `job_processes`.
"""

from __future__ import annotations

import os
import signal
import sys
import threading

from zsar.lightning_modules.command_line import cli


def main(arguments: list[str]) -> int:
    """Runs the commands.

    Args:
        arguments: The file of commands, and the file of the record.

    Returns:
        The exit status, that of the first command that failed.
    """
    threading.Thread(target=_end_with_the_sweep, daemon=True).start()
    commands, record = arguments
    return cli.main(["batch", commands, "--record", record])


def _end_with_the_sweep() -> None:
    """Waits for the end of the standard input, a pipe that the sweep's process never writes to."""
    os.read(sys.stdin.fileno(), 1)
    os.kill(os.getpid(), signal.SIGTERM)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
