"""Checkpoints that hold what was trained, and the name and hash of what was not.

A checkpoint holds tensors and plain types only, so that it loads with `weights_only=True`. Beside Lightning's own
entries it has "zsar": the model's class and arguments, what it was trained on, and the backbone's architecture and
hash.
"""

from __future__ import annotations

import inspect
import pkgutil
from collections.abc import Mapping
from dataclasses import asdict, is_dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

from zsar.lightning_modules.open_clip_towers.open_clip_weights import BackboneError
from zsar.lightning_modules.run_folders.dry_runs import LIMITS, batch_limits
from zsar.lightning_modules.run_folders.run_record import NOT_RECORDED, run_record
from zsar.lightning_modules.run_folders.weights_hash import trained_weights_hash
from zsar.lightning_modules.tensor_files.checkpoint_files import CheckpointError, check_entries, read_checkpoint
from zsar.lightning_modules.tensor_files.finite_weights import not_finite
from zsar.lightning_modules.tensor_files.tensor_files import some_names
from zsar.runtime.permitted_classes import (
    ForbiddenClassError,
    check_permitted,
    forbidden,
    forbidden_class_in,
    imported_kinds,
    only_permitted_classes,
    path_of,
)

if TYPE_CHECKING:
    from lightning.pytorch import Trainer

    from zsar.lightning_modules.recognition.recognizer import ActionRecognizer


def pack_checkpoint(model: ActionRecognizer, checkpoint: dict[str, Any]) -> None:
    """Reduces a checkpoint to the trained parameters, in place.

    Args:
        model: The model that is saved.
        checkpoint: Lightning's checkpoint, with "state_dict".

    Raises:
        CheckpointError: Trained weights are NaN or infinite, and shall not replace those that were saved before.
    """
    trained = trained_names(model)
    checkpoint["state_dict"] = {k: v for k, v in checkpoint["state_dict"].items() if k in trained}
    if (problem := not_finite(checkpoint["state_dict"])) is not None:
        raise CheckpointError(
            f"training has spoilt the weights: {problem}. They are not saved; what was saved before is as it was. Give "
            "a lower --model.optimization.learning_rate, more warm-up, or --trainer.precision 32-true"
        )
    for key in ("hyper_parameters", "hparams_name", "datamodule_hyper_parameters", "datamodule_hparams_name"):
        checkpoint.pop(key, None)  # they may hold objects, and Lightning would let them override the command line
    data = getattr(model._trainer, "datamodule", None)
    described = None if data is None else plain_arguments(data.describe())
    checkpoint["zsar"] = {
        "trained_on": model.trained_on if described is None else described,
        "class_path": f"{type(model).__module__}.{type(model).__qualname__}",
        "init_args": plain_arguments(model.hparams),
        "architecture": model.backbone.architecture,
        "backbone_hash": model.backbone.weights_hash,
        "weights_hash": trained_weights_hash(checkpoint["state_dict"]),
        "training": _training_record(model, described),
        "batch_limits": {} if model._trainer is None else batch_limits(_limits(model._trainer), "fit"),
    }


def _limits(trainer: Trainer) -> dict[str, Any]:
    return {name: getattr(trainer, name) for name in ("fast_dev_run", "overfit_batches", *LIMITS["fit"])}


def unpack_checkpoint(model: ActionRecognizer, checkpoint: dict[str, Any], *, path: Path | str | None = None) -> None:
    """Checks a checkpoint against the model and completes it with the model's frozen weights, in place.

    Args:
        model: The model that is loaded into.
        checkpoint: What `pack_checkpoint` left.
        path: Where it lies, for the message of an error.

    Raises:
        CheckpointError: Not a checkpoint of zsar, another backbone, missing or unknown tensors, or damaged ones.
    """
    prefix = "" if path is None else f"{path}: "
    about = checkpoint.get("zsar")
    if about is None:
        raise CheckpointError(
            f"{prefix}this is no zsar checkpoint (it has no entry 'zsar'); for checkpoints that the authors of a "
            "method released, see `zsar convert`"
        )
    check_entries(checkpoint, path or "the checkpoint", of_model=True)
    if about["backbone_hash"] != model.backbone.weights_hash:
        raise CheckpointError(
            f"{prefix}the checkpoint was trained on the backbone {about['architecture']} with the weights "
            f"{about['init_args'].get('weights')} (hash {about['backbone_hash']}), but the model has "
            f"{model.backbone.architecture} with the hash {model.backbone.weights_hash}; give the same weights"
        )
    state, trained = checkpoint["state_dict"], trained_names(model)
    missing, unknown = sorted(trained - set(state)), sorted(set(state) - trained)
    own = model.state_dict()
    shapes = [
        f"{k} is {list(state[k].shape)}, not {list(own[k].shape)}"
        for k in sorted(trained & set(state))
        if state[k].shape != own[k].shape
    ]
    if missing or unknown or shapes:
        raise CheckpointError(
            f"{prefix}the checkpoint is of a {about['class_path']} with other settings than this "
            f"{type(model).__name__}: {len(missing)} tensors missing [{some_names(missing)}], {len(unknown)} unknown "
            f"[{some_names(unknown)}], {len(shapes)} of another shape [{some_names(shapes)}]; its settings were "
            f"{str(about['init_args'])[:1000]}"
        )
    if (problem := not_finite(state)) is not None:
        raise CheckpointError(f"{prefix}the checkpoint is broken: {problem}; test or go on from another one")
    found = trained_weights_hash(state)
    stated = about.get("weights_hash", found)  # checkpoints of before do not state it
    if found != stated:
        raise CheckpointError(
            f"{path or 'the checkpoint'} is damaged: its weights have the hash {found}, but it states {stated}; copy "
            "it again, or train again"
        )
    model.checkpoint_weights_hash = found
    checkpoint["state_dict"] = {**own, **state}
    model.trained_on = about.get("trained_on")
    model.training_record = about.get("training")  # None in checkpoints of before


