"""SIGTERM and Ctrl-C in training, testing and predicting.

Training ends after the current step, since a model in the middle of one cannot be resumed; Lightning then calls
`on_exception`, where `RunCheckpoints` writes `last.ckpt`. Everything else ends at once: written files are complete.
A second Ctrl-C ends training at once too. Any of several processes may receive the signal; they agree after each batch,
so that all stop at the same one.

Lightning's own handler is replaced: it exits with status 0, continues testing to the end, and lets processes exchange
messages from within a signal handler.
"""

from __future__ import annotations

import signal
import threading
from types import FrameType
from typing import Any

from lightning.pytorch import Callback, LightningModule, Trainer

from zsar.callbacks.run_checkpoints import RunCheckpoints
from zsar.runtime.processes.stopping import Stopped, name_of
from zsar.runtime.terminal import say


class StopSignals(Callback):
    """Ends a trainer's work when the process receives a stop signal.

    Attributes:
        signum: The signal that this process, or another process of its run, received.
        is_told: Whether this process reports it to the user.
    """

    def __init__(self, command: str) -> None:
        """Stores the command; register `handle` as the handler of both signals.

        Args:
            command: The run's command, for the messages.
        """
        self.signum: int | None = None
        self.is_told = True
        self._command = command
        self._trainer: Trainer | None = None
        self._in_step = False
        self._handler: Any = None

    def handle(self, signum: int, frame: FrameType | None) -> None:
        """Stops now, or requests that training stops after this step."""
        again = self.signum == signum == signal.SIGINT
        self.signum = signum
        self._pass_on(signal.SIGKILL if again else signal.SIGTERM)
        if again or not self._in_step:
            raise Stopped(signum)
        if self.is_told:
            message = f"zsar {self._command}: {name_of(signum)}: stopping after this step"
            say(message + ("; Ctrl-C again stops at once" if signum == signal.SIGINT else ""), error=True)

    def last_checkpoint(self) -> str | None:
        """The last checkpoint written by this run; None for none."""
        callbacks: list[Any] = [] if self._trainer is None else self._trainer.checkpoint_callbacks
        written = [c.last_model_path for c in callbacks if isinstance(c, RunCheckpoints) and c.wrote_last]
        return written[0] if written else None

    def _pass_on(self, signum: int) -> None:
        launcher = None if self._trainer is None else self._trainer.strategy.launcher
        if launcher is not None:
            launcher.kill(signum)  # the processes started by this one

    def setup(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        """Stores the handler, which Lightning replaces after this."""
        self._trainer, self.is_told = trainer, trainer.is_global_zero
        self._handler = signal.getsignal(signal.SIGTERM)

    def _take_back(self) -> None:
        if callable(self._handler) and threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGTERM, self._handler)

    # --- training -------------------------------------------------------------------------------------------------

    def on_sanity_check_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Takes the signal back from Lightning."""
        self._take_back()

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """From now on training stops between two steps."""
        self._take_back()
        self._in_step = True

    def on_train_batch_end(
        self,
        trainer: Trainer,
        pl_module: LightningModule,
        outputs: Any,  # noqa: ANN401 - Lightning's signature
        batch: Any,  # noqa: ANN401
        batch_idx: int,
    ) -> None:
        """Stops all processes if one received a signal."""
        if trainer.strategy.reduce_boolean_decision(self.signum is not None, all=False):
            self.signum = self.signum or signal.SIGTERM
            trainer._signal_connector.received_sigterm = True  # Lightning stops after closing the step and its epoch

    def on_train_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Training is done: the rest may stop at once."""
        self._in_step = False

    # --- validation, within training too --------------------------------------------------------------------------

    def on_validation_batch_start(
        self,
        trainer: Trainer,
        pl_module: LightningModule,
        batch: Any,  # noqa: ANN401 - Lightning's signature
        batch_idx: int,
        dataloader_idx: int = 0,
    ) -> None:
        """Validation, before which the last checkpoint was written, may stop at once."""
        self._in_step = False
        if self.signum is not None:
            raise Stopped(self.signum)

    def on_validation_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """After it, checkpoints are written and training continues."""
        self._in_step = trainer.state.fn == "fit" and not trainer.sanity_checking

    # --- the other commands ---------------------------------------------------------------------------------------

    def on_validation_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Takes the signal back from Lightning."""
        self._take_back()

    def on_test_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Takes the signal back from Lightning."""
        self._take_back()

    def on_predict_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Takes the signal back from Lightning."""
        self._take_back()
