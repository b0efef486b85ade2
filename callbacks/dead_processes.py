"""Watches the other processes of a distributed run: if one dies, the run ends with a message and exit status 1.

The others would wait for it for minutes. Lightning's own watch kills them all, including itself, without a message.
"""

from __future__ import annotations

import os
import signal
import subprocess
import threading
import time
from collections.abc import Sequence

from lightning.pytorch import Callback, LightningModule, Trainer

from zsar.runtime.processes.dead_workers import died_of
from zsar.runtime.terminal import say

_POLL_SECONDS = 1.0
_GRACE_SECONDS = 8.0  # for the main process to exit on the closed connection; NCCL does not report it
_TOLD_TO_STOP = (128 + signal.SIGTERM, 128 + signal.SIGINT)


class DeadProcesses(Callback):
    """Starts the watch, in the process that started the others."""

    def __init__(self, command: str) -> None:
        """Stores the command; the fit starts the watch.

        Args:
            command: The run's command, for the message.
        """
        self._command = command

    def setup(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        """Replaces Lightning's watch with this one."""
        started: list[subprocess.Popen[bytes]] = getattr(trainer.strategy.launcher, "procs", [])
        if not started or not all(isinstance(process, subprocess.Popen) for process in started):
            return
        for thread in threading.enumerate():
            if thread.name == "child-process-observer":
                thread._child_processes = []  # type: ignore[attr-defined] # it then ends
        threading.Thread(target=_watch, args=(started, self._command), daemon=True, name="dead-processes").start()


def _watch(started: Sequence[subprocess.Popen[bytes]], command: str) -> None:
    while True:
        time.sleep(_POLL_SECONDS)
        codes = [process.poll() for process in started]
        if all(code is not None and (code == 0 or code in _TOLD_TO_STOP) for code in codes):
            return
        for rank, (process, code) in enumerate(zip(started, codes, strict=True), start=1):
            if code and code not in _TOLD_TO_STOP:
                time.sleep(_GRACE_SECONDS)
                _end(started, "" if code == 1 else f"zsar {command}: error: {died_of(process.pid, rank, code)}")


def _end(started: Sequence[subprocess.Popen[bytes]], message: str) -> None:
    """Ends all processes; a process that exits with status 1 has reported the cause."""
    for process in started:
        process.kill()
    if message:
        say(message, error=True)
    os._exit(1)  # the main thread is blocked in the exchange
