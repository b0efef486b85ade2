"""Which visual towers can be run step by step, and by what."""

from __future__ import annotations

from typing import Any

from open_clip.transformer import VisionTransformer

from zsar.lightning_modules.open_clip_towers.visual.open_clip_vit import OpenClipViT
from zsar.lightning_modules.open_clip_towers.visual.visual_tower import VisualTower
from zsar.lightning_modules.open_clip_towers.weights.weight_files import BackboneError


def known_tower(visual: Any, architecture: str) -> VisualTower:  # noqa: ANN401 - towers share no base class
    """The tower of a model, step by step.

    Args:
        visual: open_clip's visual tower.
        architecture: The user's name of the model, for errors.

    Raises:
        BackboneError: It is no ViT, or one whose blocks are of an unknown kind; the message names models that work.
    """
    if isinstance(visual, VisionTransformer):
        return OpenClipViT(visual, architecture)
    raise BackboneError(
        f"the visual tower of {architecture} is a {type(visual).__name__} without open_clip's attention "
        "blocks; methods that work inside the tower (T2L), and gradient checkpointing, need a ViT such as "
        "ViT-B-16-quickgelu"
    )
