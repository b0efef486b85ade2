"""MAKA late interaction for plain lists, one cosine at a time."""

from __future__ import annotations

import math


def late_interaction(videos: list[list[list[float]]], classes: list[list[list[float]]]) -> list[list[float]]:
    """Scores [B][C] of frames [B][n_v][D] and prompts [C][n_t][D]: (v2t + t2v) / 2 with cosines for similarities."""
    scores = []
    for frames in videos:
        row = []
        for prompts in classes:
            v2t = sum(max(cosine(frame, prompt) for prompt in prompts) for frame in frames) / len(frames)
            t2v = sum(max(cosine(frame, prompt) for frame in frames) for prompt in prompts) / len(prompts)
            row.append((v2t + t2v) / 2)
        scores.append(row)
    return scores


def cosine(a: list[float], b: list[float]) -> float:
    """a.b / (|a| |b|)."""
    product = sum(x * y for x, y in zip(a, b, strict=True))
    return product / (math.sqrt(sum(x * x for x in a)) * math.sqrt(sum(y * y for y in b)))
