"""Mutations of files of tensors: what a checkpoint holds is exchanged, the header of a safetensors file lies."""

from __future__ import annotations

import io
import json
import random
import warnings
from typing import Any

import torch

from tests.fuzz.byte_mutations import ANY_BYTES, Mutation, boundary_value
from tests.fuzz.text_mutations import changed_tree


def change_entries(content: bytes, draw: random.Random) -> bytes:
    """An entry of a checkpoint becomes of another type, or is lost, moved, renamed; or a tensor is another one."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree: Any = torch.load(io.BytesIO(content), weights_only=True)
    except Exception:  # spoilt already
        return content
    if draw.random() < 0.3 and isinstance(tree, dict):
        _change_tensor(tree, draw)
    else:
        tree = changed_tree(tree, draw)
    file = io.BytesIO()
    torch.save(tree, file, _use_new_zipfile_serialization=draw.random() < 0.8)
    return file.getvalue()


def _change_tensor(tree: dict[Any, Any], draw: random.Random) -> None:
    holder = tree.get("state_dict", tree)
    names = (
        [name for name, value in holder.items() if isinstance(value, torch.Tensor)] if isinstance(holder, dict) else []
    )
    if not names:
        return
    name = draw.choice(names)
    tensor = holder[name]
    holder[name] = draw.choice(
        (
            *(tensor.double(), tensor.half(), tensor.bool(), tensor.to(torch.complex64), tensor * float("nan")),
            *(tensor[None], tensor.flatten()[:1], tensor.flatten()[:0], torch.tensor(1), tensor.to_sparse()),
            *(torch.empty(tensor.shape, device="meta"), 1, None, "x"),
        )
    )


def change_header(content: bytes, draw: random.Random) -> bytes:
    """The JSON header of a safetensors file is changed, with a right length or a wrong one."""
    length = int.from_bytes(content[:8], "little")
    try:
        header = json.loads(content[8 : 8 + length])
    except (ValueError, RecursionError):
        return content
    for _ in range(draw.choice((1, 1, 2))):
        header = changed_tree(header, draw)
    text = json.dumps(header).encode()
    stated = draw.choice((len(text), len(text), len(text), len(text) + 1, boundary_value(draw, 8)))
    return stated.to_bytes(8, "little") + text + content[8 + length :]


OF_SUFFIX: dict[str, tuple[Mutation, ...]] = {
    ".ckpt": (*ANY_BYTES, *(change_entries,) * 12),
    ".pt": (*ANY_BYTES, *(change_entries,) * 12),
    ".safetensors": (*ANY_BYTES, *(change_header,) * 8),
}
