"""Which visual towers can be run step by step, and by what."""

from __future__ import annotations

from typing import Any

from open_clip.timm_model import TimmModel
from open_clip.transformer import VisionTransformer

from zsar.lightning_modules.open_clip_towers.visual.models_that_work import no_known_tower
from zsar.lightning_modules.open_clip_towers.visual.open_clip_vit import OpenClipViT
from zsar.lightning_modules.open_clip_towers.visual.timm_vit import TimmViT
from zsar.lightning_modules.open_clip_towers.visual.visual_tower import VisualTower


def known_tower(visual: Any, architecture: str) -> VisualTower:  # noqa: ANN401 - towers share no base class
    """The tower of a model, step by step.

    Args:
        visual: open_clip's visual tower.
        architecture: The user's name of the model, for errors.

    Raises:
        BackboneError: It is no ViT, or one with an unknown part; the message names it, and models that work.
    """
    if isinstance(visual, VisionTransformer):
        return OpenClipViT(visual, architecture)
    if isinstance(visual, TimmModel):
        return TimmViT(visual, architecture)
    raise no_known_tower(architecture, f"open_clip's {type(visual).__name__}, not a ViT")
