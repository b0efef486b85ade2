"""LLT at T = 0 as the note on its paper tells it (Jiang et al., CVPR 2026): one set of classes, lists and loops.

Frames are embeddings x_t [T, D] of one video, y [C, D] unit embeddings of the classes' texts. What the note leaves open
is as T3AL has it: the mean of a video's frames is subtracted before cosines and before the mean of the easy frames, and
xi has CLIP's temperature. Nothing of the package is used.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor


class Easy(NamedTuple):
    """What one video gives to the table: its class c, its certainty xi, and z, the mean of its easy frames."""

    c: int
    xi: float
    z: Tensor


def unit(x: Tensor) -> Tensor:
    return x / (x * x).sum(dim=-1, keepdim=True).sqrt()


def easy_of(x: Tensor, y: Tensor, *, gamma: float, scale: float) -> Easy:
    """c, xi and z of a video."""
    similarities = [float(unit(x.mean(dim=0)) @ text) for text in y]
    c = max(range(len(y)), key=lambda i: similarities[i])
    xi = math.exp(scale * similarities[c]) / sum(math.exp(scale * s) for s in similarities)
    centred = x - x.mean(dim=0)
    p = [float(unit(frame) @ y[c]) for frame in centred]
    k = max(1, math.floor(gamma * len(x) + 1e-9))
    easy = sorted(range(len(x)), key=lambda t: -p[t])[:k]
    return Easy(c, xi, torch.stack([centred[t] for t in easy]).mean(dim=0))


def insert(buffer: list[Easy], new: Easy, size: int) -> None:
    """A free place, or that of the least certain candidate, if the new one is more certain."""
    if len(buffer) < size:
        buffer.append(new)
        return
    worst = min(range(size), key=lambda i: buffer[i].xi)
    if new.xi > buffer[worst].xi:
        buffer[worst] = new


def scores_of(
    videos: Sequence[tuple[str, Tensor]], y: Tensor, *, size: int, gamma: float, scale: float, order: str
) -> list[Tensor]:
    """The score of each frame, [T] for each video: its cosine with the prototype of the video's class."""
    given = [easy_of(x, y, gamma=gamma, scale=scale) for _, x in videos]
    table: dict[int, list[Easy]] = {}
    scores: list[Tensor | None] = [None] * len(videos)
    in_order = sorted(range(len(videos)), key=lambda i: hashlib.sha256(videos[i][0].encode()).hexdigest())
    for i in in_order:
        insert(table.setdefault(given[i].c, []), given[i], size)
        if order == "stream":
            scores[i] = _scores(videos[i][1], table[given[i].c])
    return [s if s is not None else _scores(x, table[g.c]) for s, (_, x), g in zip(scores, videos, given, strict=True)]


def _scores(x: Tensor, buffer: Sequence[Easy]) -> Tensor:
    v = unit(torch.stack([candidate.z for candidate in buffer]).mean(dim=0))
    return unit(x - x.mean(dim=0)) @ v
