"""What Weights & Biases is told of how a run was made: its configuration, tags and summary."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from lightning.pytorch import Callback, LightningModule, Trainer

from zsar.callbacks.adaptation_callback import AdaptationCallback
from zsar.callbacks.results.result_manifest import environment
from zsar.lightning_modules.localization.localizer import ActionLocalizer
from zsar.lightning_modules.recognition.recognizer import ActionRecognizer
from zsar.lightning_modules.run_folders.run_record import run_record
from zsar.runtime.class_paths import class_path
from zsar.runtime.flat_settings import flat_settings

_LONGEST_TAG = 64  # characters; W&B takes no longer ones


def tracked_config(
    trainer: Trainer,
    model: ActionRecognizer | ActionLocalizer,
    *,
    stage: str,
    experiment: Sequence[str],
    settings: Mapping[str, Any],
) -> dict[str, Any]:
    """How a run is made, known when it starts.

    Args:
        trainer: The trainer, whose data module has been set up.
        model: The model.
        stage: "fit", "validate", "test" or "predict".
        experiment: Names of the configuration files that make the experiment.
        settings: The whole configuration of the command.

    Returns:
        Plain types: the stage, the names of the experiment, the model with its hashes, what the data module says of
        data, split and its hash, the record of the run (class text and its hash, trainer, precision, seed, versions),
        the environment, test-time tuning, and all settings.
    """
    described = trainer.datamodule.describe()  # type: ignore[attr-defined]
    return {
        "stage": stage,
        "experiment": list(experiment),
        "tracked_model": {
            "class_path": class_path(type(model)),
            "architecture": model.backbone.architecture,
            "backbone_hash": model.backbone.weights_hash,
            "checkpoint": None if trainer.ckpt_path is None else str(trainer.ckpt_path),
            "checkpoint_weights_hash": getattr(model, "checkpoint_weights_hash", None),
            "parameters": sum(p.numel() for p in model.parameters()),
            "trained_parameters": sum(p.numel() for p in model.parameters() if p.requires_grad),
        },
        "data": described,
        "record": run_record(model, trainer, stage=stage, data=described),
        "adaptation": next((tuning.describe() for tuning in _tunings(trainer)), None),
        "environment": environment(),
        "settings": dict(settings),
    }


def tracked_tags(trainer: Trainer, model: LightningModule) -> list[str]:
    """The tags of a run: method, data set, protocol, architecture, test-time tuning.

    Args:
        trainer: The trainer, whose data module has been set up.
        model: The model.

    Returns:
        Short texts, each once; cut at W&B's limit of 64 characters.
    """
    described = trainer.datamodule.describe()  # type: ignore[attr-defined]
    assert isinstance(model, ActionRecognizer | ActionLocalizer)
    tags = [type(model).__name__, described["data_set"], described.get("protocol"), described.get("split")]
    tags += [model.backbone.architecture, *(tuning.describe()["method"] for tuning in _tunings(trainer))]
    shots = described.get("shots")
    tags += [] if shots is None else [f"{shots} shots"]
    return list(dict.fromkeys(str(tag)[:_LONGEST_TAG] for tag in tags if tag))


def tracked_summary(result: Mapping[str, Any]) -> dict[str, Any]:
    """The figures of a result that are not metrics: whether it is complete, counts and cost.

    Args:
        result: The content of a results file.
    """
    counts = {name: result[name] for name in ("complete", "harmonic_mean", "n_damaged_frames") if name in result}
    means = {f"mean/{name}": value for name, value in (result.get("mean") or {}).items()}
    numbers = ((n, v) for n, v in flat_settings(result.get("cost") or {}) if isinstance(v, int | float))
    cost = {f"cost/{name.replace('.', '/')}": value for name, value in numbers}
    return {**counts, "n_undecodable": len(result["undecodable"]), **means, **cost}


def _tunings(trainer: Trainer) -> Iterator[AdaptationCallback]:
    callbacks: list[Callback] = trainer.callbacks  # type: ignore[attr-defined]
    return (callback for callback in callbacks if isinstance(callback, AdaptationCallback))
