"""What is stated of a model's frames, by whom: the tag of its weights, its config, or all tags of its architecture."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from open_clip.pretrained import download_pretrained_from_hf, get_pretrained_cfg, list_pretrained_tags_by_model

from zsar.lightning_modules.open_clip_towers.pixels.preprocess_configs import (
    PreprocessConfig,
    check_keys,
    read_preprocess_config,
)
from zsar.lightning_modules.open_clip_towers.weights.architecture_files import read_architecture
from zsar.lightning_modules.open_clip_towers.weights.default_weights import brings_weights
from zsar.lightning_modules.open_clip_towers.weights.registered_architectures import stated_preprocessing
from zsar.lightning_modules.open_clip_towers.weights.weight_files import BackboneError

_CONFIG_FILE = "open_clip_config.json"


def stated_pixels(
    architecture: str, name: str, weights: str | None, *, cache_directory: str | None = None
) -> dict[str, PreprocessConfig]:
    """All that is stated of the frames of a model that was built.

    Args:
        architecture: As for `build_clip`.
        name: open_clip's name of it.
        weights: As for `build_clip`.
        cache_directory: Where downloads are kept; None for the default of the Hugging Face hub.

    Returns:
        What is stated, by who states it: one entry for a tag, or a config that states it; else one for each tag of
        the architecture, since a file may hold the weights of any. Empty if nothing is stated.

    Raises:
        BackboneError: A config states what frames cannot be made with.
    """
    if brings_weights(architecture):
        config = _hub_config(architecture, cache_directory).get("preprocess_cfg") or {}
        return {_CONFIG_FILE: read_preprocess_config(config, f"{_CONFIG_FILE} of {architecture}")} if config else {}
    if weights is not None and (of_tag := get_pretrained_cfg(name, weights)):
        return {weights: read_preprocess_config(of_tag, f"the tag {weights!r} of {name}")}
    if config := stated_preprocessing(name):
        where = f"the model config {architecture}"
        read = read_preprocess_config(config, where)
        check_keys(config, where)
        return {architecture: read}
    return {
        tag: read_preprocess_config(get_pretrained_cfg(name, tag), f"the tag {tag!r} of {name}")
        for tag in list_pretrained_tags_by_model(name)
    }


def _hub_config(architecture: str, cache_directory: str | None) -> dict[str, Any]:
    """The config of a model from a folder, or from a hub, where it lies in the cache since the model was built."""
    where, _, what = architecture.partition(":")
    try:
        if where == "local-dir":
            return read_architecture(Path(what) / _CONFIG_FILE)
        return read_architecture(Path(download_pretrained_from_hf(what, _CONFIG_FILE, cache_dir=cache_directory)))
    except (ValueError, OSError, RuntimeError) as error:
        raise BackboneError(f"{_CONFIG_FILE} of {architecture} cannot be read: {error}") from error
