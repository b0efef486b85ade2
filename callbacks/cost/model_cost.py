"""What a model costs whatever machine runs it: its parameters, and the GFLOPs of a view; nothing is run on data."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from lightning.pytorch import LightningModule
from torch import Tensor

from zsar.callbacks.cost.counted_flops import counted_flops
from zsar.lightning_modules.localization.localizer import ActionLocalizer
from zsar.lightning_modules.recognition.recognizer import ActionRecognizer

_COUNTED = (
    "matrix products, convolutions and attention in embedding a view, two operations per multiply-add; "
    "not class text, scoring, captions or tuning at test time"
)


def n_parameters(model: LightningModule) -> dict[str, int]:
    """The number of parameters.

    Args:
        model: The model.

    Returns:
        "total": all; "trained": those that training changes.
    """
    return {
        "total": sum(p.numel() for p in model.parameters()),
        "trained": sum(p.numel() for p in model.parameters() if p.requires_grad),
    }


def arithmetic(model: LightningModule, n_frames: int | None) -> dict[str, Any]:
    """The GFLOPs of embedding a view, beside what they are of.

    Args:
        model: A recognizer or a localizer.
        n_frames: T of a view, or 1 for a localizer, which embeds single frames; None if no frames are embedded, since
            their embeddings are stored.

    Returns:
        "frames_per_view", "image_size" (H and W in px), "gflops_per_view", "gmacs_per_view" (half of it) and "counted":
        what is in them. Where they cannot be counted they are None, and "counted" says why.
    """
    assert isinstance(model, ActionRecognizer | ActionLocalizer)
    size = list(model.backbone.image_size)
    view = {"frames_per_view": n_frames, "image_size": size}
    uncounted = {**view, "gflops_per_view": None, "gmacs_per_view": None}
    if n_frames is None:
        return {**uncounted, "counted": "nothing: stored embeddings were read, and no frame was embedded"}
    embed: Callable[[Tensor], Tensor]
    if isinstance(model, ActionRecognizer):
        embed, shape = model.embed_frames, (1, n_frames, 3, *size)
    else:
        embed, shape = model.backbone.encode_frames, (n_frames, 3, *size)
    try:
        flops = counted_flops(model, embed, shape)
    except (RuntimeError, NotImplementedError) as error:
        return {**uncounted, "counted": f"nothing: the model needs values to run ({str(error).splitlines()[0]})"}
    giga = {"gflops_per_view": round(flops / 1e9, 6), "gmacs_per_view": round(flops / 2e9, 6)}
    return {**view, **giga, "counted": _COUNTED}
