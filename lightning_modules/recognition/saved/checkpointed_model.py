"""The model of a checkpoint or of a shared folder, built as it was trained."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

from zsar.lightning_modules.open_clip_towers.pixels.saved_pixels import frames_of_before, settings_with_frames
from zsar.lightning_modules.recognition.saved.model_building import (
    built_model,
    changed_arguments,
    stated_arguments,
    stated_class,
)
from zsar.lightning_modules.recognition.saved.shared_folders import is_shared, read_shared
from zsar.lightning_modules.tensor_files.checkpoint_files import check_entries, read_checkpoint
from zsar.lightning_modules.training.checkpoints import unpack_checkpoint
from zsar.runtime.class_paths import with_current_class_paths

M = TypeVar("M")


def read_trained(
    path: Path | str,
    *,
    kind: type[M],
    weights: str | None = None,
    tokenizer: str | None = None,
    changes: Mapping[str, Any] | None = None,
) -> M:
    """Builds the model of a checkpoint or of a shared folder; its class and settings are read from there.

    Args:
        path: A checkpoint, a folder of `save_pretrained`, or "hf-hub:ORG/NAME".
        kind: The class that the model must have, or a base of it.
        weights: CLIP's weights, if they have moved since training.
        tokenizer: Folder with the files of the tokenizer, if it has moved since training.
        changes: Settings that replace those of the file.

    Returns:
        The model in evaluation mode, on the CPU.

    Raises:
        BackboneError: CLIP's weights are neither local nor downloadable.
        CheckpointError: The file or folder is not one of zsar, is of another class, or does not match.
    """
    if is_shared(path):
        return read_shared(path, kind=kind, weights=weights, tokenizer=tokenizer, changes=changes)
    checkpoint = read_checkpoint(path)
    check_entries(checkpoint, path, of_model=True)
    about = checkpoint["zsar"]
    model_class = stated_class(about["class_path"], kind, path)
    arguments = stated_arguments(model_class, with_current_class_paths(about["init_args"]), path)
    arguments = changed_arguments(model_class, arguments, changes or {})
    given = {"weights": weights, "tokenizer": tokenizer}
    moved = {name: value for name, value in given.items() if value is not None}
    settings = arguments.get("backbone") or {}
    if isinstance(settings, Mapping) and (settings or moved):
        frames = about.get("frames") or frames_of_before(settings)  # by the weights of training
        arguments["backbone"] = settings_with_frames({**settings, **moved}, frames)
    model: Any = built_model(model_class, arguments, path)
    unpack_checkpoint(model, checkpoint, path=path)
    model.load_state_dict(checkpoint["state_dict"], strict=True)
    model.prepare_inference()
    finished: M = model.eval()
    return finished
