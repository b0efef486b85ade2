"""UndecodableVideos: handles the videos of a run that could not be decoded."""

from __future__ import annotations

from typing import Any

from lightning.pytorch import Callback, LightningModule, Trainer

from zsar.datamodules.batch import VideoBatch
from zsar.runtime.gathering import gather_from_all
from zsar.runtime.terminal import say

_SHOWN = 20


class UndecodableVideos(Callback):
    """Counts and lists the videos that could not be decoded, and ends a test that must not continue without them.

    * `zsar test`: nothing is logged and no results.json written, but the predictions of the others are; the run ends
      with an error that names the videos, unless they count as wrong.
    * `zsar predict`: their rows record it; the others are unaffected, and the exit status is 1.
    * Held-out clips, in `zsar fit` and `zsar validate`, are left out: the others suffice to choose a checkpoint.

    It must come after the callbacks that write predictions. Undecodable videos are reported by the batch or, if a model
    reads the videos itself, by the output of its step: {"undecodable": messages}.

    Attributes:
        n_unpredicted: After a prediction, the number of videos without one, over all processes.
    """

    def __init__(self) -> None:
        """Starts without problems."""
        self.n_unpredicted = 0
        self._problems: list[str] = []
        self._n_decoded = 0
        self._told: set[str] = set()

    def on_test_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Drops the problems of an earlier test."""
        self._problems, self._n_decoded = [], 0

    on_validation_start = on_predict_start = on_test_start

    def on_test_batch_end(
        self,
        trainer: Trainer,
        pl_module: LightningModule,
        outputs: Any,  # noqa: ANN401 - Lightning's signature
        batch: Any,  # noqa: ANN401
        batch_idx: int,
        dataloader_idx: int = 0,
    ) -> None:
        """Collects the videos that could not be decoded."""
        if isinstance(batch, VideoBatch):
            self._problems += batch.undecodable
            self._n_decoded += len(batch) - int(batch.failed.sum())
        else:
            self._problems += outputs["undecodable"]
            self._n_decoded += len(outputs["rows"])

    on_validation_batch_end = on_predict_batch_end = on_test_batch_end

    def on_test_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Ends the test before a metric is logged.

        Raises:
            VideoDecodeError: A video could not be decoded and must not count as wrong.
        """
        trainer.datamodule.refuse_undecoded(self._of_all(trainer))  # type: ignore[attr-defined]

    def on_validation_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Reports the clips that are left out, each once per training."""
        for problem in self._of_all(trainer):
            # The table of `zsar validate` lists them.
            if problem not in self._told and trainer.state.fn == "fit" and trainer.is_global_zero:
                say(f"left out of the held-out clips: {problem}", error=True)
            self._told.add(problem)

    def on_predict_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Counts and lists the videos without a prediction."""
        problems = self._of_all(trainer)
        self.n_unpredicted = len(problems)
        n_decoded = sum(gather_from_all(self._n_decoded, trainer))
        if not problems or not trainer.is_global_zero:
            return
        others = "the others are predicted" if n_decoded else "there are no others, and nothing is predicted"
        say(f"{len(problems)} video{'' if len(problems) == 1 else 's'} could not be decoded; {others}")
        for problem in problems[:_SHOWN]:
            say(f"  not decoded: {problem}")
        if len(problems) > _SHOWN:
            say(f"  and {len(problems) - _SHOWN} more, listed in the file of predictions")

    def _of_all(self, trainer: Trainer) -> list[str]:
        """The problems of all processes, sorted, each once."""
        return sorted({problem for of_process in gather_from_all(self._problems, trainer) for problem in of_process})
