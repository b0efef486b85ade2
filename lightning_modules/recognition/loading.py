"""A recognizer from its checkpoint, or from a shared folder: the class and settings are read from the file."""

from __future__ import annotations

from pathlib import Path

import torch

from zsar.lightning_modules.recognition.recognizer import ActionRecognizer
from zsar.lightning_modules.recognition.saved.checkpointed_model import read_trained


def load_recognizer(
    path: Path | str,
    *,
    weights: str | None = None,
    tokenizer: str | None = None,
    device: torch.device | str = "cpu",
) -> ActionRecognizer:
    """Builds the model of a checkpoint or of a shared folder.

    Args:
        path: A checkpoint written by `zsar fit` or `zsar convert`, a folder written by `save_pretrained` or
            `zsar share`, or the same on the Hugging Face hub: "hf-hub:ORG/NAME", "hf-hub:ORG/NAME@REVISION".
        weights: Path of the backbone's weights, if they have moved since training.
        tokenizer: Folder with the files of the tokenizer, if it has moved since training.
        device: Device of the model.

    Returns:
        The model in evaluation mode.

    Raises:
        CheckpointError: The file or folder is not one of zsar, does not match, or cannot be downloaded.
    """
    return read_trained(path, kind=ActionRecognizer, weights=weights, tokenizer=tokenizer).to(device)
