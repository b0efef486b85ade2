"""FreeZAD's scores of segments, restated from the formulas of its authors' code: slices, truncation and transform."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def log_oic(raw: Floats, a: int, b: int) -> float:
    """Of the frames a to b, b excluded."""
    n = len(raw)
    length = b - a
    q = length / 4
    inner = raw[a:b]
    left = raw[max(int(a - q), 0) : a]
    right = raw[b : min(int(b + q), n + 1)]
    loss = 0.0
    for side in (list(reversed(left)), list(right)):
        weights = [1 / math.log(k + 1) for k in range(1, len(side) + 1)]
        loss += 0.2 * sum(w / sum(weights) * value for w, value in zip(weights, side, strict=True))
    return float(sum(inner) / length + max(inner) - loss)


def actionness(frames: Floats) -> float:
    """Of the embeddings of a segment's frames, without the background, [L, D]."""
    spectrum = np.abs(np.fft.fft(frames, axis=0)) ** 2
    energy = spectrum.sum(axis=0).mean()
    return float(1 / (1 + np.exp(-energy)))


def raw_scores(x: Floats, p_v: Floats, text: Floats, scale: float, *, removes_mean: bool) -> tuple[Floats, Floats]:
    """Temperature x cosine of each frame, [N], and the frames, [N, D]."""
    f = x @ p_v
    if removes_mean:
        f = f - f.mean(axis=0)
    cosines = [float(row @ text / np.linalg.norm(row) / np.linalg.norm(text)) for row in f]
    return scale * np.array(cosines), f


def moving_average(raw: Floats, window: int) -> Floats:
    """Ends are padded with the first and the last score; an even window reaches one frame further ahead."""
    back = (window - 1) // 2
    padded = np.concatenate([np.repeat(raw[:1], back), raw, np.repeat(raw[-1:], window - 1 - back)])
    return np.array([padded[i : i + window].mean() for i in range(len(raw))])


def segments(curve: Floats, stride: int) -> list[tuple[int, int]]:
    """Frames above the mean; neighbours at most `stride` apart belong together; single ones are dropped."""
    above = np.flatnonzero(curve > curve.mean()).tolist()
    found: list[tuple[int, int]] = []
    for i in above:
        if found and i - found[-1][1] <= stride:
            found[-1] = (found[-1][0], i)
        else:
            found.append((i, i))
    return [(a, b) for a, b in found if a < b]
