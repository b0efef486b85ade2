"""Saves checkpoints atomically, and loads them without running code from them."""

from __future__ import annotations

import io
import os
from collections.abc import Callable
from typing import Any

import torch
from lightning.pytorch.plugins.io import TorchCheckpointIO

from zsar.lightning_modules.tensor_files.checkpoint_files import read_plain
from zsar.runtime.files.whole_files import whole_file


class WholeCheckpointIO(TorchCheckpointIO):
    """Writes next to the checkpoint, syncs and replaces it; Lightning copies onto it from a temporary folder."""

    def save_checkpoint(
        self, checkpoint: dict[str, Any], path: str | os.PathLike[str], storage_options: object = None
    ) -> None:
        """Saves a checkpoint; an earlier file stays until all is written.

        Raises:
            OSError: The file cannot be written, for example on a full disk.
        """
        buffer = io.BytesIO()
        torch.save(checkpoint, buffer)  # in memory first, as torch hides the cause of a failed write
        with whole_file(os.fspath(path)) as unfinished:
            unfinished.write_bytes(buffer.getbuffer())

    def load_checkpoint(
        self,
        path: str | os.PathLike[str],
        map_location: Callable[..., Any] | None = None,
        weights_only: bool | None = None,
    ) -> dict[str, Any]:
        """Loads tensors and plain types, onto the CPU; `weights_only` is always true.

        Raises:
            FileNotFoundError: There is no such file.
            CheckpointError: The file is not a checkpoint, is truncated, or holds Python objects, which are not loaded.
        """
        if not os.path.isfile(path):
            raise FileNotFoundError(f"there is no checkpoint {os.fspath(path)}")
        return read_plain(os.fspath(path))
