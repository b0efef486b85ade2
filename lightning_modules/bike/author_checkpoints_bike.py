"""Converts checkpoints of BIKE's authors (whwu95/BIKE) to the names and types of `BIKE`.

{epoch, model_state_dict, fusion_model_state_dict, optimizer_state_dict}: OpenAI's CLIP under its own names, and the
video head, which is empty where a model has none. The optimizer's moments, two thirds of a file, are not read.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from zsar.lightning_modules.bike.video_head import VideoHead
from zsar.lightning_modules.open_clip_towers.weights.weight_files import BIKE_HEAD
from zsar.lightning_modules.tensor_files.tensor_files import some_names
from zsar.lightning_modules.training.author_checkpoints import (
    AuthorCheckpointError,
    check_tensors,
    described_clip,
    read_author_state,
)

_HEAD = f"{BIKE_HEAD}."
_N_LAYERS = 6  # of every head of the authors
_NAMES = {  # theirs: ours
    "attn.": "self_attn.",
    "ln_1.": "norm1.",
    "ln_2.": "norm2.",
    "mlp.c_fc.": "linear1.",
    "mlp.c_proj.": "linear2.",
}
_POSITIONS = "frame_position_embeddings.weight"
_ATTRIBUTE_BRANCH = ("query_fc.", "sentence_fc.")


@dataclass(frozen=True)
class BikeCheckpoint:
    """A released BIKE checkpoint.

    Attributes:
        architecture: Its open_clip architecture.
        epoch: The epoch after which it was saved, or None.
        clip: State dict of open_clip's `CLIP`, fp32.
        head: State dict of `VideoHead`, fp32; empty where the model has none.
        n_head_layers: Layers of the head; 0 where the model has none.
    """

    architecture: str
    epoch: int | None
    clip: dict[str, Tensor]
    head: dict[str, Tensor]
    n_head_layers: int


def read_bike_checkpoint(path: Path, *, architecture: str | None = None, skips_objects: bool = False) -> BikeCheckpoint:
    """Reads a checkpoint of BIKE's authors.

    Args:
        path: The file.
        architecture: The open_clip architecture; None to infer it from the shapes.
        skips_objects: Whether to leave out Python objects, unread; otherwise they are an error.

    Returns:
        Its contents under the names of `BIKE`.

    Raises:
        AuthorCheckpointError: The file is not readable, not a BIKE checkpoint, of its attribute branch, or incomplete.
        BackboneError: There is no such architecture.
    """
    state, epoch = read_author_state(path, "BIKE", skips_objects=skips_objects)
    clip = {name: tensor for name, tensor in state.items() if not name.startswith(_HEAD)}
    head = {name.removeprefix(_HEAD): tensor for name, tensor in state.items() if name.startswith(_HEAD)}
    attributes = sorted(name for name in head if name.startswith(_ATTRIBUTE_BRANCH))
    if attributes:
        raise AuthorCheckpointError(
            f"{path} is of BIKE's attribute branch ({some_names(attributes)}), which takes no part in zero-shot "
            "recognition and is not in zsar; give a checkpoint of the video branch"
        )
    architecture, model = described_clip(clip, path, architecture)
    expected = dict(model.state_dict())
    n_layers = _N_LAYERS if head else 0
    if head:
        expected |= {f"{_HEAD}{name}": tensor for name, tensor in _expected_head(clip, n_layers).items()}
    check_tensors(state, expected, architecture, path)
    return BikeCheckpoint(architecture, epoch, clip, {_our_name(name): head[name] for name in head}, n_layers)


def _expected_head(clip: dict[str, Tensor], n_layers: int) -> dict[str, Tensor]:
    """Names and shapes of a head by the authors' names, on the meta device."""
    projection, positions = clip.get("text_projection"), clip.get("positional_embedding")
    if projection is None or positions is None or projection.ndim != 2:
        return {}  # what CLIP lacks is the complaint
    with torch.device("meta"):  # the number of attention heads is in no shape
        head = VideoHead(projection.shape[1], n_heads=1, n_positions=len(positions), n_layers=n_layers)
    return {_their_name(name): tensor for name, tensor in head.state_dict().items()}


def _our_name(name: str) -> str:
    if name == _POSITIONS:
        return "positions"
    for theirs, ours in _NAMES.items():
        name = name.replace(theirs, ours)
    return name.replace("transformer.resblocks.", "layers.")


def _their_name(name: str) -> str:
    if name == "positions":
        return _POSITIONS
    for theirs, ours in _NAMES.items():
        name = name.replace(ours, theirs)
    return name.replace("layers.", "transformer.resblocks.")
