"""CollectedEmbeddings: one embedding for each tested video, gathered from all processes.

The embedding of a video is the mean of the frame embeddings of all views that were scored, L2-normalized: what the
mean-pooled scorer compares with class text, with the views averaged, too. 20,000 videos of 512 numbers take 41 MB.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from lightning.pytorch import Trainer
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from zsar.datamodules.batch import ClassText, VideoBatch
from zsar.runtime.gathering import gather_from_all


@dataclass(frozen=True)
class EmbeddedSet:
    """The videos of one set, in the order of rows, without the undecodable ones.

    Attributes:
        text: Its classes.
        rows: int64 [N], row of each video in its set.
        labels: int64 [N].
        embeddings: L2-normalized, float32 [N, D].
        n_failed: Number of undecodable videos, which have no embedding.
    """

    text: ClassText
    rows: NDArray[np.int64]
    labels: NDArray[np.int64]
    embeddings: NDArray[np.float32]
    n_failed: int

    def __len__(self) -> int:
        """N."""
        return len(self.rows)


class CollectedEmbeddings:
    """Collects while a test runs."""

    def __init__(self, texts: Sequence[ClassText]) -> None:
        """Starts without videos.

        Args:
            texts: The classes of each set.
        """
        self._texts = {text.set_name: text for text in texts}
        self._videos: dict[str, list[tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float32]]]] = {
            name: [] for name in self._texts
        }
        self._failed: dict[str, set[int]] = {name: set() for name in self._texts}

    def add(self, batch: VideoBatch, frames: Tensor, set_name: str) -> None:
        """Adds the videos of a batch.

        Args:
            batch: The videos.
            frames: Their frame embeddings, [B, V, T, D].
            set_name: Their set.
        """
        decoded = ~batch.failed
        self._failed[set_name].update(batch.indices[batch.failed].tolist())
        embeddings = functional.normalize(frames[decoded].float().mean(dim=(1, 2)), dim=-1)
        rows, labels = batch.indices[decoded].cpu().numpy(), batch.labels[decoded].cpu().numpy()
        self._videos[set_name].append((rows, labels, embeddings.cpu().numpy()))

    def gathered(self, trainer: Trainer) -> list[EmbeddedSet]:
        """The sets with the videos of all processes; all of them must call this.

        Returns:
            The sets of the test, each video once; sets without a decoded video have N = 0.
        """
        everyone = gather_from_all((self._videos, self._failed), trainer)
        sets = []
        for name, text in self._texts.items():
            parts = [part for videos, _ in everyone for part in videos[name]]
            failed = {row for _, of_process in everyone for row in of_process[name]}
            if not parts:
                empty = np.empty(0, dtype=np.int64)
                sets.append(EmbeddedSet(text, empty, empty, np.empty((0, 0), dtype=np.float32), len(failed)))
                continue
            rows, labels, embeddings = (np.concatenate(arrays) for arrays in zip(*parts, strict=True))
            _, first = np.unique(rows, return_index=True)  # processes may share a video; sorted by row
            sets.append(EmbeddedSet(text, rows[first], labels[first], embeddings[first], len(failed)))
        return sets
