"""The process of a job of a sweep: `zsar batch` of its commands, which ends when the process of the sweep does.

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
    """Waits for the end of the standard input, a pipe that the process of the sweep never writes into."""
    os.read(sys.stdin.fileno(), 1)
    os.kill(os.getpid(), signal.SIGTERM)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
