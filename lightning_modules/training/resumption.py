"""Where a resumed training goes on: at the last update of the weights, in the epoch that was not finished.

Lightning counts the batches that a checkpoint has seen, but keeps no gradients. Where it is saved between two updates
(`accumulate_grad_batches`), those batches would be skipped and their gradients lost. They are counted as not seen
instead: a batch and all that is drawn for it depend on seed, epoch and index alone, so that they come again as they
were, in any number of processes. A validation between the update and the save is repeated with them. And where a
training is stopped within an epoch (`max_time`), Lightning takes the epoch for finished: its rest would be skipped.
"""

from __future__ import annotations

from typing import Any


def go_on_at_last_update(checkpoint: dict[str, Any], *, accumulated_batches: int, n_batches: int | float) -> None:
    """Opens an unfinished epoch, and counts its batches after the last update as not seen, in place.

    Args:
        checkpoint: Lightning's checkpoint, with "loops".
        accumulated_batches: Batches of an update.
        n_batches: Batches of an epoch, the last of which completes an update in any case.
    """
    loop = checkpoint["loops"]["fit_loop"]
    epochs, batches = loop["epoch_progress"], loop["epoch_loop.batch_progress"]
    seen = batches["current"]["processed"]
    if not 0 < seen < n_batches:
        return
    if epochs["current"]["ready"] == epochs["current"]["processed"]:
        for counts in (epochs["current"], epochs["total"]):
            counts["processed"] = counts["completed"] = counts["ready"] - 1
    batches["is_last_batch"] = False  # true within the last batch, which Lightning would then not repeat
    if n_open := seen % accumulated_batches:
        for counts in (batches["current"], batches["total"]):
            counts.update(dict.fromkeys(counts, counts["processed"] - n_open))
