"""Weights from files of any of the usual kinds, loaded strictly: no tensor is missing, unknown or of another shape."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import nn

from zsar.lightning_modules.tensor_files.tensor_files import (
    TensorFileError,
    cause_of,
    check_file,
    is_torchscript,
    read_tensor_file,
    some_names,
)
from zsar.lightning_modules.tensor_files.torchscript_tensors import read_torchscript_tensors

BIKE_HEAD = "fusion_model_state_dict"
"""The entry of the video head in files of BIKE's authors, beside one of CLIP; empty where a model has none."""


_OPEN_VCLIP_TENSOR = "model.visual.conv1.weight"


class BackboneError(RuntimeError):
    """A CLIP model cannot be built; the message gives the cause and a remedy."""


def read_state_dict(path: Path) -> dict[str, torch.Tensor]:
    """Reads weights from a file: a state dict, a TorchScript archive, or safetensors.

    Args:
        path: The file.

    Returns:
        Tensors by name, without the prefix "module." of a model that was trained in parallel.

    Raises:
        BackboneError: The file cannot be read, or holds something else.
    """
    content: object
    try:
        check_file(path)
        if path.suffix == ".safetensors":
            content = load_file(path)
        elif is_torchscript(path):  # OpenAI's release format of CLIP
            content = read_torchscript_tensors(path)
        else:
            content = read_tensor_file(path)
    except TensorFileError as error:
        problem = str(error).replace(f"{path} cannot be read", f"{path} cannot be read as weights", 1)
        raise BackboneError(problem) from error
    except (SafetensorError, ValueError, OSError) as error:
        raise BackboneError(f"{path} cannot be read as weights: {cause_of(error)}; fetch it again") from error
    _refuse_models(content, path)
    state = content.get("state_dict", content) if isinstance(content, dict) else content
    if (
        not isinstance(state, dict)
        or not state
        or not all(isinstance(k, str) and isinstance(v, torch.Tensor) for k, v in state.items())
    ):
        if isinstance(content, dict) and BIKE_HEAD in content:
            raise BackboneError(
                f"{path} is a checkpoint of BIKE's authors (it has {BIKE_HEAD}), not weights of CLIP alone; import it "
                "with `zsar convert`, or zsar.load it, without weights"
            )
        raise BackboneError(f"{path} holds no state dict (a mapping from names to tensors); give a file of weights")
    return {k.removeprefix("module."): v for k, v in state.items()}


def _refuse_models(content: object, path: Path) -> None:
    """Refuses weights that would be CLIP's by their names, but belong to a model that uses them otherwise.

    Raises:
        BackboneError: They do.
    """
    held = content.get("model_state", content) if isinstance(content, dict) else None
    if isinstance(held, dict) and _OPEN_VCLIP_TENSOR in held:
        raise BackboneError(
            f"{path} is of Open-VCLIP's authors: its frames see their neighbours, which plain CLIP's do not, and "
            f"CLIP's own weights are mixed in; convert it with `zsar convert {path}`, and give what that writes as "
            "the checkpoint, not as weights"
        )
    if isinstance(content, dict) and "zsar" in content:
        raise BackboneError(
            f"{path} is a checkpoint of zsar, not weights of CLIP: give it as the checkpoint (--checkpoint, or "
            "--ckpt_path of test and fit)"
        )


def load_strictly(model: nn.Module, state: dict[str, torch.Tensor], path: Path, name: str) -> None:
    """Fills a model with weights, in fp32.

    Args:
        model: The model, which is changed.
        state: Tensors by name.
        path: Where they are from, for messages.
        name: What open_clip calls the architecture, for messages.

    Raises:
        BackboneError: The names or the numbers of elements are not those of the model.
    """
    expected = model.state_dict()
    check_tensors(expected, state, path, name)
    model.load_state_dict({k: v.reshape(expected[k].shape).float() for k, v in state.items()}, strict=True)


def check_tensors(
    expected: Mapping[str, torch.Tensor], state: Mapping[str, torch.Tensor], path: Path, name: str
) -> None:
    """Checks that the tensors of a file are those of a model, by name and number of elements.

    Args:
        expected: The model's, by name; only their shapes are read.
        state: The file's, by name.
        path: The file, for messages.
        name: What open_clip calls the architecture, for messages.

    Raises:
        BackboneError: They are not.
    """
    missing = sorted(set(expected) - set(state))
    unmatched = sorted(set(state) - set(expected))
    shapes = sorted(k for k in set(state) & set(expected) if state[k].numel() != expected[k].numel())
    if missing or unmatched or shapes:
        parts = [
            f"{len(keys)} {what} ({some_names(keys)})"
            for keys, what in ((missing, "missing"), (unmatched, "unknown"), (shapes, "of another shape"))
            if keys
        ]
        raise BackboneError(f"the weights in {path} are not those of {name}: tensors {'; '.join(parts)}")
