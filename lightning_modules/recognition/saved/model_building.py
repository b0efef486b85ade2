"""A model from its class path and settings, as files state them: only permitted classes, and nothing is executed."""

from __future__ import annotations

import inspect
import pkgutil
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from zsar.lightning_modules.open_clip_towers.weights.weight_files import BackboneError
from zsar.lightning_modules.recognition.video_text_model import VideoTextModel
from zsar.lightning_modules.run_folders.settings_of_before import GROUP_OF, arguments_of_now
from zsar.lightning_modules.tensor_files.checkpoint_files import CheckpointError
from zsar.lightning_modules.training.checkpoints import plain_arguments
from zsar.runtime.class_paths import class_path, current_class_path
from zsar.runtime.permitted_classes import (
    ForbiddenClassError,
    check_permitted,
    forbidden,
    forbidden_class_in,
    imported_kinds,
    is_permitted,
    only_permitted_classes,
)


def build_from_plain(model_class: type, arguments: Mapping[str, Any]) -> Any:  # noqa: ANN401 - of any class
    """Builds an object from plain arguments; jsonargparse converts them to the types that the class declares.

    Arguments may only name classes that `permitted_classes` permits.

    Raises:
        BackboneError: Its CLIP model cannot be built.
    """
    from jsonargparse import ArgumentParser

    with only_permitted_classes(imported=[model_class]):
        parser = ArgumentParser(exit_on_error=False)
        parser.add_class_arguments(model_class, "model")
        try:
            return parser.instantiate(parser.parse_object({"model": dict(arguments)})).model
        except Exception as error:  # jsonargparse wraps what a constructor raises
            cause: BaseException | None = error
            while cause is not None and not isinstance(cause, BackboneError):
                cause = cause.__cause__
            if cause is None or cause is error:
                raise
            raise cause from error


def stated_class(stated: str, kind: type, path: Path | str) -> type:
    """The class of a model that a file names; outside zsar, only classes of this kind are imported.

    Args:
        stated: Its class path.
        kind: The base class that it must have.
        path: The file, for messages.

    Raises:
        CheckpointError: The class may not be named, cannot be imported, or is of another kind.
    """
    if stated == class_path(kind) and not inspect.isabstract(kind):
        return kind  # the caller's own, which may be of `__main__`
    imported = imported_kinds(kind)
    try:
        named = stated if is_permitted(stated, imported=imported) else current_class_path(stated)
        check_permitted(named, imported=imported)
        model_class = pkgutil.resolve_name(named)
    except ForbiddenClassError as error:
        raise CheckpointError(f"{path} is not loaded: {error}") from error
    except (ImportError, AttributeError, ValueError) as error:
        raise CheckpointError(f"{path}: its model class {named} cannot be imported: {error}") from error
    is_recognizer = isinstance(model_class, type) and issubclass(model_class, VideoTextModel)
    if is_recognizer and not issubclass(model_class, kind):
        name = model_class.__name__
        raise CheckpointError(f"{path} is of a {name}, not of a {kind.__name__}; load it by {name} or by zsar.load")
    if not (isinstance(model_class, type) and issubclass(model_class, kind)) or inspect.isabstract(model_class):
        raise CheckpointError(f"{path} is not loaded: its model class {named} is not a concrete {kind.__name__}")
    return model_class


def changed_arguments(model_class: type, arguments: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """The settings of a file, some of them replaced by the caller's.

    Args:
        model_class: The class of the model.
        arguments: The settings of the file, as plain types.
        changes: Those that replace them; groups such as `scoring` are replaced as a whole.

    Raises:
        TypeError: The class has no such setting.
    """
    known = sorted(inspect.signature(model_class).parameters)
    if unknown := sorted(changes.keys() - set(known)):
        raise TypeError(f"{model_class.__name__} has no setting {', '.join(unknown)}; it has {', '.join(known)}")
    return {**arguments, **plain_arguments(changes)}


def stated_arguments(model_class: type, stated: Mapping[str, Any], path: Path | str) -> dict[str, Any]:
    """The settings of a model that a file states; those of an older file under their current names, with a warning.

    Args:
        model_class: The class of the model.
        stated: Its arguments as plain types.
        path: The file, for messages.
    """
    known = inspect.signature(model_class).parameters
    arguments = arguments_of_now("model", stated, of_class=class_path(model_class), known=known)
    if grouped := sorted(stated.keys() - arguments.keys()):
        now = ", ".join(f"{GROUP_OF['model'][name]}.{name}" for name in grouped)
        warnings.warn(f"{path} is of an older zsar: its settings {', '.join(grouped)} are read as {now}", stacklevel=3)
    return arguments


def built_model(model_class: type, arguments: Mapping[str, Any], path: Path | str) -> Any:  # noqa: ANN401 - of any class
    """Builds a model with the settings of a file.

    Args:
        model_class: The class of the model.
        arguments: Its arguments as plain types.
        path: The file, for messages.

    Raises:
        BackboneError: The CLIP model cannot be built.
        CheckpointError: The settings do not fit the class.
    """
    try:
        model = build_from_plain(model_class, arguments)
    except BackboneError:
        raise
    except Exception as error:
        if (named := forbidden_class_in([str(error)])) is not None:
            raise CheckpointError(f"{path} is not loaded: {forbidden(named)}") from error
        problem = " ".join(str(error).split())[:300]
        raise CheckpointError(
            f"{path}: its settings build no {class_path(model_class)}: {problem or type(error).__name__}; train again, "
            "or give another checkpoint"
        ) from error
    return model
