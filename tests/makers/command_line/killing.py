"""Callbacks that kill their own process, as a power cut would, or send it a signal, or fail."""

from __future__ import annotations

import multiprocessing
import os
import signal

from lightning.pytorch import Callback, LightningModule, Trainer

from zsar.datamodules.batch import VideoBatch


class KillBeforeStep(Callback):
    """Sends SIGKILL to the process when a step begins."""

    def __init__(self, step: int) -> None:
        """Makes the callback; `step` counts optimizer steps from 0."""
        self._step = step

    def on_train_batch_start(
        self, trainer: Trainer, pl_module: LightningModule, batch: VideoBatch, batch_idx: int
    ) -> None:
        """Kills."""
        if trainer.global_step == self._step:
            self.kill()

    def kill(self) -> None:
        """Kills this process."""
        os.kill(os.getpid(), signal.SIGKILL)


class SignalInStep(Callback):
    """Sends a signal to the process in the middle of steps."""

    def __init__(self, step: int, signum: int = 15, times: int = 1, rank: int = 0) -> None:
        """Makes the callback.

        Args:
            step: The optimizer step, from 0.
            signum: The signal.
            times: How often it is sent.
            rank: The process that gets it.
        """
        self._step, self._signum, self._times, self._rank = step, signum, times, rank

    def on_train_batch_start(
        self, trainer: Trainer, pl_module: LightningModule, batch: VideoBatch, batch_idx: int
    ) -> None:
        """Sends it."""
        if trainer.global_step == self._step and trainer.global_rank == self._rank:
            for _ in range(self._times):
                os.kill(os.getpid(), self._signum)


class FailInValidation(Callback):
    """Fails, or gets a signal, when the validation at a step has begun."""

    def __init__(self, step: int, signum: int | None = None) -> None:
        """Makes the callback; `step` counts optimizer steps, `signum` is None to raise a ValueError."""
        self._step, self._signum = step, signum

    def on_validation_batch_start(
        self,
        trainer: Trainer,
        pl_module: LightningModule,
        batch: VideoBatch,
        batch_idx: int,
        dataloader_idx: int = 0,
    ) -> None:
        """Fails."""
        if trainer.global_step == self._step and not trainer.sanity_checking:
            if self._signum is None:
                raise ValueError("validation failed")
            os.kill(os.getpid(), self._signum)


class SignalInTest(Callback):
    """Sends a signal to the process at the first batch of a test."""

    def on_test_batch_start(
        self,
        trainer: Trainer,
        pl_module: LightningModule,
        batch: VideoBatch,
        batch_idx: int,
        dataloader_idx: int = 0,
    ) -> None:
        """Sends SIGTERM."""
        os.kill(os.getpid(), signal.SIGTERM)


class KillAWorker(KillBeforeStep):
    """Kills a decoding worker, as the system does when memory is short, or another process of the run."""

    def kill(self) -> None:
        """Kills the workers, all of them before the first death is raised."""
        raise_deaths = signal.signal(signal.SIGCHLD, lambda *_: None)
        for worker in multiprocessing.active_children():
            assert worker.pid is not None
            os.kill(worker.pid, signal.SIGKILL)
            os.waitid(os.P_PID, worker.pid, os.WEXITED | os.WNOWAIT)
        signal.signal(signal.SIGCHLD, raise_deaths)
        os.kill(os.getpid(), signal.SIGCHLD)


class KillRank(Callback):
    """Kills one process of a distributed run."""

    def __init__(self, rank: int, step: int) -> None:
        """Makes the callback."""
        self._rank, self._step = rank, step

    def on_train_batch_start(
        self, trainer: Trainer, pl_module: LightningModule, batch: VideoBatch, batch_idx: int
    ) -> None:
        """Kills it."""
        if trainer.global_step == self._step and trainer.global_rank == self._rank:
            os.kill(os.getpid(), signal.SIGKILL)
