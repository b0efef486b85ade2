"""T3AL as `fidelity.md` describes the code of its authors, for THUMOS14 and for ActivityNet; written from that page.

Letters are those of `tests/reference/t3al.py`. A row of the page is a line or two here: nothing is an option but what
differs between the two data sets. Of the one point that is not taken over, the reset that undoes the last step only,
see the README of the method: here a video starts from the model's own projections.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from tests.reference.t3al import text_embedding, unit


@dataclass(frozen=True)
class DataSet:
    """What the authors' code has for one data set: steps, K, whether the mean is removed, gaps in frames, and beta."""

    n_steps: int
    k: int
    removes_mean: bool
    smooths: bool
    largest_gap: int
    beta: float


THUMOS14 = DataSet(n_steps=60, k=4, removes_mean=True, smooths=True, largest_gap=19, beta=0.75)
ACTIVITYNET = DataSet(n_steps=15, k=20, removes_mean=False, smooths=False, largest_gap=200, beta=0.8)


def localize(
    f: Tensor,
    class_texts: Sequence[Tensor],
    p_v: Tensor,
    p_l: Tensor,
    bias: Tensor | None,
    log_scale: Tensor,
    draws: Callable[[int], Tensor],
    captions: Sequence[tuple[int, Tensor]],
    data_set: DataSet,
    *,
    learning_rate: float = 1e-5,
) -> list[tuple[int, int, int, float, bool]]:
    """First and last frame, class, score, and whether it is kept, of each segment.

    `captions` has the captioned frames and the features [V] of their captions; other arguments as in the paper's.
    """
    mean = unit((f @ p_v).mean(dim=0))
    cosines = [float(mean @ text_embedding(u, p_l, bias)) for u in class_texts]
    label = cosines.index(max(cosines))
    p_v, p_l, log_scale = adapted(
        f, class_texts[label], p_v, p_l, bias, log_scale, draws(label), data_set, learning_rate=learning_rate
    )
    text = text_embedding(class_texts[label], p_l, bias)
    if data_set.removes_mean:
        frames = f @ p_v - (f @ p_v).mean(dim=0)
        scores = moving_average(unit(frames) @ text)
        scores = (scores - scores.min()) / (scores.max() - scores.min())
        threshold = float(scores.mean())
    else:
        scores = log_scale.exp() * (unit(f @ p_v) @ text)
        threshold = 0.7
    regions = grouped([i for i, score in enumerate(scores) if float(score) > threshold], data_set.largest_gap)
    kept = kept_regions(regions, captions, p_l, bias, data_set.beta)
    found = []
    for (first, last), is_kept in zip(regions, kept, strict=True):
        region = unit((f @ p_v)[first : last + 1].mean(dim=0))
        logits = torch.stack([log_scale.exp() * (region @ text_embedding(u, p_l, bias)) for u in class_texts])
        found.append((first, last, label, float(logits.softmax(dim=0)[label]), is_kept))
    return found


def adapted(
    f: Tensor,
    u: Tensor,
    p_v: Tensor,
    p_l: Tensor,
    bias: Tensor | None,
    log_scale: Tensor,
    draws: Tensor,
    data_set: DataSet,
    *,
    learning_rate: float,
) -> tuple[Tensor, Tensor, Tensor]:
    """The projections and the temperature after all steps: there is no early stop."""
    p_v, p_l, log_scale = (tensor.detach().clone().requires_grad_(True) for tensor in (p_v, p_l, log_scale))
    groups = [
        {"params": [p_v], "lr": 1e-3 * learning_rate},
        {"params": [p_l, log_scale], "lr": learning_rate},
    ]
    optimizer = torch.optim.Adam(groups, weight_decay=1e-4)
    k = data_set.k
    for step in range(data_set.n_steps):
        frames, text = f @ p_v, text_embedding(u, p_l, bias)
        to_select = (frames - frames.mean(dim=0) if data_set.removes_mean else frames) @ text
        if data_set.smooths:
            to_select = moving_average(to_select)
        best = to_select.argsort(descending=True, stable=True).tolist()
        n = min(100 * k, len(f))  # so that the pools overlap below 200 K frames, and are the same below 100 K
        positives = thinned(sorted(best[:n]), draws[step, 0], len(f))
        negatives = thinned(sorted(best[len(best) - n :]), draws[step, 1], len(f))
        scores = (log_scale.exp() * (unit(frames) @ text))[positives + negatives]
        b = torch.tensor([1.0] * k + [0.0] * k, dtype=scores.dtype)
        target = 0.8 * b / math.sqrt(k) + 0.2 / (2 * k)
        separation = 2 - 2 * (unit(scores) * target).sum()
        drawn = (2 - 2 * (unit(frames[positives]) @ text.detach())).sum() / frames.shape[1]
        optimizer.zero_grad()
        (separation + drawn).backward()
        optimizer.step()
    return p_v.detach(), p_l.detach(), log_scale.detach()


def thinned(pool: list[int], draws: Tensor, n_frames: int) -> list[int]:
    """The first, the last and evenly spaced frames between them, moved by -10 to 10 frame numbers."""
    k = len(draws)
    chosen = [pool[math.floor(j * (len(pool) - 1) / (k - 1))] for j in range(k)]
    moved = [frame + math.floor(21 * float(draw)) - 10 for frame, draw in zip(chosen, draws, strict=True)]
    return [min(max(frame, 0), n_frames - 1) for frame in moved]


def moving_average(scores: Tensor) -> Tensor:
    """The mean of 9 scores back, the score, and 10 ahead; the first and the last score are repeated beyond the ends."""
    n = len(scores)
    return torch.stack([scores[[min(max(i + j, 0), n - 1) for j in range(-9, 11)]].mean() for i in range(n)])


def grouped(frames: list[int], largest_gap: int) -> list[tuple[int, int]]:
    """Runs of frames with gaps up to a maximum; single frames are dropped."""
    runs: list[list[int]] = []
    for frame in frames:
        if runs and frame - runs[-1][-1] - 1 <= largest_gap:
            runs[-1].append(frame)
        else:
            runs.append([frame])
    return [(run[0], run[-1]) for run in runs if len(run) > 1]


def kept_regions(
    regions: list[tuple[int, int]],
    captions: Sequence[tuple[int, Tensor]],
    p_l: Tensor,
    bias: Tensor | None,
    beta: float,
) -> list[bool]:
    """Regions without captions are dropped; of several others more than half must agree, the region itself included."""
    of_regions = [[text for i, text in captions if first <= i <= last] for first, last in regions]
    described = [i for i, texts in enumerate(of_regions) if texts]
    means = {
        i: unit(torch.stack([text_embedding(text[None], p_l, bias) for text in of_regions[i]]).mean(dim=0))
        for i in described
    }
    kept = [False] * len(regions)
    for i in described:
        n_agreeing = sum(float(means[i] @ means[j]) >= beta or i == j for j in described)
        kept[i] = len(described) < 2 or 2 * n_agreeing > len(described)
    return kept
