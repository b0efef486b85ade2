"""Which videos each process sees, and in what order.

Both samplers derive from `DistributedSampler`, so that Lightning keeps them when there are several processes.
"""

from __future__ import annotations

from collections.abc import Iterator, Sized
from typing import Any

import numpy as np
from torch.utils.data import DistributedSampler

from zsar.runtime.seeds import derive_seed


class TrainingSampler(DistributedSampler[Any]):
    """A new permutation in each epoch, divided among the processes; yields (index, epoch).

    The epoch goes with the index because workers outlive epochs: a dataset that derives its random numbers from both
    gives the same clip in any worker, and in a resumed run.
    """

    def __init__(
        self, dataset: Sized, *, seed: int, done: tuple[int, int] = (0, 0), n_processes: int = 1, rank: int = 0
    ) -> None:
        """Sets up the sampler; `set_epoch`, which Lightning calls, chooses the permutation.

        Args:
            dataset: What is sampled from.
            seed: Seed of the run.
            done: The epoch in which a resumed run begins, and how many of its videos this process skips because it has
                already trained on them.
            n_processes: Number of processes that share the videos.
            rank: Index of this process.
        """
        super().__init__(dataset, num_replicas=n_processes, rank=rank, shuffle=True, seed=seed)  # type: ignore[arg-type]
        self._done = done
        self.set_epoch(done[0])  # Lightning starts the loader of a resumed run before it sets the epoch

    def __iter__(self) -> Iterator[tuple[int, int]]:
        """Indices of this process; padded by repetition so that all processes take the same number of steps."""
        n, epoch = len(self.dataset), self.epoch  # type: ignore[arg-type]
        generator = np.random.Generator(np.random.PCG64(derive_seed(self.seed, "order", epoch)))
        order = np.resize(generator.permutation(n), self.total_size)
        n_done = self._done[1] if epoch == self._done[0] else 0
        for index in order[self.rank :: self.num_replicas][n_done:]:
            yield int(index), epoch


class EvaluationSampler(DistributedSampler[int]):
    """Every video once, in order, divided among the processes without padding, so that none counts twice."""

    def __init__(self, dataset: Sized, *, n_processes: int = 1, rank: int = 0) -> None:
        """Gives each process every n-th row, beginning with the row of its rank.

        Raises:
            ValueError: A process would have no video, and the others would wait for it forever.
        """
        super().__init__(dataset, num_replicas=n_processes, rank=rank, shuffle=False)  # type: ignore[arg-type]
        if len(dataset) < n_processes:
            raise ValueError(
                f"{len(dataset)} videos cannot be shared out among {n_processes} processes; use at most {len(dataset)}"
            )
        self.indices = range(rank, len(dataset), n_processes)

    def __iter__(self) -> Iterator[int]:
        """Indices of this process."""
        return iter(self.indices)

    def __len__(self) -> int:
        """Number of videos for this process."""
        return len(self.indices)