def start_from_checkpoint(model: ActionRecognizer, path: Path | str) -> None:
    """Gives a model the trained weights of another run, from which its own training starts.

    Args:
        model: The model, of the same settings but for how it is trained.
        path: A checkpoint written by `zsar fit` or `zsar convert`.

    Raises:
        CheckpointError: The file is not a checkpoint of zsar, or does not fit.
    """
    checkpoint = read_checkpoint(path)
    unpack_checkpoint(model, checkpoint, path=path)
    model.load_state_dict(checkpoint["state_dict"], strict=True)
    trained_on = model.trained_on or {}
    model.started_from = {
        "checkpoint": str(path),
        "weights_hash": model.checkpoint_weights_hash,
        "trained_on": trained_on.get("data_set", trained_on.get("class_path", NOT_RECORDED)),
    }


def load_recognizer(
    path: Path | str, *, weights: str | None = None, device: torch.device | str = "cpu"
) -> ActionRecognizer:
    """Builds the model that a checkpoint holds.

    Args:
        path: A checkpoint written by `zsar fit` or `zsar convert`.
        weights: Where the backbone's weights are, if not where they were in training.
        device: Where the model shall be.

    Returns:
        The model in evaluation mode.

    Raises:
        CheckpointError: The file is not a checkpoint of zsar, or does not fit.
    """
    checkpoint = read_checkpoint(path)
    check_entries(checkpoint, path, of_model=True)
    about = checkpoint["zsar"]
    changes = {} if weights is None else {"weights": weights}
    model = _built(_recognizer_class(about["class_path"], path), about["init_args"] | changes, path)
    unpack_checkpoint(model, checkpoint, path=path)
    model.load_state_dict(checkpoint["state_dict"], strict=True)
    model.prepare_inference()
    return model.eval().to(device)


def _training_record(model: ActionRecognizer, data: dict[str, Any] | None) -> dict[str, Any] | None:
    """The record of the training that is under way, or of the one that the weights are from."""
    trainer = model._trainer
    if data is None or trainer is None or trainer.state.fn != "fit":
        return model.training_record
    return plain_arguments(run_record(model, trainer, stage="fit", data=data))


def trained_names(model: torch.nn.Module) -> set[str]:
    """Names of the parameters that training changes."""
    return {name for name, parameter in model.named_parameters() if parameter.requires_grad}


def hash_of_tested_weights(model: ActionRecognizer) -> str | None:
    """Hash of the trained weights that a test begins with; None for a model of which nothing is trained.

    It is that of the checkpoint they were loaded from, also where the trainer's precision has rounded them.
    """
    trained = {name: p for name, p in model.named_parameters() if p.requires_grad}
    return (model.checkpoint_weights_hash or trained_weights_hash(trained)) if trained else None


def plain_arguments(arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Arguments of a model as plain types; keys that LightningCLI adds for itself begin with "_" and are left out."""
    return {key: _plain(value) for key, value in arguments.items() if not key.startswith("_")}


def _plain(value: object) -> object:
    if is_dataclass(value) and not isinstance(value, type):
        return _plain(asdict(value))
    if isinstance(value, Mapping):
        return {str(k): _plain(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(v) for v in value]
    if isinstance(value, Path):
        return str(value)
    return value


def build_from_plain(model_class: type, arguments: Mapping[str, Any]) -> Any:  # noqa: ANN401 - whatever class it is
    """An object from plain arguments, by jsonargparse, which turns them into the types that the class declares.

    Arguments may name classes that `permitted_classes` permits.
    """
    from jsonargparse import ArgumentParser

    with only_permitted_classes(imported=[model_class]):
        parser = ArgumentParser(exit_on_error=False)
        parser.add_class_arguments(model_class, "model")
        return parser.instantiate(parser.parse_object({"model": dict(arguments)})).model


def _recognizer_class(class_path: str, path: Path | str) -> type:
    """The class of a checkpoint's model; of what is no recognizer nothing is imported but what zsar has itself."""
    from zsar.lightning_modules.recognition.recognizer import ActionRecognizer

    try:
        check_permitted(class_path, imported=imported_kinds(ActionRecognizer))
        found = pkgutil.resolve_name(class_path)
    except ForbiddenClassError as error:
        raise CheckpointError(f"{path} is not loaded: {error}") from error
    except (ImportError, AttributeError, ValueError) as error:
        raise CheckpointError(f"{path}: its model class {class_path} cannot be imported: {error}") from error
    if not (isinstance(found, type) and issubclass(found, ActionRecognizer)) or inspect.isabstract(found):
        raise CheckpointError(
            f"{path} is not loaded: its model class {class_path} is no {ActionRecognizer.__name__} that can be built"
        )
    return found


def _built(model_class: type, arguments: Mapping[str, Any], path: Path | str) -> ActionRecognizer:
    """A checkpoint's model, with the settings that the checkpoint states."""
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
        said = " ".join(str(error).split())[:300]
        raise CheckpointError(
            f"{path}: its settings build no {path_of(model_class)}: {said or type(error).__name__}; train again, or "
            "give another checkpoint"
        ) from error
    return model
