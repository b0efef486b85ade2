"""TDA: two caches of confident test videos that move the logits of similar ones (Karmanov et al., CVPR 2024).

With the unit embedding f of a video, its logits z, p = softmax(z), H = -sum p ln p and the pseudo-label y = argmax z,

    positive cache: the 3 videos of lowest H of each y, (f, H)
    negative cache: the 2 of lowest H of each y among those with 0.2 < h < 0.5, (f, H, p);  h = H / log2(C)

    z' = z + sum_j alpha+ exp(-beta+ (1 - f f_j)) e_(y_j)   over the positive cache
           - sum_j alpha- exp(-beta- (1 - f f_j)) m_j       over the negative one;  m_j = 1 where 0.03 < p_j < 1

h divides nats by bits, as the authors' code does, so that its largest value is ln 2. A video that is in a cache finds
itself there. The content depends on the order of the videos only while they come in; at the end it does not
(`ClassMemory`), except that equal entropies are decided by the id here and by the order there.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from zsar.callbacks.confidence_memory.kept_views import Observations
from zsar.lightning_modules.recognition.class_memory import ClassMemory


@dataclass(frozen=True, kw_only=True)
class TDASettings:
    """The settings of the caches; see `ConfidenceMemory`.

    Attributes:
        capacity: Videos of a class in the positive cache.
        alpha: Weight of the positive cache.
        beta: How fast it fades with the distance.
        negative_capacity: Videos of a class in the negative cache.
        negative_alpha: Weight of the negative cache.
        negative_beta: How fast it fades with the distance.
        entropy_window: Videos with h between the two come into the negative cache.
        mask: Classes whose probability is between the two are taken down by it.
        confident_share: Share of several views that is kept.
    """

    capacity: int
    alpha: float
    beta: float
    negative_capacity: int
    negative_alpha: float
    negative_beta: float
    entropy_window: tuple[float, float]
    mask: tuple[float, float]
    confident_share: float


class TDACaches:
    """The two caches of one set of classes."""

    def __init__(self, settings: TDASettings, n_classes: int) -> None:
        """Starts empty.

        Args:
            settings: The settings.
            n_classes: C, at least 2.
        """
        self._settings = settings
        self._n_classes = n_classes
        self._positive: ClassMemory[Tensor] = ClassMemory(settings.capacity)
        self._negative: ClassMemory[tuple[Tensor, Tensor]] = ClassMemory(settings.negative_capacity)

    def insert(self, videos: Observations, row: int, *, identity: str) -> None:
        """Shows a video to both caches.

        Args:
            videos: Observations.
            row: Which of them.
            identity: Its id.
        """
        key, label = float(videos.entropies[row]), int(videos.labels[row])
        embedding = videos.embeddings[row].clone()  # a view would keep the embeddings of all videos
        self._positive.insert(label, embedding, key=key, identity=identity)
        low, high = self._settings.entropy_window
        if low < key / math.log2(self._n_classes) < high:
            item = (embedding, videos.probabilities[row].clone())
            self._negative.insert(label, item, key=key, identity=identity)

    def merge(self, other: TDACaches) -> None:
        """Adds the caches of another process."""
        self._positive.merge(other._positive)
        self._negative.merge(other._negative)

    def score(self, videos: Observations) -> Tensor:
        """Logits with the caches as they are, z', [N, C]."""
        settings, logits = self._settings, videos.logits.clone()
        if len(self._positive):
            labels = torch.tensor([label for label, _ in self._positive])
            keys = torch.stack([known.item for _, known in self._positive])
            weights = _affinities(videos.embeddings, keys, settings.alpha, settings.beta)
            logits.index_add_(1, labels, weights)
        if len(self._negative):
            keys, probabilities = map(torch.stack, zip(*(known.item for _, known in self._negative), strict=True))
            low, high = settings.mask
            masks = ((probabilities > low) & (probabilities < high)).to(logits)
            weights = _affinities(videos.embeddings, keys, settings.negative_alpha, settings.negative_beta)
            logits -= weights @ masks
        return logits

    def counts(self) -> dict[str, list[int]]:
        """How many videos of each class are stored, by cache: {"positive": [C], "negative": [C]}."""
        caches: dict[str, ClassMemory[Tensor] | ClassMemory[tuple[Tensor, Tensor]]]
        caches = {"positive": self._positive, "negative": self._negative}
        return {name: [len(cache.best(label)) for label in range(self._n_classes)] for name, cache in caches.items()}


def _affinities(queries: Tensor, keys: Tensor, alpha: float, beta: float) -> Tensor:
    """What each item weighs, alpha exp(-beta (1 - f k)): [N, D] and [K, D] -> [N, K]."""
    return alpha * torch.exp(-beta * (1 - queries @ keys.T))
