"""Converts checkpoints of T2L's authors (Shahzadnit/T2L) to the names and types of `T2L`.

{epoch, model_state_dict, optimizer_state_dict}; the keys are those of OpenAI's CLIP plus the temporal tokens and
adapters. Linear weights are fp16 and become fp32. All CLIP keys map one to one, untransposed.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from torch import Tensor

from zsar.lightning_modules.training.author_checkpoints import (
    T2L_TOKENS,
    AuthorCheckpointError,
    check_tensors,
    described_clip,
    read_author_state,
)

_ADAPTER = re.compile(
    r"(?P<visual>visual\.)?transformer\.resblocks\.(?P<layer>\d+)\.Adapter\.D_fc(?P<linear>[12])\.(?P<kind>weight|bias)"
)
_NO_OP = "visual.temporal_embedding"


@dataclass(frozen=True)
class T2LCheckpoint:
    """A released T2L checkpoint.

    Attributes:
        architecture: Its open_clip architecture.
        n_frames: T.
        temporal_tokens: The layers with temporal tokens: "all", or the "first" (`prompt.DEEP` false).
        epoch: The epoch after which it was saved, or None.
        clip: State dict of open_clip's `CLIP`, fp32.
        trained: Temporal tokens and adapters by the names of `T2L`, fp32.
    """

    architecture: str
    n_frames: int
    temporal_tokens: Literal["all", "first"]
    epoch: int | None
    clip: dict[str, Tensor]
    trained: dict[str, Tensor]


def read_t2l_checkpoint(path: Path, *, architecture: str | None = None, skips_objects: bool = False) -> T2LCheckpoint:
    """Reads a checkpoint of T2L's authors.

    Args:
        path: The file.
        architecture: The open_clip architecture; None to infer it from the shapes.
        skips_objects: Whether to leave out Python objects, unread; otherwise they are an error.

    Returns:
        Its contents under the names of `T2L`.

    Raises:
        AuthorCheckpointError: The file is not readable, not a T2L checkpoint, or incomplete.
        BackboneError: There is no such architecture.
    """
    state, epoch = read_author_state(path, "T2L", skips_objects=skips_objects)
    no_op = state.pop(_NO_OP, None)
    if no_op is not None and no_op.any():
        raise AuthorCheckpointError(
            f"{path}: {_NO_OP} is not zero; in the authors' code it is frozen at zero, and this model has no such "
            "embedding"
        )
    tokens = state.pop(T2L_TOKENS)
    trained = {"visual_blocks.temporal_tokens.tokens": tokens}
    for key in [k for k in state if ".Adapter." in k]:
        trained[_adapter_name(key, path)] = state.pop(key)
    n_layers = _check_adapters(state, trained, path)
    if tokens.shape[0] not in (1, n_layers):
        raise AuthorCheckpointError(
            f"{path} has temporal tokens for {tokens.shape[0]} of {n_layers} layers; the authors' models have them in "
            "all layers or in the first"
        )
    clip = {k: v for k, v in state.items() if k not in ("input_resolution", "context_length", "vocab_size")}
    architecture, model = described_clip(clip, path, architecture)
    check_tensors(clip, model.state_dict(), architecture, path)
    return T2LCheckpoint(
        architecture,
        n_frames=tokens.shape[1],
        temporal_tokens="all" if tokens.shape[0] == n_layers else "first",
        epoch=epoch,
        clip=clip,
        trained=trained,
    )


def _adapter_name(key: str, path: Path) -> str:
    match = _ADAPTER.fullmatch(key)
    if match is None:
        raise AuthorCheckpointError(f"{path} has an adapter of an unknown kind, {key}")
    tower = "visual_blocks" if match["visual"] else "text_blocks"
    linear = {"1": "down", "2": "up"}[match["linear"]]
    return f"{tower}.adapters.{match['layer']}.{linear}.{match['kind']}"


def _check_adapters(clip: dict[str, Tensor], trained: dict[str, Tensor], path: Path) -> int:
    """Checks that each block has an adapter; returns the number of visual layers."""
    n_visual_layers, n_text_layers = (
        len({key.removeprefix(prefix).split(".")[0] for key in clip if key.startswith(prefix)})
        for prefix in ("visual.transformer.resblocks.", "transformer.resblocks.")
    )
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
    return n_visual_layers
