"""Checkpoints that authors released -> the names and types of our models.

T2L (Shahzadnit/T2L): {epoch, model_state_dict, optimizer_state_dict}; the keys are those of OpenAI's CLIP plus the
temporal tokens and adapters. Linear weights are fp16 and become fp32. All CLIP keys map one to one, untransposed.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

_OPENAI_BY_SHAPE = {
    (768, 32): "ViT-B-32-quickgelu",
    (768, 16): "ViT-B-16-quickgelu",
    (1024, 14): "ViT-L-14-quickgelu",
}
_T2L_ADAPTER = re.compile(
    r"(?P<visual>visual\.)?transformer\.resblocks\.(?P<layer>\d+)\.Adapter\.D_fc(?P<linear>[12])\.(?P<kind>weight|bias)"
)
_T2L_TOKENS = "visual.transformer.T_prompt_embeddings"
_T2L_NO_OP = "visual.temporal_embedding"


class AuthorCheckpointError(RuntimeError):
    """A file is not the released checkpoint that it was taken for; the message says what it lacks."""


@dataclass(frozen=True)
class T2LCheckpoint:
    """A released T2L checkpoint.

    Attributes:
        architecture: The open_clip architecture that it belongs to.
        n_frames: T.
        epoch: The epoch after which it was saved, or None.
        clip: State dict of open_clip's `CLIP`, fp32.
        trained: Temporal tokens and adapters by the names of our `T2L`, fp32.
    """

    architecture: str
    n_frames: int
    epoch: int | None
    clip: dict[str, Tensor]
    trained: dict[str, Tensor]


def read_t2l_checkpoint(path: Path, *, architecture: str | None = None) -> T2LCheckpoint:
    """Reads a checkpoint of T2L's authors.

    Args:
        path: The file.
        architecture: The open_clip architecture; None to tell it from the shapes.

    Returns:
        Its contents under our names.

    Raises:
        AuthorCheckpointError: Not a readable file, not a T2L checkpoint, or incomplete.
    """
    content = _read(path)
    state = content.get("model_state_dict")
    if not isinstance(state, dict):
        raise AuthorCheckpointError(
            f"{path} has no 'model_state_dict' (it has {', '.join(map(str, list(content)[:5]))}); T2L's authors save "
            "{epoch, model_state_dict, optimizer_state_dict}"
        )
    state = {k.removeprefix("module."): v.float() for k, v in state.items()}
    if _T2L_TOKENS not in state:
        raise AuthorCheckpointError(f"{path} has no temporal tokens ({_T2L_TOKENS}): it is no T2L checkpoint")
    no_op = state.pop(_T2L_NO_OP, None)
    if no_op is not None and no_op.any():
        raise AuthorCheckpointError(
            f"{path}: {_T2L_NO_OP} is not zero; in the authors' code it is frozen at zero, and this model has no such "
            "embedding"
        )
    tokens = state.pop(_T2L_TOKENS)
    trained = {"visual_blocks.temporal_tokens.tokens": tokens}
    for key in [k for k in state if ".Adapter." in k]:
        trained[_adapter_name(key, path)] = state.pop(key)
    _check_complete(state, trained, tokens.shape[0], path)
    epoch = content.get("epoch")
    return T2LCheckpoint(
        architecture=architecture or _architecture(state, path),
        n_frames=tokens.shape[1],
        epoch=epoch if isinstance(epoch, int) else None,
        clip={k: v for k, v in state.items() if k not in ("input_resolution", "context_length", "vocab_size")},
        trained=trained,
    )


def _read(path: Path) -> dict[str, object]:
    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
    except FileNotFoundError as error:
        raise AuthorCheckpointError(f"there is no file {path}") from error
    except Exception as error:
        raise AuthorCheckpointError(
            f"{path} cannot be read with weights_only=True ({type(error).__name__}: {str(error).splitlines()[0]}); the "
            "file may be cut short, or hold Python objects besides tensors: if you trust it, load it with "
            "weights_only=False and save its 'model_state_dict' alone"
        ) from error
    if not isinstance(content, dict):
        raise AuthorCheckpointError(f"{path} holds a {type(content).__name__}, not a checkpoint")
    return content


def _adapter_name(key: str, path: Path) -> str:
    match = _T2L_ADAPTER.fullmatch(key)
    if match is None:
        raise AuthorCheckpointError(f"{path} has an adapter of an unknown kind, {key}")
    tower = "visual_blocks" if match["visual"] else "text_blocks"
    linear = {"1": "down", "2": "up"}[match["linear"]]
    return f"{tower}.adapters.{match['layer']}.{linear}.{match['kind']}"


def _check_complete(clip: dict[str, Tensor], trained: dict[str, Tensor], n_visual_layers: int, path: Path) -> None:
    n_text_layers = len({k.split(".")[2] for k in clip if k.startswith("transformer.resblocks.")})
    wanted = [
        f"{tower}.adapters.{layer}.{linear}.{kind}"
        for tower, n_layers in (("visual_blocks", n_visual_layers), ("text_blocks", n_text_layers))
        for layer in range(n_layers)
        for linear in ("down", "up")
        for kind in ("weight", "bias")
    ]
    missing = [name for name in wanted if name not in trained]
    if missing:
        n_missing = len(missing)
        raise AuthorCheckpointError(f"{path} lacks {n_missing} adapter tensors, such as {missing[0]}: it is incomplete")
    for key in ("visual.conv1.weight", "text_projection", "token_embedding.weight", "logit_scale"):
        if key not in clip:
            raise AuthorCheckpointError(f"{path} lacks CLIP's {key}: it is incomplete")


def _architecture(clip: dict[str, Tensor], path: Path) -> str:
    width, _, patch_px, _ = clip["visual.conv1.weight"].shape
    try:
        return _OPENAI_BY_SHAPE[(width, patch_px)]
    except KeyError:
        known = ", ".join(_OPENAI_BY_SHAPE.values())
        raise AuthorCheckpointError(
            f"{path} has a visual tower of width {width} with {patch_px} px patches, which is none of {known}; name "
            "its open_clip architecture (--architecture)"
        ) from None
