"""A recognizer from its checkpoint: the class and settings are read from the file."""

from __future__ import annotations

import inspect
import pkgutil
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from zsar.lightning_modules.open_clip_towers.weight_files import BackboneError
from zsar.lightning_modules.recognition.recognizer import ActionRecognizer
from zsar.lightning_modules.run_folders.settings_of_before import GROUP_OF, arguments_of_now
from zsar.lightning_modules.tensor_files.checkpoint_files import CheckpointError, check_entries, read_checkpoint
from zsar.lightning_modules.training.checkpoints import unpack_checkpoint
from zsar.runtime.class_paths import class_path, current_class_path, with_current_class_paths
from zsar.runtime.permitted_classes import (
    ForbiddenClassError,
    check_permitted,
    forbidden,
    forbidden_class_in,
    imported_kinds,
    is_permitted,
    only_permitted_classes,
)


def load_recognizer(
    path: Path | str, *, weights: str | None = None, device: torch.device | str = "cpu"
) -> ActionRecognizer:
    """Builds the model of a checkpoint.

    Args:
        path: A checkpoint written by `zsar fit` or `zsar convert`.
        weights: Path of the backbone's weights, if they have moved since training.
        device: Device of the model.

    Returns:
        The model in evaluation mode.

    Raises:
        CheckpointError: The file is not a checkpoint of zsar, or does not match.
    """
    checkpoint = read_checkpoint(path)
    check_entries(checkpoint, path, of_model=True)
    about = checkpoint["zsar"]
    model_class = _recognizer_class(about["class_path"], path)
    arguments = _arguments(model_class, with_current_class_paths(about["init_args"]), path)
    if weights is not None:
        arguments["backbone"] = {**arguments.get("backbone", {}), "weights": weights}
    model = _built(model_class, arguments, path)
    unpack_checkpoint(model, checkpoint, path=path)
    model.load_state_dict(checkpoint["state_dict"], strict=True)
    model.prepare_inference()
    return model.eval().to(device)


def build_from_plain(model_class: type, arguments: Mapping[str, Any]) -> Any:  # noqa: ANN401 - of any class
    """Builds an object from plain arguments; jsonargparse converts them to the types that the class declares.

    Arguments may only name classes that `permitted_classes` permits.
    """
    from jsonargparse import ArgumentParser

    with only_permitted_classes(imported=[model_class]):
        parser = ArgumentParser(exit_on_error=False)
        parser.add_class_arguments(model_class, "model")
        return parser.instantiate(parser.parse_object({"model": dict(arguments)})).model


def _recognizer_class(class_path: str, path: Path | str) -> type:
    """The class of a checkpoint's model; outside zsar, only recognizers are imported."""
    imported = imported_kinds(ActionRecognizer)
    try:
        class_path = class_path if is_permitted(class_path, imported=imported) else current_class_path(class_path)
        check_permitted(class_path, imported=imported)
        model_class = pkgutil.resolve_name(class_path)
    except ForbiddenClassError as error:
        raise CheckpointError(f"{path} is not loaded: {error}") from error
    except (ImportError, AttributeError, ValueError) as error:
        raise CheckpointError(f"{path}: its model class {class_path} cannot be imported: {error}") from error
    if not (isinstance(model_class, type) and issubclass(model_class, ActionRecognizer)) or inspect.isabstract(
        model_class
    ):
        raise CheckpointError(
            f"{path} is not loaded: its model class {class_path} is not a concrete {ActionRecognizer.__name__}"
        )
    return model_class


def _arguments(model_class: type, stated: Mapping[str, Any], path: Path | str) -> dict[str, Any]:
    """The settings of a checkpoint's model; those of an older checkpoint under their current names, with a warning."""
    known = inspect.signature(model_class).parameters
    arguments = arguments_of_now("model", stated, of_class=class_path(model_class), known=known)
    if grouped := sorted(stated.keys() - arguments.keys()):
        now = ", ".join(f"{GROUP_OF['model'][name]}.{name}" for name in grouped)
        warnings.warn(f"{path} is of an older zsar: its settings {', '.join(grouped)} are read as {now}", stacklevel=3)
    return arguments


def _built(model_class: type, arguments: Mapping[str, Any], path: Path | str) -> ActionRecognizer:
    """Builds a checkpoint's model with the checkpoint's settings."""
    try:
        model: ActionRecognizer = build_from_plain(model_class, arguments)
    except Exception as error:
        cause: BaseException | None = error
        while cause is not None and not isinstance(cause, BackboneError):
            cause = cause.__cause__
        if cause is not None:
            raise cause from error
        if (named := forbidden_class_in([str(error)])) is not None:
            raise CheckpointError(f"{path} is not loaded: {forbidden(named)}") from error
        problem = " ".join(str(error).split())[:300]
        raise CheckpointError(
            f"{path}: its settings build no {class_path(model_class)}: {problem or type(error).__name__}; train again, "
            "or give another checkpoint"
        ) from error
    return model
