"""Builds an open_clip model and fills it with weights, or reports precisely why it cannot.

open_clip only warns if weights are missing or were trained with another activation function;
both give wrong results, so both are errors here.
"""

from __future__ import annotations

import logging
import warnings
from pathlib import Path
from typing import Any

import open_clip
import torch
from open_clip.pretrained import get_pretrained_cfg, list_pretrained_tags_by_model
from timm.layers import PatchEmbed
from torch import nn

from zsar.lightning_modules.open_clip_towers.weights.architecture_files import check_sizes, read_architecture
from zsar.lightning_modules.open_clip_towers.weights.default_weights import brings_weights
from zsar.lightning_modules.open_clip_towers.weights.hub_files import local_text_config
from zsar.lightning_modules.open_clip_towers.weights.registered_architectures import (
    config_file,
    registered_name,
    stated_preprocessing,
)
from zsar.lightning_modules.open_clip_towers.weights.weight_files import (
    BackboneError,
    check_tensors,
    load_strictly,
    read_state_dict,
)
from zsar.lightning_modules.tensor_files.finite_weights import not_finite
from zsar.lightning_modules.tensor_files.tensor_files import (
    cause_of,
)

RANDOM_WEIGHTS = "random"
_OPENAI_ONLY_KEYS = {"input_resolution", "context_length", "vocab_size"}


def build_clip(
    architecture: str, weights: str | None, *, cache_directory: str | None = None, text_folder: str | None = None
) -> tuple[nn.Module, str]:
    """Builds a CLIP model with its weights.

    Args:
        architecture: An open_clip model name ("ViT-B-16-quickgelu"), an architecture included in zsar
            ("tiny-clip"), the path of an open_clip JSON config, "hf-hub:ORG/NAME" or "local-dir:PATH".
        weights: A tag of open_clip ("openai"), the path of a weights file (.pt, .bin, .safetensors), or "random" for
            an untrained model. None for "hf-hub:" and "local-dir:", which include their weights.
        cache_directory: Where downloads are kept; None for the default of the Hugging Face hub.
        text_folder: Folder with the `config.json` of a text tower of transformers; None for the hub's, or one without
            it for the hub's, too.

    Returns:
        The model, in evaluation mode and fp32, and open_clip's name of its architecture.

    Raises:
        BackboneError: Unknown architecture, missing or unmatched weights, weights that are NaN or infinite, a failed
            download, QuickGELU mismatch, a tower of timm for frames of another size.
    """
    clip, name = _build(architecture, weights, cache_directory, text_folder)
    _check_image_size(clip, architecture)
    if weights != RANDOM_WEIGHTS and (problem := not_finite(clip.state_dict())) is not None:
        raise BackboneError(
            f"the weights {weights or architecture} are broken: {problem}; fetch the file again, or take another one"
        )
    return clip, name


def _check_image_size(clip: Any, architecture: str) -> None:  # noqa: ANN401 - open_clip's models share no base class
    """open_clip gives timm only a name; whether its tower takes frames of the config's size is seen at the first."""
    patches = getattr(getattr(clip.visual, "trunk", None), "patch_embed", None)
    if not isinstance(patches, PatchEmbed) or not patches.strict_img_size or patches.img_size is None:
        return
    (h, w), (height, width) = clip.visual.image_size, patches.img_size
    if (h, w) != (height, width):
        raise BackboneError(
            f"the config of {architecture} has frames of {h} x {w} px (image_size), but its tower of timm takes "
            f"{height} x {width} px; correct image_size, or take another timm_model_name"
        )


def text_tower_config(architecture: str) -> tuple[str, dict[str, Any]] | None:
    """The settings of a text tower; needs no weights.

    Args:
        architecture: As for `build_clip`.

    Returns:
        open_clip's name of the model, and its `text_cfg`; None for "hf-hub:" and "local-dir:".

    Raises:
        BackboneError: There is no such model.
    """
    if brings_weights(architecture):
        return None
    name = registered_name(architecture)
    return name, dict(open_clip.get_model_config(name)["text_cfg"])


def _build(
    architecture: str, weights: str | None, cache_directory: str | None, text_folder: str | None
) -> tuple[nn.Module, str]:
    has_own_weights = brings_weights(architecture)
    name = architecture if has_own_weights else registered_name(architecture)
    if has_own_weights:
        if weights is not None:
            raise BackboneError(f"{architecture} includes its weights; leave weights at null, not {weights!r}")
        return _from_hub(name, cache_directory, text_folder), name
    if weights is None:
        raise BackboneError(
            f"no weights given for {architecture}: name an open_clip tag ({_tags(name)}), a weights file, "
            f"or {RANDOM_WEIGHTS!r} for an untrained model"
        )
    text = local_text_config(open_clip.get_model_config(name), architecture, text_folder, config_file(name))
    if weights == RANDOM_WEIGHTS:
        device = torch.get_default_device()
        return _wholly_random(_create_empty(name, device=device, **text)), name
    if get_pretrained_cfg(name, weights):
        return _from_tag(name, weights, cache_directory, text), name
    return _from_file(name, Path(weights).expanduser(), text), name


