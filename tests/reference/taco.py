"""TACO from its page alone (`taco.md`, "Losses, exactly", "Training recipe"): one video, class and anchor at a time.

Zhu et al., "TACO: Towards Task-Consistent Open-Vocabulary Adaptation in Video Recognition", 2026. Nothing of the
package is used.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

import torch
from torch import Tensor

WEIGHT, MOMENTUM = 0.4, 0.9998


def unit(vector: Tensor) -> Tensor:
    """A vector divided by its length."""
    return vector / vector.pow(2).sum().sqrt()


def projected(p: Tensor, projection: Mapping[str, Tensor] | None) -> Tensor:
    """The vector u = p + W_B (W_A p + b_A) + b_B of p; p itself without a projection."""
    if projection is None:
        return p
    wide = projection["W_A"] @ p + projection["b_A"]
    return p + projection["W_B"] @ wide + projection["b_B"]


def video(x: Tensor, projection: Mapping[str, Tensor] | None = None) -> Tensor:
    """The vector v of the frames x [T, D] of a video: the mean, projected, unit length."""
    return unit(projected(sum(x[1:], x[0]) / len(x), projection))


def cross_entropy(videos: list[Tensor], classes: Tensor, scale: Tensor, labels: list[int]) -> Tensor:
    """L_ce of s v t^T."""
    terms = []
    for v, label in zip(videos, labels, strict=True):
        logits = torch.stack([scale * (v * t).sum() for t in classes])
        terms.append(-torch.log(softmax(logits)[label]))
    return torch.stack(terms).mean()


def softmax(logits: Tensor) -> Tensor:
    """Of a vector."""
    powers = torch.exp(logits - logits.max().detach())
    return powers / powers.sum()


def relative(v: Tensor, classes: Tensor, anchors: Tensor) -> Tensor:
    """A row of Z: what the anchors see of the video times what they see of each class."""
    seen = torch.stack([(v * a).sum() for a in anchors])
    return torch.stack([(seen * torch.stack([(t * a).sum() for a in anchors])).sum() for t in classes])


def structure(student: list[Tensor], teacher: list[Tensor], scale: Tensor) -> Tensor:
    """L_rsd of rows of Z and of Z'."""
    terms = []
    for z, z_teacher in zip(student, teacher, strict=True):
        q, r = softmax(scale * z_teacher), softmax(scale * z)
        terms.append(torch.stack([qi * torch.log(qi / ri) for qi, ri in zip(q, r, strict=True)]).sum())
    return torch.stack(terms).mean()


def loss(
    x: Tensor,
    classes: Tensor,
    x_teacher: Tensor,
    classes_teacher: Tensor,
    *,
    scale: Tensor,
    labels: list[int],
    anchors: Tensor,
    projection: Mapping[str, Tensor] | None,
    weight: float = WEIGHT,
) -> tuple[Tensor, Tensor]:
    """L_ce and weight L_rsd of frames [B, T, D] and unit classes [N, D] of student and teacher."""
    videos = [video(frames, projection) for frames in x]
    of_teacher = [video(frames) for frames in x_teacher]
    rows = [relative(v, classes, anchors) for v in videos]
    rows_of_teacher = [relative(v, classes_teacher, anchors) for v in of_teacher]
    return cross_entropy(videos, classes, scale, labels), weight * structure(rows, rows_of_teacher, scale)


def averaged(teacher: Mapping[str, Tensor], student: Mapping[str, Tensor], momentum: float) -> dict[str, Tensor]:
    """The teacher after an update."""
    return {name: momentum * value + (1 - momentum) * student[name] for name, value in teacher.items()}


def rates(n_steps: int, *, peak: float, epochs: int = 15, warmup: int = 5) -> list[float]:
    """The rate of each step of a training: set at an epoch's first iteration, then at every tenth."""
    found: list[float] = []
    for epoch in range(epochs):
        for iteration in range(n_steps):
            if iteration % 10 == 0:
                now = epoch + iteration / n_steps
                if now < warmup:
                    rate = peak * now / warmup
                else:
                    rate = peak * (1 + math.cos(math.pi * (now - warmup) / (epochs - warmup))) / 2
            found.append(rate)
    return found
