"""A model from a checkpoint of zsar: the class and settings are read from the file."""

from __future__ import annotations

from pathlib import Path
from typing import TypeVar

from zsar.lightning_modules.recognition.saved.model_building import built_model, stated_arguments, stated_class
from zsar.lightning_modules.recognition.saved.shared_folders import is_shared, read_shared
from zsar.lightning_modules.tensor_files.checkpoint_files import check_entries, read_checkpoint
from zsar.lightning_modules.training.checkpoints import CheckpointedModel, unpack_checkpoint
from zsar.runtime.class_paths import with_current_class_paths

M = TypeVar("M")


def read_trained(path: Path | str, *, kind: type[M], weights: str | None = None) -> M:
    """Builds the model of a checkpoint or of a shared folder, as it was trained.

    Args:
        path: A checkpoint written by `zsar fit` or `zsar convert`, or what `read_shared` takes.
        kind: The class that the model must have, or a base of it.
        weights: CLIP's weights, if they have moved since training.

    Returns:
        The model in evaluation mode, on the CPU.

    Raises:
        CheckpointError: The file or folder is not one of zsar, is of another class, or does not match.
        BackboneError: CLIP's weights are neither local nor downloadable.
    """
    if is_shared(path):
        return read_shared(path, kind=kind, weights=weights)
    checkpoint = read_checkpoint(path)
    check_entries(checkpoint, path, of_model=True)
    about = checkpoint["zsar"]
    model_class = stated_class(about["class_path"], kind, path)
    arguments = stated_arguments(model_class, with_current_class_paths(about["init_args"]), path)
    if weights is not None:
        arguments["backbone"] = {**arguments.get("backbone", {}), "weights": weights}
    model: CheckpointedModel = built_model(model_class, arguments, path)
    unpack_checkpoint(model, checkpoint, path=path)
    model.load_state_dict(checkpoint["state_dict"], strict=True)
    model.prepare_inference()  # type: ignore[attr-defined]
    finished: M = model.eval()  # type: ignore[attr-defined]
    return finished
