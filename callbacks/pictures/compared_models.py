"""The models that a tested one is compared with in pictures: frozen CLIP, and checkpoints."""

from __future__ import annotations

from collections.abc import Mapping

import torch

from zsar.lightning_modules.open_clip_towers.built_clip import BuiltClip
from zsar.lightning_modules.open_clip_towers.clip_settings import ClipSettings
from zsar.lightning_modules.open_clip_towers.open_clip_backbone import OpenClipBackbone
from zsar.lightning_modules.open_clip_towers.tower_hash import stated_weights
from zsar.lightning_modules.open_clip_towers.weights.open_clip_weights import RANDOM_WEIGHTS
from zsar.lightning_modules.recognition.loading import load_recognizer
from zsar.lightning_modules.recognition.recognizer import ActionRecognizer
from zsar.lightning_modules.recognition.scoring import Scoring
from zsar.lightning_modules.recognition.video_text_model import VideoTextModel

FROZEN = "frozen"
"""Instead of a checkpoint: the CLIP model that the tested one is made of, as it was before training."""


def compared_models(model: ActionRecognizer, compare: Mapping[str, str], *, tested: str) -> dict[str, VideoTextModel]:
    """Loads the models to compare with, on the device of the tested one, ready for inference.

    Args:
        model: The tested model.
        compare: For each name in pictures a checkpoint, or "frozen".
        tested: The name of the tested model in pictures.

    Raises:
        CheckpointError: A checkpoint is not one of zsar, or does not match.
        ValueError: A name is empty or that of the tested model; the tested model's CLIP has random weights, so that
            there is no frozen CLIP to compare with; or a model takes frames that are made in another way.
    """
    for name in compare:
        if name.strip() in ("", tested):
            raise ValueError(f"compare has the name {name!r}; give each model a name of its own")
    loaded: dict[str, VideoTextModel] = {}
    # Tensors of inference mode have no gradient; the draws of initial weights must not change those of the test.
    with torch.inference_mode(False), torch.random.fork_rng(devices=[]):
        for name, source in compare.items():
            if source == FROZEN:
                loaded[name] = frozen_clip(model)
                continue
            loaded[name] = load_recognizer(source, device=model.device)
            _check_pixels(model.backbone, loaded[name].backbone, name)
    return loaded


def _check_pixels(tested: OpenClipBackbone, other: OpenClipBackbone, name: str) -> None:
    """All models see the frames that were made for the tested one; their sizes are checked when they are embedded."""
    own, others = tested.pixels, other.pixels
    for what, of_tested, of_other in (
        ("geometry", own.known_geometry, others.known_geometry),
        ("resize filter", own.resize_filter, others.resize_filter),
    ):
        if None not in (of_tested, of_other) and of_tested != of_other:
            raise ValueError(
                f"compare, {name}: {other.architecture} takes frames with the {what} {of_other}, but those of the "
                f"tested {tested.architecture} are made with {of_tested}; leave {name} out, and test it by itself"
            )


def frozen_clip(model: ActionRecognizer) -> VideoTextModel:
    """Zero-shot CLIP with the architecture and the original weights of a model, and the scores of `ZeroShotCLIP`.

    Args:
        model: Any recognizer. If its CLIP is not trained, the two share it.

    Returns:
        The model in evaluation mode, on the same device.

    Raises:
        ValueError: Its CLIP was trained from random weights.
    """
    backbone, weights = model.backbone, stated_weights(model)
    if not any(parameter.requires_grad for parameter in backbone.parameters()):
        settings: ClipSettings = BuiltClip(backbone.architecture, weights or None, built=backbone)
    elif weights == RANDOM_WEIGHTS:
        raise ValueError(
            f"compare: the CLIP of this {type(model).__name__} was trained from random weights, so that there is no "
            f"frozen CLIP to compare with; leave out {FROZEN!r}, or name a checkpoint"
        )
    else:
        settings = ClipSettings(
            backbone.architecture,
            weights or None,
            frame_statistics=backbone.frame_statistics,
            tokenizer=backbone.text.tokenizer_folder,
        )
    scoring = Scoring("mean_pooled_cosine", "embedding")
    return VideoTextModel(backbone=settings, scoring=scoring).to(model.device).eval()
