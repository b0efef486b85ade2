"""Where a resumed training continues: after the last update of the weights, in the unfinished epoch.

Lightning counts the batches that a checkpoint has seen, but saves no gradients. In a checkpoint between two updates
(`accumulate_grad_batches`), those batches would be skipped and their gradients lost. They are counted as not seen
instead: a batch and its random draws depend only on seed, epoch and index, so they repeat exactly, in any number of
processes. A validation between the update and the save is repeated too. And if a training is stopped within an epoch
(`max_time`), Lightning takes the epoch for finished and would skip its rest.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from zsar.lightning_modules.tensor_files.checkpoint_files import CheckpointError

if TYPE_CHECKING:
    from lightning.pytorch import Trainer

_MEAN = "WeightMean"  # the callback, and the name of its state


def go_on_at_last_update(checkpoint: dict[str, Any], *, accumulated_batches: int, n_batches: int | float) -> None:
    """Reopens an unfinished epoch, and counts its batches after the last update as not seen, in place.

    Args:
        checkpoint: Lightning's checkpoint, with "loops".
        accumulated_batches: Batches per update.
        n_batches: Batches per epoch; the last one always completes an update.
    """
    loop = checkpoint["loops"]["fit_loop"]
    epochs, batches = loop["epoch_progress"], loop["epoch_loop.batch_progress"]
    seen = batches["current"]["processed"]
    if not 0 < seen < n_batches:
        return
    if epochs["current"]["ready"] == epochs["current"]["processed"]:
        for counts in (epochs["current"], epochs["total"]):
            counts["processed"] = counts["completed"] = counts["ready"] - 1
    batches["is_last_batch"] = False  # if true, Lightning would not repeat the last batch
    if n_open := seen % accumulated_batches:
        for counts in (batches["current"], batches["total"]):
            counts.update(dict.fromkeys(counts, counts["processed"] - n_open))


def check_validated_frames(trainer: Trainer | None, before: Mapping[str, Any], prefix: str) -> None:
    """Checks that a resumed training is validated on frames as before, so that its checkpoints can be compared.

    Args:
        trainer: The trainer of the model; None for none. It is checked only while it trains.
        before: The record of the training that is resumed.
        prefix: What messages begin with.

    Raises:
        CheckpointError: They would be made otherwise.
    """
    data: Any = getattr(trainer, "datamodule", None)
    if trainer is None or trainer.state.fn != "fit" or not getattr(data, "has_validation_set", False):
        return
    now = data.describe()
    for name in ("geometry", "resize_filter", "test_short_side_px"):
        if name in before and before[name] != now.get(name):
            raise CheckpointError(
                f"{prefix}the training was validated on frames of {name} {before[name]}, but this run makes them of "
                f"{now.get(name)}; give --data.clips.{name} {before[name]} to resume it, or another --run_dir"
            )


def check_mean_goes_on(trainer: Trainer | None, checkpoint: Mapping[str, Any]) -> None:
    """Checks that a training which averages its epochs still does so when it is resumed.

    Otherwise the mean of the epochs so far would stay in the run folder, and tests would take it.

    Args:
        trainer: The trainer of the model; None for none. It is checked only while it trains.
        checkpoint: Lightning's checkpoint, with "callbacks" if it has the state of a training.

    Raises:
        CheckpointError: There is no `WeightMean` any more.
    """
    if trainer is None or trainer.state.fn != "fit" or _MEAN not in checkpoint.get("callbacks", {}):
        return
    callbacks = trainer.callbacks  # type: ignore[attr-defined]
    if not any(type(callback).__name__ == _MEAN for callback in callbacks):
        raise CheckpointError(
            f"{trainer.ckpt_path} has a mean of epochs, but this run has no {_MEAN} that would go on with it, and "
            "tests would take the old mean: resume with the one with which the training began (--config "
            "trainer/weight_mean)"
        )
