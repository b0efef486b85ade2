"""Videos whose frames have the embeddings that a test wants, and class text, for localizers with the tiny CLIP."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from zsar.datamodules.batch import ClassText
from zsar.datamodules.class_text.templates import fill_templates
from zsar.lightning_modules.localization.contract import UntrimmedFeatures
from zsar.lightning_modules.localization.localizer import ActionLocalizer

NAMES = ("dancing", "diving", "a tall ladder", "chess")
FPS = 10.0


def class_text(names: Sequence[str] = NAMES, set_name: str = "test") -> ClassText:
    return fill_templates(set_name, tuple(names), "a video of {}")


def video_of(
    model: ActionLocalizer,
    actions: Mapping[tuple[int, int], str],
    *,
    n_frames: int = 100,
    video_id: str = "v",
    noise: float = 0.05,
    seed: int = 0,
    **more: Any,
) -> UntrimmedFeatures:
    """A video at 10 frames a second in which frames from first up to last look like a class name's text.

    All other frames look like one background, which is like no class; every frame has some noise of its own.
    """
    generator = torch.Generator().manual_seed(seed)
    own = model.projections
    width = own.visual.shape[1]
    background = functional.normalize(torch.randn(width, generator=generator), dim=0)
    wanted = background.repeat(n_frames, 1)
    for (first, last), name in actions.items():
        wanted[first:last] = embedding_of(model, name)
    wanted = wanted + noise * torch.randn(n_frames, width, generator=generator)
    return UntrimmedFeatures(
        id=video_id,
        features=features_with(wanted, own.visual),
        times_seconds=torch.arange(n_frames, dtype=torch.float64) / FPS,
        duration_seconds=n_frames / FPS,
        **more,
    )


@torch.no_grad()
def embedding_of(model: ActionLocalizer, name: str) -> Tensor:
    """The unit embedding [D] of a class by name."""
    return model.projections.embed_classes(model.text_features([f"a video of {name}"])[:, None])[0]


@torch.no_grad()
def features_with(embeddings: Tensor, projection: Tensor) -> Tensor:
    """Features [N, W] that a projection [W, D], W > D, takes to embeddings [N, D]."""
    return embeddings @ torch.linalg.pinv(projection)
