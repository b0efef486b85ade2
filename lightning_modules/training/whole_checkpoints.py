"""How checkpoints come to the disk and from it: whole or not at all, and without running anything that they hold."""

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
    """Saves beside the checkpoint, syncs and replaces; Lightning's own way copies onto it from the temporary folder."""

    def save_checkpoint(
        self, checkpoint: dict[str, Any], path: str | os.PathLike[str], storage_options: object = None
    ) -> None:
        """Saves a checkpoint; what was there before stays until all of it is written.

        Raises:
            OSError: It could not be written, on a full disk for example; the message says so.
        """
        buffer = io.BytesIO()
        torch.save(checkpoint, buffer)  # not whole: in memory, as torch hides the cause of a write that fails
        with whole_file(os.fspath(path)) as unfinished:
            unfinished.write_bytes(buffer.getbuffer())

    def load_checkpoint(
        self,
        path: str | os.PathLike[str],
        map_location: Callable[..., Any] | None = None,
        weights_only: bool | None = None,
    ) -> dict[str, Any]:
        """Loads tensors and plain types, onto the CPU; `weights_only` is true whatever is asked.

        Raises:
            FileNotFoundError: There is no such file.
            CheckpointError: It is no checkpoint, it is cut short, or it holds Python objects, which are not loaded.
        """
        if not os.path.isfile(path):
            raise FileNotFoundError(f"there is no checkpoint {os.fspath(path)}")
        return read_plain(os.fspath(path))
