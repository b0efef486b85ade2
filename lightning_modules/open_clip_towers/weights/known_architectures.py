"""The architectures that open_clip knows, with those that zsar adds, and what their configs say: nothing is built."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import open_clip
import torch
from open_clip.model import _build_vision_tower
from open_clip.pretrained import get_pretrained_cfg, list_pretrained_tags_by_model
from torch import nn

from zsar.lightning_modules.open_clip_towers.pixels.frame_statistics import NAMED
from zsar.lightning_modules.open_clip_towers.weights.open_clip_weights import text_tower_config
from zsar.lightning_modules.open_clip_towers.weights.registered_architectures import INCLUDED, open_clip_names

CLIP_TOKENIZER = "CLIP"
"""The name of CLIP's own tokenizer, which open_clip includes; others are fetched from Hugging Face."""


@dataclass(frozen=True)
class StatedFrames:
    """How the frames of some published weights are made.

    Attributes:
        mean: Of red, green and blue, of values from 0 to 1.
        std: Standard deviation of these.
        resize_mode: How pictures become square: "shortest" cuts the centre, "squash" resizes both sides.
        interpolation: How pictures are resized.
        tags: The weights.
    """

    mean: tuple[float, ...]
    std: tuple[float, ...]
    resize_mode: str
    interpolation: str
    tags: tuple[str, ...]


@dataclass(frozen=True)
class StatedArchitecture:
    """What the config of an architecture says.

    Attributes:
        name: The user's name of it.
        embedding_width: D, the width of frame and text embeddings.
        visual: The visual tower: timm's name of it, or "open_clip ViT" or "open_clip ResNet".
        tokenizer: The repository of its tokenizer on Hugging Face, or "CLIP".
        text_model: The repository on Hugging Face that defines its text tower; None for a transformer of open_clip.
        vocabulary_size: Number of different tokens; None where the text tower is defined elsewhere.
        tags: Tags of its published weights.
        frames: The different ways in which frames are made for these.
    """

    name: str
    embedding_width: int
    visual: str
    tokenizer: str
    text_model: str | None
    vocabulary_size: int | None
    tags: tuple[str, ...]
    frames: tuple[StatedFrames, ...]


def architecture_names() -> tuple[str, ...]:
    """Names of all architectures, sorted without regard to case."""
    shipped = [path.stem for path in INCLUDED.glob("*.json")]
    return tuple(sorted({*open_clip_names(), *shipped}, key=str.casefold))


def stated_architecture(name: str) -> StatedArchitecture:
    """Reads the config of an architecture.

    Args:
        name: A name of `architecture_names`, or the path of a JSON config.

    Raises:
        BackboneError: There is no such architecture, or its config cannot be read.
        ValueError: It is a model of a hub or a folder, whose config comes with its weights.
    """
    found = text_tower_config(name)
    if found is None:
        raise ValueError(f"{name} is no architecture but a model with weights; give the name of an architecture")
    registered, text = found
    config = open_clip.get_model_config(registered)
    vision = config["vision_cfg"]
    of_open_clip = "open_clip ResNet" if isinstance(vision.get("layers"), list) else "open_clip ViT"
    text_model = text.get("hf_model_name")
    tags = tuple(list_pretrained_tags_by_model(registered))
    return StatedArchitecture(
        name=name,
        embedding_width=int(config["embed_dim"]),
        visual=vision.get("timm_model_name") or of_open_clip,
        tokenizer=text.get("hf_tokenizer_name") or CLIP_TOKENIZER,
        text_model=text_model,
        vocabulary_size=None if text_model else int(text.get("vocab_size", 49408)),
        tags=tags,
        frames=_stated_frames(registered, tags),
    )


def visual_tower_without_weights(name: str) -> nn.Module:
    """The visual tower of an architecture whose text tower cannot be built, without values: it takes no memory.

    Args:
        name: A name of `architecture_names`.
    """
    config = open_clip.get_model_config(name)
    vision = {**config["vision_cfg"], "timm_model_pretrained": False}
    with torch.device("meta"):
        tower: nn.Module = _build_vision_tower(config["embed_dim"], vision, config.get("quick_gelu", False))
    return tower.eval()


def _stated_frames(name: str, tags: Sequence[str]) -> tuple[StatedFrames, ...]:
    ways: dict[tuple[tuple[float, ...], tuple[float, ...], str, str], list[str]] = {}
    for tag in tags:
        stated = get_pretrained_cfg(name, tag)
        mean, std = (stated.get(name, getattr(NAMED["openai"], name)) for name in ("mean", "std"))
        how = (stated.get("resize_mode", "shortest"), stated.get("interpolation", "bicubic"))
        ways.setdefault((tuple(mean), tuple(std), *how), []).append(tag)
    return tuple(StatedFrames(*way, tuple(of_way)) for way, of_way in ways.items())
