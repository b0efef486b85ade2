"""How the frames of a saved model were made, as its file states it, and the settings that make them so again.

A model that is loaded elsewhere may have its weights from a file instead of a tag, and older files do not state their
frames. Neither may change how frames are made: weights were trained with one kind.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from open_clip.pretrained import get_pretrained_cfg

from zsar.lightning_modules.open_clip_towers.open_clip_backbone import OpenClipBackbone
from zsar.lightning_modules.open_clip_towers.pixels.frame_statistics import NAMED, named_of, shown_numbers
from zsar.lightning_modules.open_clip_towers.pixels.model_pixels import ModelPixels, model_pixels
from zsar.lightning_modules.open_clip_towers.pixels.preprocess_configs import read_preprocess_config
from zsar.lightning_modules.open_clip_towers.pixels.stated_pixels import stated_pixels
from zsar.lightning_modules.open_clip_towers.weights.default_weights import brings_weights
from zsar.lightning_modules.open_clip_towers.weights.open_clip_weights import RANDOM_WEIGHTS
from zsar.lightning_modules.open_clip_towers.weights.registered_architectures import registered_name
from zsar.lightning_modules.open_clip_towers.weights.weight_files import BackboneError


def recorded_frames(backbone: OpenClipBackbone) -> dict[str, str | None]:
    """What a saved model states of its frames: `mean`, `std`, `geometry` (None if not known) and `resize_filter`."""
    return _record(backbone.pixels)


def frames_of_before(settings: Mapping[str, Any]) -> dict[str, str | None]:
    """How zsar made the frames of a model before files stated it: cropped, and those of a weights file as CLIP's.

    Args:
        settings: The model's `ClipSettings` as plain types.

    Returns:
        As `recorded_frames`; only the geometry if the architecture includes its weights, whose statistics it states.
    """
    architecture, weights = str(settings.get("architecture", "")), settings.get("weights")
    if brings_weights(architecture):
        return {"geometry": "crop"}
    statistics = NAMED["imagenet" if settings.get("frame_statistics") == "imagenet" else "openai"]
    of_tag = get_pretrained_cfg(architecture, weights) if isinstance(weights, str) else {}
    if of_tag and settings.get("frame_statistics", "model") == "model":
        statistics = read_preprocess_config(of_tag, f"the tag {weights!r} of {architecture}").statistics or statistics
    return _record(ModelPixels(statistics, "bicubic", "crop"))


def settings_with_frames(settings: Mapping[str, Any], recorded: Mapping[str, str | None] | None) -> dict[str, Any]:
    """The settings of a saved model, which make its frames as they were.

    Args:
        settings: Its `ClipSettings` as plain types, with the weights that it gets now.
        recorded: As of `recorded_frames`; None for unchanged settings.

    Returns:
        The settings; with `frame_statistics` and `frame_geometry` of then, where they would be others now.
    """
    architecture, weights = str(settings.get("architecture", "")), settings.get("weights")
    changed = dict(settings)
    if recorded is None or not architecture or (brings_weights(architecture) and "mean" in recorded):
        return changed
    brings = brings_weights(architecture)  # what it states is known once it is fetched
    of_now = {} if brings else _frames_of_now(architecture, None if weights is None else str(weights))
    name = named_of(str(recorded.get("mean")), str(recorded.get("std")))
    differs = any(of_now.get(key) != recorded.get(key) for key in ("mean", "std"))
    if name is not None and differs and settings.get("frame_statistics", "model") == "model":
        changed["frame_statistics"] = name
    geometry = recorded.get("geometry")
    if (
        geometry is not None
        and geometry != of_now.get("geometry")
        and settings.get("frame_geometry", "model") == "model"
    ):
        changed["frame_geometry"] = geometry
    return changed


def _frames_of_now(architecture: str, weights: str | None) -> dict[str, str | None]:
    """The frames that settings without further say make now; without what is not known."""
    try:
        stated = stated_pixels(architecture, registered_name(architecture), weights)
    except BackboneError:
        return {}  # building the model says why
    is_random = weights == RANDOM_WEIGHTS
    try:
        return _record(model_pixels(stated, architecture, is_random=is_random))
    except BackboneError:
        known = _record(model_pixels(stated, architecture, frame_statistics="openai", is_random=is_random))
        return {key: value for key, value in known.items() if key not in ("mean", "std")}


def _record(pixels: ModelPixels) -> dict[str, str | None]:
    return {
        "mean": shown_numbers(pixels.statistics.mean),
        "std": shown_numbers(pixels.statistics.std),
        "geometry": pixels.known_geometry,
        "resize_filter": pixels.resize_filter,
    }
