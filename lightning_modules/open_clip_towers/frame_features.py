"""Features of frames before CLIP's projection: the representation of a frame if the projection is to be adapted.

For a ViT that is the class token after the last layer norm; for CoCa the first query of the attention pooler after it.
The embedding of a frame from `OpenClipBackbone.encode_frames` is features @ projection.
"""

from __future__ import annotations

import torch
from torch import Tensor

from zsar.lightning_modules.open_clip_towers.blocks.tower_block import plain_block, run_blocks
from zsar.lightning_modules.open_clip_towers.open_clip_backbone import OpenClipBackbone
from zsar.lightning_modules.open_clip_towers.weights.weight_files import BackboneError


def visual_projection(backbone: OpenClipBackbone) -> Tensor:
    """The projection of the visual tower, [W, D]; the model's parameter itself.

    Args:
        backbone: A CLIP or CoCa model whose visual tower is a ViT.

    Raises:
        BackboneError: The tower has no such projection.
    """
    projection, bias = backbone.visual_tower.projection
    if projection is None or bias is not None:
        raise BackboneError(
            f"the visual tower of {backbone.architecture} has no projection of features to store; take a ViT such as "
            "ViT-B-16-quickgelu, or CoCa such as coca_ViT-L-14"
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
    tower = backbone.visual_tower
    return tower.pool(run_blocks(tower.blocks, tower.embed(frames), None, plain_block, checkpointing=False))


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
