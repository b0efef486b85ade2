"""Checkpoints with the trained weights, and name and hash of the frozen backbone.

A checkpoint holds tensors and plain types only, so that it loads with `weights_only=True`. Besides Lightning's
entries it has "zsar": the model's class and arguments, what it was trained on, and the backbone's architecture and
hash.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, is_dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from lightning.pytorch.utilities import rank_zero_warn
from torch.nn import Parameter

from zsar.lightning_modules.open_clip_towers.open_clip_backbone import OpenClipBackbone
from zsar.lightning_modules.open_clip_towers.pixels.frame_statistics import named_of
from zsar.lightning_modules.open_clip_towers.pixels.saved_pixels import frames_of_before, recorded_frames
from zsar.lightning_modules.run_folders.dry_runs import LIMITS, batch_limits
from zsar.lightning_modules.run_folders.run_record import NOT_RECORDED, TrainedModel, run_record
from zsar.lightning_modules.run_folders.settings_of_before import arguments_of_now
from zsar.lightning_modules.run_folders.weights_hash import trained_weights_hash
from zsar.lightning_modules.tensor_files.checkpoint_files import CheckpointError, check_entries, read_checkpoint
from zsar.lightning_modules.tensor_files.finite_weights import not_finite
from zsar.lightning_modules.tensor_files.tensor_files import some_names
from zsar.lightning_modules.training.mean_of_epochs import MeanOfEpochs
from zsar.lightning_modules.training.resumption import check_validated_frames
from zsar.runtime.class_paths import class_path, current_class_path, with_current_class_paths

if TYPE_CHECKING:
    from lightning.pytorch import Trainer


class CheckpointedModel(TrainedModel, Protocol):
    """What checkpoints need from a model, besides its record; `ActionRecognizer` implements it.

    Attributes:
        backbone: Its CLIP model; a checkpoint holds its name, its hash and its trained weights.
        started_from: The checkpoint from which its training starts; None for none.
        mean_of_epochs: What is saved in place of its weights; None for the weights themselves.
    """

    backbone: OpenClipBackbone
    started_from: dict[str, Any] | None
    mean_of_epochs: MeanOfEpochs | None
    _trainer: Trainer | None

    def named_parameters(self) -> Iterator[tuple[str, Parameter]]: ...  # noqa: D102 - as nn.Module has it

    def state_dict(self) -> dict[str, Any]: ...  # noqa: D102

    def load_state_dict(self, state_dict: Mapping[str, Any], strict: bool) -> object: ...  # noqa: D102


def pack_checkpoint(model: CheckpointedModel, checkpoint: dict[str, Any]) -> None:
    """Reduces a checkpoint to the trained parameters, in place.

    Args:
        model: The model that is saved.
        checkpoint: Lightning's checkpoint, with "state_dict".

    Raises:
        CheckpointError: Trained weights are NaN or infinite; they must not replace earlier ones.
    """
    trained = trained_names(model)
    checkpoint["state_dict"] = {k: v for k, v in checkpoint["state_dict"].items() if k in trained}
    if model.mean_of_epochs is not None:
        checkpoint["state_dict"] = dict(model.mean_of_epochs.weights)
    if (problem := not_finite(checkpoint["state_dict"])) is not None:
        raise CheckpointError(
            f"training has diverged: {problem}. These weights are not saved; earlier checkpoints are unchanged. Give "
            "a lower --model.optimization.learning_rate, more warm-up, or --trainer.precision 32-true"
        )
    for key in ("hyper_parameters", "hparams_name", "datamodule_hyper_parameters", "datamodule_hparams_name"):
        checkpoint.pop(key, None)  # they may hold objects, and Lightning would let them override the command line
    data = getattr(model._trainer, "datamodule", None)
    described = None if data is None else plain_arguments(data.describe())
    checkpoint["zsar"] = {
        "trained_on": model.trained_on if described is None else described,
        "class_path": class_path(type(model)),
        "init_args": plain_arguments(model.hparams),
        "architecture": model.backbone.architecture,
        "backbone_hash": model.backbone.weights_hash,
        "frames": recorded_frames(model.backbone),
        "weights_hash": trained_weights_hash(checkpoint["state_dict"]),
        "training": _training_record(model, described),
        "batch_limits": {} if model._trainer is None else batch_limits(_limits(model._trainer), "fit"),
    }


def _limits(trainer: Trainer) -> dict[str, Any]:
    return {name: getattr(trainer, name) for name in ("fast_dev_run", "overfit_batches", *LIMITS["fit"])}


def unpack_checkpoint(model: CheckpointedModel, checkpoint: dict[str, Any], *, path: Path | str | None = None) -> None:
    """Checks a checkpoint against the model and completes it with the model's frozen weights, in place.

    Args:
        model: The model that is loaded into.
        checkpoint: A checkpoint written by `pack_checkpoint`.
        path: Its path, for error messages.

    Raises:
        CheckpointError: It is not a zsar checkpoint, its backbone differs, or tensors are missing, unknown or damaged.
    """
    prefix = "" if path is None else f"{path}: "
    about = checkpoint.get("zsar")
    if about is None:
        raise CheckpointError(
            f"{prefix}this is not a zsar checkpoint (it has no entry 'zsar'); for checkpoints that the authors of a "
            "method released, see `zsar convert`"
        )
    check_entries(checkpoint, path or "the checkpoint", of_model=True)
    if (current := current_class_path(about["class_path"])) != about["class_path"]:
        rank_zero_warn(
            f"{prefix}the checkpoint was written by zsar before 0.2: its class {about['class_path']} is {current} now"
        )
    if about["backbone_hash"] != model.backbone.weights_hash:
        stated_weights = arguments_of_now("model", about["init_args"]).get("backbone", {}).get("weights")
        raise CheckpointError(
            f"{prefix}the checkpoint was trained on the backbone {about['architecture']} with the weights "
            f"{stated_weights} (hash {about['backbone_hash']}), but the model has "
            f"{model.backbone.architecture} with the hash {model.backbone.weights_hash}; give the same weights"
        )
    _check_frames(model, about, prefix)
    model.backbone.text.require((about.get("training") or {}).get("tokenizer"))
    check_validated_frames(model._trainer, about.get("training") or {}, prefix)
    state, trained = checkpoint["state_dict"], trained_names(model)
    missing, unknown = sorted(trained - set(state)), sorted(set(state) - trained)
    model_state = model.state_dict()
    shapes = [
        f"{k} is {list(state[k].shape)}, not {list(model_state[k].shape)}"
        for k in sorted(trained & set(state))
        if state[k].shape != model_state[k].shape
    ]
    if missing or unknown or shapes:
        raise CheckpointError(
            f"{prefix}the checkpoint is of a {about['class_path']} with other settings than this "
            f"{type(model).__name__}: {len(missing)} tensors missing [{some_names(missing)}], {len(unknown)} unknown "
            f"[{some_names(unknown)}], {len(shapes)} of another shape [{some_names(shapes)}]; its settings were "
            f"{str(about['init_args'])[:1000]}"
        )
    if (problem := not_finite(state)) is not None:
        raise CheckpointError(f"{prefix}the checkpoint is broken: {problem}; test or resume from another one")
    weights_hash = trained_weights_hash(state)
    stated_hash = about.get("weights_hash", weights_hash)  # older checkpoints do not state it
    if weights_hash != stated_hash:
        raise CheckpointError(
            f"{path or 'the checkpoint'} is damaged: its weights have the hash {weights_hash}, but it states "
            f"{stated_hash}; copy it again, or train again"
        )
    model.checkpoint_weights_hash = weights_hash
    checkpoint["state_dict"] = {**model_state, **state}
    model.trained_on = with_current_class_paths(about.get("trained_on"))
    model.training_record = with_current_class_paths(about.get("training"))  # None in older checkpoints


def _check_frames(model: CheckpointedModel, about: Mapping[str, Any], prefix: str) -> None:
    """Checks that frames are made and normalized as in the training of a checkpoint.

    Raises:
        CheckpointError: They are not.
    """
    stated = about.get("frames") or frames_of_before(
        arguments_of_now("model", about["init_args"]).get("backbone") or {}
    )
    now = recorded_frames(model.backbone)
    then_numbers, now_numbers = ((str(of.get("mean")), str(of.get("std"))) for of in (stated, now))
    if "mean" in stated and then_numbers != now_numbers:
        then, has = (
            named_of(*numbers) or f"mean {numbers[0]}, std {numbers[1]}" for numbers in (then_numbers, now_numbers)
        )
        is_named = named_of(*then_numbers) is not None
        remedy = f"--model.backbone.frame_statistics {then}" if is_named else "the model config that states these"
        raise CheckpointError(
            f"{prefix}the checkpoint was trained with the frame statistics {then!r}, but the model has {has!r}; give "
            f"{remedy}"
        )
    geometry = stated.get("geometry")
    if geometry is not None and geometry != now["geometry"]:
        raise CheckpointError(
            f"{prefix}the checkpoint was trained for the frame geometry {geometry!r}, but the model has "
            f"{now['geometry'] or 'none'!r}; give --model.backbone.frame_geometry {geometry}"
        )


def start_from_checkpoint(model: CheckpointedModel, path: Path | str) -> None:
    """Gives a model the trained weights of another run, from which training starts.

    Args:
        model: The model; its settings must be the same except for those of training.
        path: A checkpoint written by `zsar fit` or `zsar convert`.

    Raises:
        CheckpointError: The file is not a checkpoint of zsar, or does not match.
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


def _training_record(model: CheckpointedModel, data: dict[str, Any] | None) -> dict[str, Any] | None:
    """The record of the current training, or of the one that produced the weights."""
    trainer = model._trainer
    if data is None or trainer is None or trainer.state.fn != "fit":
        return model.training_record
    return plain_arguments(run_record(model, trainer, stage="fit", data=data))


def trained_names(model: CheckpointedModel) -> set[str]:
    """Names of the parameters that training changes."""
    return {name for name, parameter in model.named_parameters() if parameter.requires_grad}


def hash_of_tested_weights(model: CheckpointedModel) -> str | None:
    """Hash of the trained weights at the start of a test; None for a model without trained weights.

    The hash of the loaded checkpoint, even if the trainer's precision has rounded the weights.
    """
    trained = {name: p for name, p in model.named_parameters() if p.requires_grad}
    return (model.checkpoint_weights_hash or trained_weights_hash(trained)) if trained else None


def plain_arguments(arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Arguments of a model as plain types; keys that LightningCLI adds begin with "_" and are left out."""
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
