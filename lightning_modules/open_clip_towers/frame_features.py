"""Features of frames before the last linear map: the representation of a frame if the projection is to be adapted.

For CLIP's ViT that is the class token after the last layer norm; for CoCa the first query of the attention pooler after
it; for timm's ViTs what their pooling makes (class token, mean, or attention of a query). The embedding of a frame from
`OpenClipBackbone.encode_frames` is always features @ projection:

- A projection with a bias (EVA, PE-Core, MobileCLIP) is one matrix: features end with the constant 1, and the last row
  of the projection is the bias. What adapts the projection adapts it too.
- A tower without a projection (SigLIP, whose attention pooling ends with an MLP) has the identity: its features are the
  embeddings, and a method may adapt a matrix that starts as the identity.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from zsar.lightning_modules.open_clip_towers.blocks.tower_block import plain_block, run_blocks
from zsar.lightning_modules.open_clip_towers.open_clip_backbone import OpenClipBackbone


def visual_projection(backbone: OpenClipBackbone) -> Tensor:
    """The projection of the visual tower, [W, D].

    It is the model's parameter itself if that is all there is; with a bias, or as an identity, it is made anew.

    Args:
        backbone: A model whose visual tower is a ViT.

    Raises:
        BackboneError: The tower is no ViT, or one with an unknown part.
    """
    projection, bias = backbone.visual_tower.projection
    if projection is None:
        return torch.eye(backbone.embedding_width, device=backbone.frame_mean.device, dtype=backbone.frame_mean.dtype)
    return projection if bias is None else torch.cat([projection, bias[None]])


def frame_features(backbone: OpenClipBackbone, frames: Tensor) -> Tensor:
    """Features before the projection.

    Args:
        backbone: A model whose visual tower is a ViT.
        frames: Normalized, [N, 3, H, W].

    Returns:
        [N, W], not normalized; W is the height of `visual_projection`.

    Raises:
        BackboneError: The tower is no ViT, or one with an unknown part, or pools a frame to several tokens.
    """
    tower = backbone.visual_tower
    pooled = tower.pool(run_blocks(tower.blocks, tower.embed(frames), None, plain_block, checkpointing=False))
    return pooled if tower.projection[1] is None else functional.pad(pooled, (0, 1), value=1.0)


@torch.inference_mode()
def features_of_uint8(backbone: OpenClipBackbone, frames: Tensor) -> Tensor:
    """Features of decoded frames, computed on the model's device.

    Args:
        backbone: As for `frame_features`.
        frames: uint8 [N, 3, H, W] on any device.

    Returns:
        float32 [N, W] on the model's device.
    """
    return frame_features(backbone, backbone.normalize_frames(frames.to(backbone.frame_mean.device)))
