"""Model, data and prompt tuning of a row, built from its configuration, and how its steps are run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, cast

import torch

from zsar.api.devices import device_names
from zsar.callbacks.prompt_tuning.prompt_tuning import PromptTuning
from zsar.datamodules.choices.frame_pixels import FramePixels
from zsar.datamodules.untrimmed_video import UntrimmedVideoDataModule
from zsar.datamodules.video import TrimmedVideoDataModule
from zsar.lightning_modules.command_line.model_kinds import chosen_class
from zsar.lightning_modules.command_line.profile.profile_options import ProfileRequest
from zsar.lightning_modules.command_line.profile.requested_rows import RequestedRow
from zsar.lightning_modules.localization.localizer import ActionLocalizer
from zsar.lightning_modules.open_clip_towers.weights.open_clip_weights import RANDOM_WEIGHTS
from zsar.lightning_modules.open_clip_towers.weights.weight_files import BackboneError
from zsar.lightning_modules.recognition.recognizer import ActionRecognizer
from zsar.lightning_modules.recognition.saved.model_building import build_from_plain

_CPU_BATCH = 2  # videos; batches as trained with would take minutes a step
_FP32 = "32-true"


@dataclass(frozen=True)
class RunSettings:
    """How the steps of a row are run.

    Attributes:
        device: Where.
        precision: As `Trainer` takes it.
        test_batch: Videos of a forward pass; of a localizer, frames.
        train_batch: Videos of a training step.
        gradient_clip: The trainer's `gradient_clip_val`.
    """

    device: torch.device
    precision: Any
    test_batch: int
    train_batch: int
    gradient_clip: float | None


def run_settings(row: RequestedRow, request: ProfileRequest) -> RunSettings:
    """Chooses them: from the options, else the experiment's on a GPU, else what a CPU can do.

    Args:
        row: The row.
        request: The command line.

    Raises:
        ValueError: A precision is given for a localizer.
    """
    device = torch.device(device_names(request.device.device, 1)[0])
    trainer, is_cpu = row.config["trainer"], device.type == "cpu"
    if row.is_localizer and request.precision is not None:
        raise ValueError(f"--precision {request.precision}: {row.name} is a localizer, which always runs in fp32")
    own = _FP32 if is_cpu or row.is_localizer else trainer.get("precision") or _FP32
    loading = row.data_arguments.get("loading") or {}
    of_training = loading.get("batch_size") or _CPU_BATCH
    of_test = loading.get("test_batch_size") or of_training
    if request.batch_size is not None or is_cpu:
        of_training = of_test = request.batch_size or _CPU_BATCH
    return RunSettings(device, request.precision or own, of_test, of_training, trainer.get("gradient_clip_val"))


def build_model(row: RequestedRow, *, random_weights: bool, is_empty: bool) -> ActionRecognizer | ActionLocalizer:
    """Builds the model of a row, on the CPU.

    Args:
        row: The row.
        random_weights: Whether its CLIP model is left untrained.
        is_empty: Whether it is built without memory, on torch's device "meta"; its weights are then not read.

    Raises:
        BackboneError: The CLIP model cannot be built; if its weights are missing, the message names --random_weights.
    """
    arguments = row.model_arguments
    if random_weights or is_empty:
        arguments["backbone"]["weights"] = RANDOM_WEIGHTS
    try:
        with torch.device("meta" if is_empty else "cpu"):
            return cast("ActionRecognizer | ActionLocalizer", build_from_plain(row.model_class, arguments))
    except BackboneError as error:
        remedy = "" if random_weights or is_empty else ". Untrained weights cost the same: --random_weights"
        raise BackboneError(f"{row.name}: {str(error).rstrip('.')}{remedy}") from error


def build_trimmed(row: RequestedRow, *, pixels: FramePixels) -> TrimmedVideoDataModule:
    """Builds the data module of a recognizer's row; it decodes in this process, and touches no file yet.

    Args:
        row: The row.
        pixels: How the model wants its frames.

    Raises:
        ValueError: The stated data have other frames.
    """
    arguments = row.data_arguments
    arguments["loading"]["n_workers"] = 0
    if not row.has_data:
        arguments["clips"]["image_size"] = None
    module = cast(TrimmedVideoDataModule, _data(row, arguments))
    try:
        module.take_pixels(pixels)
    except ValueError as error:
        raise ValueError(f"{row.name}: {error}") from error
    return module


def build_untrimmed(row: RequestedRow) -> UntrimmedVideoDataModule:
    """Builds the data module of a localizer's row, which touches no file yet."""
    return cast(UntrimmedVideoDataModule, _data(row, row.data_arguments))


def _data(row: RequestedRow, arguments: dict[str, Any]) -> object:
    return build_from_plain(chosen_class("data", row.config["data"]["class_path"]), arguments)


def build_tuning(row: RequestedRow) -> PromptTuning | None:
    """Builds the prompt tuning of a row; None if it has none."""
    stated = row.config.get("adaptation")
    if stated is None:
        return None
    return cast(PromptTuning, build_from_plain(PromptTuning, stated.get("init_args") or {}))
