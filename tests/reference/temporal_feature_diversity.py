"""TFD, element by element, from the paper's equations and the edge rule of the authors' code."""

from __future__ import annotations


def temporal_feature_diversity(videos: list[list[list[float]]], *, unbiased: bool = False) -> float:
    """1 / (1 + V + C) for nested lists [B][T][D]."""
    variances, differences = [], []
    for video in videos:
        n_frames, width = len(video), len(video[0])
        for d in range(width):
            values = [frame[d] for frame in video]
            mean = sum(values) / n_frames
            variances.append(sum((v - mean) ** 2 for v in values) / (n_frames - 1 if unbiased else n_frames))
            for t in range(n_frames):
                after, before = values[min(t + 1, n_frames - 1)], values[max(t - 1, 0)]
                differences.append(abs(after - before) / 2)
    return 1 / (1 + sum(variances) / len(variances) + sum(differences) / len(differences))
