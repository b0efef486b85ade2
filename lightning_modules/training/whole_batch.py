"""The batch of a step that several processes share, each with a part of it, seen whole by each of them.

A loss that is no mean over single videos (contrast within the batch, diversity of the batch) needs the whole batch: the
mean of the losses of parts is another number. Where DDP averages gradients over processes, a loss of what is `gathered`
gives the gradient that a single process with the whole batch would have.
"""

from __future__ import annotations

import torch
from torch import Tensor, distributed
from torch.distributed.nn import functional as collective


def gathered(part: Tensor) -> Tensor:
    """Puts together what each process has of a batch.

    Args:
        part: Of this process, [B, ...], of the same shape in all of them, as `TrainingSampler` makes batches.

    Returns:
        [n_processes * B, ...] in order of rank, differentiable: each process gets the gradients that all of them have
        for its part, summed. The part itself where there is one process.
    """
    return part if _n_processes() == 1 else torch.cat(collective.all_gather(part))


def mean_over_processes(values: Tensor) -> Tensor:
    """Averages numbers over processes, without gradient; as they are where there is one process."""
    mean = values.detach().clone()
    if _n_processes() > 1:
        distributed.all_reduce(mean)
        mean /= _n_processes()
    return mean


def _n_processes() -> int:
    return distributed.get_world_size() if distributed.is_available() and distributed.is_initialized() else 1
