"""The memory that trying methods on a model takes, before it is built; and what this machine has."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from torch import Tensor, UntypedStorage
from torch.autograd.graph import saved_tensors_hooks

from zsar.lightning_modules.command_line.models.method_names import MethodName
from zsar.lightning_modules.command_line.models.trials.method_trials import TRAINING_TOWERS
from zsar.lightning_modules.command_line.models.trials.tried_clip import TriedClip
from zsar.lightning_modules.command_line.models.trials.without_values import ValuesGiveWay

_MEMORY = Path("/proc/meminfo")
_STATES = 3  # gradients and AdamW's two moments
_WITH_GRADIENT: tuple[MethodName, ...] = (*TRAINING_TOWERS, "t2l", "prompt_tuning")


def needed_bytes(without_values: TriedClip, methods: Sequence[MethodName]) -> int:
    """Weights, gradients, optimizer states and activations of the most expensive method.

    Args:
        without_values: The model, built without values.
        methods: The methods to try.
    """
    n_parameters = sum(parameter.numel() for parameter in without_values.backbone.parameters())
    copies = 1 + (_STATES if set(methods) & set(TRAINING_TOWERS) else 0)
    activations = _activations(without_values) if set(methods) & set(_WITH_GRADIENT) else 0
    return 4 * n_parameters * copies + activations


def _activations(tried: TriedClip) -> int:
    """Bytes of what a pass of both towers keeps for the backward pass, besides the weights."""
    kept: dict[int, UntypedStorage] = {}  # by identity; a storage may be kept by several operations

    def keep(tensor: Tensor) -> Tensor:
        storage = tensor.untyped_storage()
        kept[storage._cdata] = storage
        return tensor

    backbone = tried.backbone.requires_grad_(True)
    of_weights = {parameter.untyped_storage()._cdata for parameter in backbone.parameters()}
    try:
        with ValuesGiveWay(), saved_tensors_hooks(keep, lambda tensor: tensor):
            backbone.encode_frames(tried.frames)
            backbone.encode_text(tried.tokens)
    finally:
        backbone.requires_grad_(False)
    return sum(storage.nbytes() for identity, storage in kept.items() if identity not in of_weights)


def free_bytes() -> int:
    """Memory that is free or can be freed; all that the machine has, where the system does not say what is free."""
    if _MEMORY.is_file():
        for line in _MEMORY.read_text(encoding="ascii").splitlines():
            if line.startswith("MemAvailable:"):
                return 1024 * int(line.split()[1])
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


def shown_gb(n_bytes: float) -> str:
    """Bytes as GB (10^9 bytes)."""
    return f"{n_bytes / 1e9:.1f} GB"
