"""DMN's dynamic memory of test videos, without training (Zhang et al., CVPR 2024, the zero-shot part).

For each pseudo-label y = argmax q, with q the mean of the probabilities of the most certain views, the memory holds the
50 videos of lowest entropy of q, as the embeddings f of their plain views. For every class c, with the keys k of its
videos and its text embedding w_c, which is always one of them,

    a = exp(-5.5 (1 - k f)),   g_c = sum a k, normalized
    p = softmax(s f W^T) + weight softmax(s f g^T)

with s the scale of the model's scores, 100 for CLIP. A class without videos falls back to its text. The authors search
the weight on the labels of each test set; here it is one number for all.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from zsar.callbacks.confidence_memory.kept_views import Observations
from zsar.lightning_modules.recognition.class_memory import ClassMemory

_BLOCK = 1024  # videos that are compared at a time, which bounds the memory


@dataclass(frozen=True, kw_only=True)
class DMNSettings:
    """The settings of the memory; see `ConfidenceMemory`.

    Attributes:
        capacity: Videos of a class.
        beta: How fast a video fades with the distance.
        weight: Of the prediction of the memory, beside that of the text.
        confident_share: Share of several views that is kept.
    """

    capacity: int
    beta: float
    weight: float
    confident_share: float


class DynamicMemory:
    """The memory of one set of classes."""

    def __init__(self, settings: DMNSettings, classes: Tensor, scale: Tensor) -> None:
        """Starts with the text alone.

        Args:
            settings: The settings.
            classes: Unit embeddings of the classes, [C, D].
            scale: s, a scalar.
        """
        self._settings = settings
        self._classes, self._scale = classes, scale
        self._memory: ClassMemory[Tensor] = ClassMemory(settings.capacity)

    def insert(self, videos: Observations, row: int, *, identity: str) -> None:
        """Shows a video to the memory.

        Args:
            videos: Observations.
            row: Which of them.
            identity: Its id.
        """
        embedding = videos.embeddings[row].clone()  # a view would keep the embeddings of all videos
        self._memory.insert(int(videos.labels[row]), embedding, key=float(videos.entropies[row]), identity=identity)

    def merge(self, other: DynamicMemory) -> None:
        """Adds the memory of another process."""
        self._memory.merge(other._memory)

    def score(self, videos: Observations) -> Tensor:
        """Log-probabilities with the memory as it is, [N, C]: the logarithm of p / (1 + weight)."""
        weight = self._settings.weight
        if weight == 0:
            return videos.logits.log_softmax(dim=1)
        of_memory = torch.cat([self._of_memory(block) for block in videos.embeddings.split(_BLOCK)])
        mixed = videos.logits.softmax(dim=1) + weight * of_memory.softmax(dim=1)
        return (mixed / (1 + weight)).clamp(min=torch.finfo(mixed.dtype).tiny).log()

    def counts(self) -> dict[str, list[int]]:
        """How many videos of each class are stored: {"dynamic": [C]}."""
        return {"dynamic": [len(self._memory.best(label)) for label in range(len(self._classes))]}

    def _of_memory(self, queries: Tensor) -> Tensor:
        """The scores of N videos by g, s f g^T, [N, C]."""
        scores = queries @ self._classes.T  # of classes without videos, whose g is their text
        for label in self._memory.labels():
            keys = torch.stack([self._classes[label], *(known.item for known in self._memory.best(label))])
            mean = torch.exp(-self._settings.beta * (1 - queries @ keys.T)) @ keys
            scores[:, label] = (queries * functional.normalize(mean, dim=1)).sum(dim=1)
        return self._scale * scores