def _wholly_random(clip: Any) -> nn.Module:  # noqa: ANN401 - open_clip's models share no base class
    """Initializes what open_clip leaves uninitialized: the words of CoCa's decoder."""
    projection = getattr(getattr(clip, "text_decoder", None), "text_projection", None)
    if isinstance(projection, nn.Parameter):
        nn.init.normal_(projection, std=projection.shape[0] ** -0.5)
    model: nn.Module = clip
    return model


def _from_hub(name: str, cache_directory: str | None, text_folder: str | None) -> nn.Module:
    try:
        if name.startswith("local-dir:"):
            path = Path(name.removeprefix("local-dir:")) / "open_clip_config.json"
            stated = read_architecture(path).get("model_cfg")
            check_sizes(stated if isinstance(stated, dict) else {}, path)
        text = local_text_config(open_clip.get_model_config(name), name, text_folder, None)
        return _create(name, cache_dir=cache_directory, require_pretrained=True, **text)
    except BackboneError:
        raise
    except Exception as error:
        where, what = name.split(":", 1)
        source = f"https://huggingface.co/{what}" if where == "hf-hub" else what
        raise BackboneError(
            f"the model {name} could not be loaded ({_origin([source], cache_directory, error)}); put its "
            "open_clip_config.json and its weights file into a folder and give it as --architecture local-dir:FOLDER"
        ) from error


def _from_tag(name: str, tag: str, cache_directory: str | None, text: dict[str, Any]) -> nn.Module:
    origin = get_pretrained_cfg(name, tag)
    _check_quick_gelu(name, needed=bool(origin.get("quick_gelu", False)), weights=f"the weights {tag!r}")
    try:
        return _create(name, pretrained=tag, cache_dir=cache_directory, require_pretrained=True, **text)
    except Exception as error:
        raise BackboneError(_download_advice(name, tag, origin, cache_directory, error)) from error


def _download_advice(name: str, tag: str, origin: dict[str, Any], cache_directory: str | None, error: Exception) -> str:
    sources = []
    if origin.get("hf_hub"):
        sources.append(f"https://huggingface.co/{origin['hf_hub'].strip('/')}")
    if origin.get("url"):
        sources.append(str(origin["url"]))
    return (
        f"the weights {tag!r} of {name} could not be loaded ({_origin(sources, cache_directory, error)}); download the "
        "file and give it as --weights FILE, or copy the folder `into` from a machine with internet access"
    )


def _origin(sources: list[str], cache_directory: str | None, error: Exception) -> str:
    from huggingface_hub.constants import HF_HUB_CACHE

    return (
        f"from: {' or '.join(sources) or 'unknown'}, into: {cache_directory or HF_HUB_CACHE}, cause: {cause_of(error)}"
    )


def _from_file(name: str, path: Path, text: dict[str, Any]) -> nn.Module:
    if not path.is_file():
        raise BackboneError(
            f"weights={str(path)!r} is neither a file nor an open_clip tag of {name}{_tags_of(name)}; "
            "give --weights FILE"
        )
    state = read_state_dict(path)
    if _OPENAI_ONLY_KEYS & set(state):
        _check_quick_gelu(name, needed=True, weights=f"{path} (OpenAI's own release)")
        state = {k: v for k, v in state.items() if k not in _OPENAI_ONLY_KEYS}
    with torch.device("meta"):  # takes no memory: a small file may be given for a model of any size
        shapes = _create_empty(name, device="meta", **text)
    if hasattr(shapes, "text") and "positional_embedding" in state:
        state = open_clip.model.convert_to_custom_text_state_dict(state)
    check_tensors(shapes.state_dict(), state, path, name)
    model = _create_empty(name, **text)
    load_strictly(model, state, path, name)
    return model


def _check_quick_gelu(name: str, *, needed: bool, weights: str) -> None:
    has = bool(open_clip.get_model_config(name).get("quick_gelu", False))
    if has == needed:
        return
    remedy = f"{name}-quickgelu" if needed else name.removesuffix("-quickgelu")
    raise BackboneError(
        f"{weights} were trained {'with' if needed else 'without'} QuickGELU, but the architecture {name} is built "
        f"{'with' if has else 'without'} it, which gives wrong features; use the architecture {remedy!r}"
    )


def _tags(name: str) -> str:
    return ", ".join(list_pretrained_tags_by_model(name)) or "none"


def _tags_of(name: str) -> str:
    tags = list_pretrained_tags_by_model(name)
    return f" ({', '.join(tags)})" if tags else ", which has none"


def _create(name: str, **arguments: Any) -> nn.Module:  # noqa: ANN401 - open_clip's own keyword arguments
    logging.disable(logging.CRITICAL)  # open_clip logs each step, and failures twice, to the root logger
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            model = open_clip.create_model(name, **arguments)
    finally:
        logging.disable(logging.NOTSET)
    return model.eval()


def _create_empty(name: str, **arguments: Any) -> nn.Module:  # noqa: ANN401 - open_clip's own keyword arguments
    """A model without pretrained weights; a user's config may have invalid settings."""
    try:
        stated = stated_preprocessing(name)
        return _create(name, load_weights=False, pretrained_text=False, force_preprocess_cfg=stated, **arguments)
    except Exception as error:  # open_clip and torch document no exceptions for sizes that do not match
        file = config_file(name)
        where = "" if file is None else f" (of {file})"
        raise BackboneError(
            f"the architecture {name}{where} cannot be built: {cause_of(error)}; correct its config"
        ) from error
