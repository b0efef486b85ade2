"""Gathers the batch of a step from all processes, so that each sees the whole batch.

A loss that is not a mean over single videos (contrast within the batch, diversity of the batch) needs the whole batch:
the mean of the losses of its parts differs. As DDP averages gradients over processes, a loss of the `gathered` batch
gives the gradient of a single process with the whole batch.
"""

from __future__ import annotations

import torch
from torch import Tensor, distributed
from torch.distributed.nn import functional as collective


def gathered(part: Tensor) -> Tensor:
    """Concatenates the parts of a batch from all processes.

    Args:
        part: This process's part, [B, ...], of the same shape in all processes, as `TrainingSampler` ensures.

    Returns:
        [n_processes * B, ...] in order of rank, differentiable: each process gets the summed gradients of all
        processes for its part. The part itself if there is one process.
    """
    return part if _n_processes() == 1 else torch.cat(collective.all_gather(part))


def mean_over_processes(values: Tensor) -> Tensor:
    """Averages numbers over processes, without gradient; unchanged if there is one process."""
    mean = values.detach().clone()
    if _n_processes() > 1:
        distributed.all_reduce(mean)
        mean /= _n_processes()
    return mean


def _n_processes() -> int:
    return distributed.get_world_size() if distributed.is_available() and distributed.is_initialized() else 1
