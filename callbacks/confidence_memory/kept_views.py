"""From the views of a video to what a memory is told of it: embedding, logits, probabilities and entropy.

TDA: of several views those of lowest entropy are kept; the embedding is the mean of theirs (not normalized again), the
logits are the mean of theirs, the probabilities p the mean of their softmax, and the entropy that of p. A single view
is kept as it is.

DMN keeps views in the same way, with its own small numbers against logarithms of 0, but they only decide about the
pseudo-label and the entropy: what is stored and scored is the plain view.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from zsar.callbacks.prompt_tuning.confident_entropy import confident_views, entropy, most_certain

_VIEW_EPSILON = 1e-6  # of DMN, in the entropy of a view
_MEAN_EPSILON = 1e-8  # of DMN, in the entropy of the mean of the kept ones


@dataclass(frozen=True)
class Observations:
    """What a memory is told of N videos.

    Attributes:
        embeddings: f, [N, D].
        logits: z, [N, C]; the scale times the cosines.
        probabilities: p, [N, C], whose largest one is the pseudo-label's with DMN.
        labels: The pseudo-labels, int64 [N].
        entropies: In nats, [N].
    """

    embeddings: Tensor
    logits: Tensor
    probabilities: Tensor
    labels: Tensor
    entropies: Tensor

    def __len__(self) -> int:
        """N."""
        return len(self.labels)

    def select(self, rows: Tensor | slice) -> Observations:
        """Those of some videos."""
        parts = (self.embeddings, self.logits, self.probabilities, self.labels, self.entropies)
        return Observations(*(part[rows] for part in parts))

    def cpu(self) -> Observations:
        """The same in the main memory."""
        parts = (self.embeddings, self.logits, self.probabilities, self.labels, self.entropies)
        return Observations(*(part.cpu() for part in parts))


def joined(parts: list[Observations]) -> Observations:
    """The observations of several batches, in their order."""
    names = Observations.__dataclass_fields__
    return Observations(*(torch.cat([getattr(part, name) for part in parts]) for name in names))


def observe_for_tda(embeddings: Tensor, logits: Tensor, weights: Tensor, share: float) -> Observations:
    """What TDA's caches are told of videos.

    Args:
        embeddings: Unit embeddings of the views, [N, V, D].
        logits: Theirs, [N, V, C].
        weights: Multiplicity of each view, [V].
        share: Share of the views to keep, rounded down, but at least one.
    """
    kept = _shares(confident_views(logits.log_softmax(dim=-1), weights.to(logits), share))
    mean = (kept * logits).sum(dim=1)
    probabilities = (kept * logits.softmax(dim=-1)).sum(dim=1)
    return Observations(
        embeddings=(kept * embeddings).sum(dim=1),
        logits=mean,
        probabilities=probabilities,
        labels=mean.argmax(dim=1),
        entropies=entropy(probabilities.log()),
    )


def observe_for_dmn(plain: Tensor, plain_logits: Tensor, logits: Tensor, weights: Tensor, share: float) -> Observations:
    """What DMN's dynamic memory is told of videos.

    Args:
        plain: Unit embeddings of the plain view, f, [N, D].
        plain_logits: Its logits, [N, C].
        logits: Those of all views, [N, V, C].
        weights: Multiplicity of each of all views, [V].
        share: Share of the views to keep, rounded down, but at least one.
    """
    probabilities = logits.softmax(dim=-1)
    of_views = _entropy(probabilities, _VIEW_EPSILON)
    mean = (_shares(most_certain(of_views, weights.to(logits), share)) * probabilities).sum(dim=1)
    return Observations(plain, plain_logits, mean, mean.argmax(dim=1), _entropy(mean, _MEAN_EPSILON))


def _shares(selected: Tensor) -> Tensor:
    """Selected multiplicities [N, V] as weights of a mean, [N, V, 1]."""
    return (selected / selected.sum(dim=1, keepdim=True))[..., None]


def _entropy(probabilities: Tensor, epsilon: float) -> Tensor:
    return -(probabilities * (probabilities + epsilon).log()).sum(dim=-1)
