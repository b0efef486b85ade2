"""Architectures by name: open_clip's own, those included in zsar, and a user's JSON configs, which are added to them.

A JSON config may state how frames are prepared, as `preprocess_cfg`, like the open_clip_config.json of a hub;
open_clip's registry knows no such entry, so that it is kept here.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import open_clip

from zsar.lightning_modules.open_clip_towers.weights import tiny_timm_towers  # noqa: F401 - makes their names known
from zsar.lightning_modules.open_clip_towers.weights.architecture_files import read_architecture
from zsar.lightning_modules.open_clip_towers.weights.weight_files import BackboneError

INCLUDED = Path(__file__).parent / "architectures"
"""The folder of the JSON configs that zsar includes."""
_PREPROCESSING = "preprocess_cfg"
_files: dict[str, Path] = {}  # where a config was read, by the name in the registry
_preprocessing: dict[str, dict[str, Any]] = {}  # what a config states of frames, by the name in the registry


def open_clip_names() -> list[str]:
    """The names of open_clip's own architectures, without the configs that were added to them."""
    return [name for name in open_clip.list_models() if name not in _files]


def registered_name(architecture: str) -> str:
    """The name in open_clip's registry; JSON configs are added to it.

    Args:
        architecture: An open_clip model name, one included in zsar, or the path of a JSON config.

    Raises:
        BackboneError: There is no such architecture, or its config cannot be read.
    """
    if architecture.endswith(".json"):
        return _added(Path(architecture).expanduser())
    if open_clip.get_model_config(architecture) is None and (INCLUDED / f"{architecture}.json").is_file():
        return _added(INCLUDED / f"{architecture}.json")
    if open_clip.get_model_config(architecture) is None:
        shipped = ", ".join(sorted(p.stem for p in INCLUDED.glob("*.json")))
        raise BackboneError(
            f"open_clip has no architecture {architecture!r}. Give one of open_clip.list_models(), one included in "
            f"zsar ({shipped}), a path ending in .json, hf-hub:ORG/NAME or local-dir:PATH"
        )
    return architecture


def stated_preprocessing(name: str) -> dict[str, Any]:
    """How a JSON config wants its frames: `mean`, `std`, `interpolation`, `resize_mode`, or some of them.

    Args:
        name: open_clip's name of the architecture, after `registered_name`.

    Returns:
        Empty if the architecture has no JSON config of ours or the user's, or it states nothing.
    """
    return dict(_preprocessing.get(name, {}))


def config_file(name: str) -> Path | None:
    """The file of a user's config; None for other architectures."""
    path = _files.get(name)
    return None if path is None or path.parent == INCLUDED else path


def _added(path: Path) -> str:
    """The name under which the config of a file is registered."""
    if not path.is_file():
        raise BackboneError(f"there is no model config {path}")
    try:
        config = read_architecture(path)
    except ValueError as error:
        raise BackboneError(f"the model config cannot be read: {error}") from error
    missing = {"embed_dim", "vision_cfg", "text_cfg"} - set(config)
    if missing:
        raise BackboneError(f"the model config {path} lacks {', '.join(sorted(missing))}")
    name = path.stem
    preprocessing = config.pop(_PREPROCESSING, {})
    known = open_clip.get_model_config(name)
    if known is not None and (known, stated_preprocessing(name)) != (config, preprocessing):
        if (before := config_file(name)) is None:
            raise BackboneError(f"{path} has the same name as an open_clip model, {name}; rename the file")
        raise BackboneError(
            f"{path} is not what this process has read as {name}, from {before}, before: rename the file, or start anew"
        )
    # `open_clip.add_model_config` takes a file, and hands all that it states to the model.
    open_clip.factory._MODEL_CONFIGS[name] = config
    _files[name], _preprocessing[name] = path, preprocessing
    return name
