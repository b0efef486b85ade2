"""Which of our text towers runs a model's: decided by what the model is, not by its name."""

from __future__ import annotations

from typing import Any

import open_clip
from open_clip.hf_model import HFTextEncoder
from open_clip.transformer import TextTransformer

from zsar.lightning_modules.open_clip_towers.text.hugging_face_tower import HuggingFaceTower
from zsar.lightning_modules.open_clip_towers.text.text_tower import TextTower
from zsar.lightning_modules.open_clip_towers.text.transformer_tower import TransformerTower
from zsar.lightning_modules.open_clip_towers.weights.weight_files import BackboneError


def known_text_tower(clip: Any, architecture: str, context_length: int) -> TextTower:  # noqa: ANN401 - no base class
    """The text tower of a model, step by step.

    Args:
        clip: open_clip's model, which owns the tower.
        architecture: The user's name of it, for errors.
        context_length: Maximum tokens of a text, for towers that do not state it.

    Raises:
        BackboneError: It is of an unknown kind.
    """
    text = getattr(clip, "text", None)
    if isinstance(clip, open_clip.CLIP) or isinstance(text, TextTransformer):
        return TransformerTower(clip, architecture)
    if isinstance(text, HFTextEncoder):
        return HuggingFaceTower(text, architecture, context_length)
    raise BackboneError(
        f"the text tower of {architecture} is a {type(text).__name__}, neither a text transformer of open_clip nor one "
        "of the package transformers; take a model such as ViT-B-16-quickgelu"
    )
