"""Embeddings of made-up test videos for memories: unit vectors around those of their classes, in float64."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

N_CLASSES, WIDTH = 5, 8
SCALE = 10.0  # of cosines, so that a few videos are unsure


def made_classes() -> Tensor:
    """Unit embeddings of the classes, [C, D]."""
    return functional.normalize(torch.randn(N_CLASSES, WIDTH, generator=_seeded(), dtype=torch.float64), dim=1)


def made_views(n: int, *, n_views: int = 1) -> Tensor:
    """Unit embeddings of the views of n videos, [n, V, D]."""
    generator = _seeded(1)
    centres = made_classes()[torch.randint(N_CLASSES, (n,), generator=generator)]
    videos = centres + 0.5 * torch.randn(n, WIDTH, generator=generator, dtype=torch.float64)
    noise = 0.2 * torch.randn(n, n_views, WIDTH, generator=generator, dtype=torch.float64)
    return functional.normalize(videos[:, None] + noise, dim=2)


def _seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)
