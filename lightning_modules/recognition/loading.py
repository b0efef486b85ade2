"""A recognizer from its checkpoint, or from a shared folder: the class and settings are read from the file."""

from __future__ import annotations

from pathlib import Path

import torch

from zsar.lightning_modules.recognition.recognizer import ActionRecognizer
from zsar.lightning_modules.recognition.saved.model_building import built_model, stated_arguments, stated_class
from zsar.lightning_modules.recognition.saved.shared_folders import is_shared, read_shared
from zsar.lightning_modules.tensor_files.checkpoint_files import check_entries, read_checkpoint
from zsar.lightning_modules.training.checkpoints import unpack_checkpoint
from zsar.runtime.class_paths import with_current_class_paths


def load_recognizer(
    path: Path | str, *, weights: str | None = None, device: torch.device | str = "cpu"
) -> ActionRecognizer:
    """Builds the model of a checkpoint or of a shared folder.

    Args:
        path: A checkpoint written by `zsar fit` or `zsar convert`, a folder written by `save_pretrained` or
            `zsar share`, or the same on the Hugging Face hub: "hf-hub:ORG/NAME", "hf-hub:ORG/NAME@REVISION".
        weights: Path of the backbone's weights, if they have moved since training.
        device: Device of the model.

    Returns:
        The model in evaluation mode.

    Raises:
        CheckpointError: The file or folder is not one of zsar, does not match, or cannot be downloaded.
    """
    if is_shared(path):
        shared: ActionRecognizer = read_shared(path, kind=ActionRecognizer, weights=weights)
        return shared.to(device)
    checkpoint = read_checkpoint(path)
    check_entries(checkpoint, path, of_model=True)
    about = checkpoint["zsar"]
    model_class = stated_class(about["class_path"], ActionRecognizer, path)
    arguments = stated_arguments(model_class, with_current_class_paths(about["init_args"]), path)
    if weights is not None:
        arguments["backbone"] = {**arguments.get("backbone", {}), "weights": weights}
    model: ActionRecognizer = built_model(model_class, arguments, path)
    unpack_checkpoint(model, checkpoint, path=path)
    model.load_state_dict(checkpoint["state_dict"], strict=True)
    model.prepare_inference()
    return model.eval().to(device)
