"""Features of frames before CLIP's projection: the representation of a frame if the projection is to be adapted.

For a ViT that is the class token after the last layer norm; for CoCa the first query of the attention pooler after it.
The embedding of a frame from `OpenClipBackbone.encode_frames` is features @ projection.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from zsar.lightning_modules.open_clip_towers.open_clip_backbone import OpenClipBackbone
from zsar.lightning_modules.open_clip_towers.weight_files import BackboneError


def visual_projection(backbone: OpenClipBackbone) -> Tensor:
    """The projection of the visual tower, [W, D]; the model's parameter itself.

    Args:
        backbone: A CLIP or CoCa model whose visual tower is a ViT.

    Raises:
        BackboneError: The tower has no such projection.
    """
    visual = backbone.clip.visual
    projection = getattr(visual, "proj", None)
    # Only open_clip's VisionTransformer has these attributes.
    if not isinstance(projection, Tensor) or not (hasattr(visual, "_embeds") and hasattr(visual, "_pool")):
        raise BackboneError(
            f"the visual tower of {backbone.architecture} is a {type(visual).__name__}, which has no features before a "
            "projection to store; take a ViT such as ViT-B-16-quickgelu, or CoCa such as coca_ViT-L-14"
        )
    return projection


def frame_features(backbone: OpenClipBackbone, frames: Tensor) -> Tensor:
    """Features before the projection.

    Args:
        backbone: A CLIP or CoCa model whose visual tower is a ViT.
        frames: Normalized, [N, 3, H, W].

    Returns:
        [N, W], not normalized; W is the height of `visual_projection`.

    Raises:
        BackboneError: The tower has no projection, or pools a frame to several tokens.
    """
    width = visual_projection(backbone).shape[0]
    visual: Any = backbone.clip.visual
    pooled: Tensor = visual._pool(visual.transformer(visual._embeds(frames)))[0]
    if pooled.shape != (len(frames), width):
        raise BackboneError(
            f"{backbone.architecture} pools a frame to {list(pooled.shape[1:])} numbers, not to one token of {width}; "
            "take a ViT such as ViT-B-16-quickgelu, or CoCa such as coca_ViT-L-14"
        )
    return pooled


@torch.inference_mode()
def features_of_uint8(backbone: OpenClipBackbone, frames: Tensor) -> Tensor:
    """Features of decoded frames, computed on the model's device.

    Args:
        backbone: As for `frame_features`.
        frames: uint8 [N, 3, H, W] on any device.

    Returns:
        float32 [N, W] on the model's device.
    """
    return frame_features(backbone, backbone.normalize_frames(frames.to(visual_projection(backbone).device)))
