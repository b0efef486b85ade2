"""Shared code of the readers of checkpoints released by authors.

A file is read without running code from it, identified by its contents, and compared with its architecture. The readers
are `author_checkpoints_METHOD.py` in the folders of the methods.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Literal

import torch
from torch import Tensor, nn

from zsar.lightning_modules.open_clip_towers.weights.open_clip_weights import RANDOM_WEIGHTS, build_clip
from zsar.lightning_modules.open_clip_towers.weights.weight_files import BIKE_HEAD
from zsar.lightning_modules.tensor_files.finite_weights import not_finite
from zsar.lightning_modules.tensor_files.tensor_files import TensorFileError, read_tensor_file, some_names
from zsar.lightning_modules.tensor_files.torchscript_tensors import read_beside_objects

Author = Literal["BIKE", "T2L", "ViFi-CLIP", "Open-VCLIP"]
T2L_TOKENS = "visual.transformer.T_prompt_embeddings"

_STATE_ENTRIES: dict[Author, dict[str, str]] = {  # the entry: the prefix of its names
    "BIKE": {"model_state_dict": "", BIKE_HEAD: f"{BIKE_HEAD}."},
    "T2L": {"model_state_dict": ""},
    "ViFi-CLIP": {"model": ""},
    "Open-VCLIP": {"model_state": ""},
}
_OPENAI_BY_SHAPE = {
    (768, 32): "ViT-B-32-quickgelu",
    (768, 16): "ViT-B-16-quickgelu",
    (1024, 14): "ViT-L-14-quickgelu",
}
_PATCH_EMBEDDING = "visual.conv1.weight"
_VIFI_CLIP_TOWER = "image_encoder."


class AuthorCheckpointError(RuntimeError):
    """A file is not the expected released checkpoint; the message names what is missing."""


def author_of(path: Path, *, skips_objects: bool = False) -> Author:
    """Identifies the authors of a checkpoint by its contents.

    Args:
        path: The file; only the names of its tensors are read.
        skips_objects: Whether to leave out Python objects, unread; otherwise they are an error.

    Returns:
        Whose it is.

    Raises:
        AuthorCheckpointError: The file is not readable, or of no known kind.
    """
    return _author(_read(path, skips_objects=skips_objects), path)


def read_author_state(
    path: Path, author: Author, *, skips_objects: bool = False
) -> tuple[dict[str, Tensor], int | None]:
    """Reads the tensors of a checkpoint.

    Args:
        path: The file.
        author: The expected authors.
        skips_objects: Whether to leave out Python objects, unread; otherwise they are an error.

    Returns:
        Its tensors in fp32 under the authors' names, without the "module." prefix of distributed training (those of
        BIKE's head with `BIKE_HEAD` before them), and the epoch after which it was saved, if the file states it.

    Raises:
        AuthorCheckpointError: The file is not readable, not of this author, or has NaN or infinite weights.
    """
    content = _read(path, skips_objects=skips_objects)
    file_author = _author(content, path)
    if file_author != author:
        raise AuthorCheckpointError(
            f"{path} is a checkpoint of {file_author}'s authors, not of {author}'s; `zsar convert` imports each"
        )
    epoch = content.get("epoch")
    state = {k: v.float() for k, v in _tensors(content, author).items()}
    if (problem := not_finite(state)) is not None:
        raise AuthorCheckpointError(f"{path} is broken: {problem}; fetch it again, or take one of another epoch")
    return state, epoch if isinstance(epoch, int) else None


def described_clip(clip: Mapping[str, Tensor], path: Path, architecture: str | None) -> tuple[str, nn.Module]:
    """The CLIP model that tensors are compared with: names and shapes, on the meta device.

    Args:
        clip: Tensors under CLIP's names.
        path: The file of the tensors, for messages.
        architecture: The open_clip architecture; None to infer it from the shapes.

    Returns:
        The name of the architecture, and open_clip's model of it, without values.

    Raises:
        AuthorCheckpointError: The architecture is not given, and not one of OpenAI's.
        BackboneError: There is no such architecture.
    """
    name = architecture or openai_architecture(clip, path)
    with torch.device("meta"):
        model, _ = build_clip(name, RANDOM_WEIGHTS)
    return name, model


def openai_architecture(clip: Mapping[str, Tensor], path: Path) -> str:
    """Identifies OpenAI's architecture by the patch embedding.

    Args:
        clip: Tensors under CLIP's names.
        path: The file of the tensors, for the message.

    Returns:
        The name of the architecture in open_clip.

    Raises:
        AuthorCheckpointError: There is no patch embedding, or it is not from a ViT of OpenAI's.
    """
    conv1 = clip.get(_PATCH_EMBEDDING)
    if conv1 is None or conv1.ndim != 4:
        raise AuthorCheckpointError(f"{path} lacks CLIP's patch embedding, {_PATCH_EMBEDDING}: it is incomplete")
    width, _, patch_px, _ = conv1.shape
    try:
        return _OPENAI_BY_SHAPE[(width, patch_px)]
    except KeyError:
        known = ", ".join(_OPENAI_BY_SHAPE.values())
        raise AuthorCheckpointError(
            f"{path} has a visual tower of width {width} with {patch_px} px patches, not one of {known}; name "
            "its open_clip architecture (zsar convert --architecture)"
        ) from None


def check_tensors(found: Mapping[str, Tensor], expected: Mapping[str, Tensor], architecture: str, path: Path) -> None:
    """Compares names and shapes of tensors.

    Args:
        found: The tensors of a file, under the names of open_clip's model.
        expected: The tensors of the model; only names and shapes are used.
        architecture: The model's name, for the message.
        path: The file, for the message.

    Raises:
        AuthorCheckpointError: The model is not of CLIP's kind, as all files of the authors are, or tensors are missing,
            unknown or have another shape; the message names some of each.
    """
    if _PATCH_EMBEDDING not in expected:
        raise AuthorCheckpointError(
            f"{path} cannot be read as {architecture}, whose visual tower is not of CLIP's own kind: the authors' "
            f"files are of OpenAI's CLIP ({', '.join(_OPENAI_BY_SHAPE.values())}); leave out --architecture"
        )
    shapes = [
        f"{k} is {list(found[k].shape)}, not {list(expected[k].shape)}"
        for k in sorted(set(found) & set(expected))
        if found[k].shape != expected[k].shape
    ]
    differences = {
        "missing": sorted(set(expected) - set(found)),
        "unknown": sorted(set(found) - set(expected)),
        "of another shape": shapes,
    }
    parts = [f"{len(names)} {what} ({some_names(names)})" for what, names in differences.items() if names]
    if parts:
        raise AuthorCheckpointError(
            f"{path} does not hold the tensors of {architecture}: {'; '.join(parts)}. It is incomplete, or of another "
            "architecture, which zsar convert --architecture names"
        )


def _read(path: Path, *, skips_objects: bool) -> dict[str, object]:
    try:
        # Memory-mapped if the format allows it: two thirds of a file may be optimizer state.
        content = read_beside_objects(path) if skips_objects else read_tensor_file(path, in_memory=False)
    except TensorFileError as error:
        if error.foreign is None:
            raise AuthorCheckpointError(f"{error}; it may be cut short") from error
        raise AuthorCheckpointError(
            f"{path} holds Python objects besides tensors ({error.foreign}), and loading them would run the file's "
            "code, which zsar never does; to read only the tensors, give --skip_objects"
        ) from error
    if not isinstance(content, dict):
        raise AuthorCheckpointError(f"{path} holds a {type(content).__name__}, not a checkpoint")
    return content


def _author(content: Mapping[str, object], path: Path) -> Author:
    if isinstance(content.get(BIKE_HEAD), dict) and isinstance(content.get("model_state_dict"), dict):
        return "BIKE"
    if T2L_TOKENS in _tensors(content, "T2L"):
        return "T2L"
    if any(name.startswith(_VIFI_CLIP_TOWER) for name in _tensors(content, "ViFi-CLIP")):
        return "ViFi-CLIP"
    if f"model.{_PATCH_EMBEDDING}" in _tensors(content, "Open-VCLIP"):
        return "Open-VCLIP"
    held = [f"{k} ({some_names(v)})" if isinstance(v, dict) and v else k for k, v in content.items()]
    raise AuthorCheckpointError(
        f"{path} is not a checkpoint that can be imported. T2L's authors save {{epoch, model_state_dict, "
        f"optimizer_state_dict}} with temporal tokens ({T2L_TOKENS}) in model_state_dict; ViFi-CLIP's save {{model, "
        f"optimizer, lr_scheduler, max_accuracy, epoch, config}} with {_VIFI_CLIP_TOWER}* in model; BIKE's save "
        f"{{epoch, model_state_dict, {BIKE_HEAD}, optimizer_state_dict}}; Open-VCLIP's save {{model_state}} with "
        f"model.{_PATCH_EMBEDDING} in it. The file has "
        f"{some_names(held, most=8) or 'nothing'}"
    )


def _tensors(content: Mapping[str, object], author: Author) -> dict[str, Tensor]:
    """The tensors of the author's entries; empty if there are none."""
    found: dict[str, Tensor] = {}
    for entry, prefix in _STATE_ENTRIES[author].items():
        state = content.get(entry)
        if isinstance(state, dict):
            found |= {prefix + str(k).removeprefix("module."): v for k, v in state.items() if isinstance(v, Tensor)}
    return found
