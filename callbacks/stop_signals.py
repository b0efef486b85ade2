"""SIGTERM and Ctrl-C in training, testing and predicting.

Training ends after the step it is in, since a model in the middle of one is nothing to go on from; Lightning then calls
`on_exception`, where `RunCheckpoints` writes `last.ckpt`. All else ends at once: what was written is whole.
A second Ctrl-C ends training at once too. Of several processes each may be the one that is told; they agree after each
batch, so that all stop at the same one.

Lightning's own handler is replaced: it exits with status 0, goes on testing to the end, and lets processes exchange
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
    """Ends what a trainer does when the process is told to stop.

    Attributes:
        signum: The signal that the process was told to stop by, or another process of its run.
        is_told: Whether this is the process that tells the user.
    """

    def __init__(self, command: str) -> None:
        """Makes the callback; `handle` is to be registered as the handler of both signals.

        Args:
            command: The command of the run, for the messages.
        """
        self.signum: int | None = None
        self.is_told = True
        self._command = command
        self._trainer: Trainer | None = None
        self._in_step = False
        self._handler: Any = None

    def handle(self, signum: int, frame: FrameType | None) -> None:
        """Stops now, or notes that training is to stop after this step."""
        again = self.signum == signum == signal.SIGINT
        self.signum = signum
        self._pass_on(signal.SIGKILL if again else signal.SIGTERM)
        if again or not self._in_step:
            raise Stopped(signum)
        if self.is_told:
            said = f"zsar {self._command}: {name_of(signum)}: stopping after this step"
            say(said + ("; Ctrl-C again stops at once" if signum == signal.SIGINT else ""), error=True)

    def last_checkpoint(self) -> str | None:
        """The last checkpoint that this run has written; None if it has written none."""
        callbacks: list[Any] = [] if self._trainer is None else self._trainer.checkpoint_callbacks
        written = [c.last_model_path for c in callbacks if isinstance(c, RunCheckpoints) and c.wrote_last]
        return written[0] if written else None

    def _pass_on(self, signum: int) -> None:
        launcher = None if self._trainer is None else self._trainer.strategy.launcher
        if launcher is not None:
            launcher.kill(signum)  # the processes that this one has started

    def setup(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        """Remembers the handler, which Lightning replaces after this."""
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
        """From here on training stops between two steps."""
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
        """Has all processes stop if one was told to."""
        if trainer.strategy.reduce_boolean_decision(self.signum is not None, all=False):
            self.signum = self.signum or signal.SIGTERM
            trainer._signal_connector.received_sigterm = True  # Lightning stops where the step and its epoch are closed

    def on_train_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Training is done: what follows may stop at once."""
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
        """After it, checkpoints are written and training goes on."""
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
