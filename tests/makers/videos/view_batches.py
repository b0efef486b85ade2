"""Batches of small clips with further views, before and after they are finished."""

import torch
from torch import Tensor

from zsar.datamodules.batch import VideoBatch, ViewBatch
from zsar.datamodules.views.further_views import Views

SIZE = 16


def clip(n_frames: int, height: int = SIZE, width: int = SIZE, seed: int = 0) -> Tensor:
    """uint8 [N, 3, H, W]: smooth enough for AugMix to change it little."""
    generator = torch.Generator().manual_seed(seed)
    coarse = torch.rand(n_frames, 3, 4, 5, generator=generator) * 255
    return torch.nn.functional.interpolate(coarse, (height, width), mode="bilinear").to(torch.uint8)


def batch_of(shown: Tensor, cut: Tensor, views: Views, seeds: list[int]) -> VideoBatch:
    """A batch of test views [B, T, 3, S, S] and cut views [B, K, T, 3, S, S]."""
    n = len(shown)
    further = ViewBatch(cut, views.weights, torch.tensor(seeds), torch.full((n,), 0.5, dtype=torch.float32))
    row = torch.zeros(n, dtype=torch.int64)
    return VideoBatch(shown[:, None], row, row, row.bool(), views=further)


def plain_batch(views: Views, seeds: list[int], n_frames: int = 4) -> VideoBatch:
    shown = torch.stack([clip(n_frames, seed=seed) for seed in seeds])
    return batch_of(shown, torch.zeros(len(seeds), 0, n_frames, 3, SIZE, SIZE, dtype=torch.uint8), views, seeds)


def finished(views: Views, batch: VideoBatch) -> ViewBatch:
    after = views.finish(batch).views
    assert after is not None
    return after
