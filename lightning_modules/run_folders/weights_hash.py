"""The hash of trained weights, which links a checkpoint to the results of its tests."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

import torch
from torch import Tensor


def trained_weights_hash(state: Mapping[str, Tensor]) -> str:
    """Hash of named tensors, independent of order, device and memory layout.

    Args:
        state: The trained tensors by name. They are read as float32, so a lossless copy in another precision
            has the same hash.

    Returns:
        The first 16 hex digits of a SHA-256 of names, shapes and values.
    """
    digest = hashlib.sha256()
    for name in sorted(state):
        tensor = state[name].detach().to("cpu", torch.float32).contiguous()
        digest.update(f"{name} {list(tensor.shape)}\n".encode())
        digest.update(tensor.view(-1).view(torch.uint8).numpy().data)
    return digest.hexdigest()[:16]
