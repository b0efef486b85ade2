"""The record of a training or test in checkpoints and results.json, and its comparison.

A checkpoint has the record of its training ("training" of its entry "zsar"); results.json has it too, besides the
record of the test ("test"). Runs with different records were made differently; what a record lacks was not recorded.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, MutableMapping, Sequence
from importlib.metadata import version
from typing import TYPE_CHECKING, Any, Protocol

from zsar.runtime.code_version import code_version
from zsar.runtime.flat_settings import flat_settings
from zsar.runtime.run_seed import stated_seed

if TYPE_CHECKING:
    from lightning.pytorch import Trainer

    from zsar.datamodules.batch import ClassText


class RecordedModel(Protocol):
    """What the record of a run needs from a model; recognizers and localizers implement it.

    Attributes:
        class_texts: The class text of each data loader, by stage.
        hparams: The model's arguments by name.
    """

    class_texts: dict[str, Sequence[ClassText]]

    @property
    def hparams(self) -> MutableMapping[str, Any]: ...  # noqa: D102 - as LightningModule has it


class TrainedModel(RecordedModel, Protocol):
    """What is needed from a trainable model: the origin of its weights.

    Attributes:
        trained_on: Description by the data module of its training; None before training.
        training_record: The record of that training; None for none, or for older checkpoints.
        checkpoint_weights_hash: Hash of the checkpoint of its weights; None for none.
    """

    trained_on: dict[str, Any] | None
    training_record: dict[str, Any] | None
    checkpoint_weights_hash: str | None


NOT_RECORDED = "not recorded"

_KINDS = {
    "templates": "template",
    "descriptions": "description",
    "explanations": "explanation",
    "customized texts": "customized",
    "direct texts": "direct",
    "action prompts": "action_prompts",
    "names": "names",
}
# Values in which the runs of one table row may differ. Texts of a draw and initial weights are compared by hash.
_FREE = ("seed", "trainer.epochs_done", "start_from.checkpoint", "versions.zsar")
_FREE_OF_TEXT = ("hash", "n_classes")
_NAMES = {"kind": "names", "templates": (), "prompts_per_class": 1}  # as read by adaptations
# Which frames of a test clip are taken, how they become square, and how much of them is seen.
_OF_FRAMES = ("sampling", "image_size", "geometry", "resize_filter", "test_short_side_px")
_MEAN_OF_EPOCHS = ("first_epoch", "last_epoch", "weighting", "mu", "sigma")
_OF_MOST = {"view_ensemble": "probability", "test_scale": "trained", "frame_variant": ""}  # recorded where it differs
_TOLD_OF_MODEL = ("backbone", "scoring", "n_frames", "start_from", "tuned_share")  # or without effect on training


def run_record(model: RecordedModel, trainer: Trainer, *, stage: str, data: Mapping[str, Any]) -> dict[str, Any]:
    """Records how a run is made.

    Args:
        model: The model.
        trainer: Its trainer.
        stage: "fit", "validate", "test" or "predict".
        data: Description of the data module (`describe`).

    Returns:
        Plain types by name; null if the run has no such value.
    """
    import torch  # here, as summaries read records without it

    scoring, backbone = getattr(model, "scoring", None), getattr(model, "backbone", None)
    return {
        "class_text": (class_text := {text.set_name: text_record(text) for text in model.class_texts.get(stage, ())}),
        "tokenizer": getattr(getattr(backbone, "text", None), "tokenizer_hash", None) if class_text else None,
        **{name: getattr(scoring, name, None) for name in ("scorer", "prompt_ensemble")},
        **{k: v for k, most in _OF_MOST.items() if (v := getattr(scoring, k, getattr(model, k, most))) != most},
        "frame_statistics": getattr(backbone, "frame_statistics", None),
        **dict(zip(("frame_mean", "frame_std"), getattr(backbone, "shown_statistics", (None, None)), strict=True)),
        **(_training_record(model, trainer) if stage == "fit" else {}),
        "shift": data.get("shift") or data.get("shifts"),
        **{key: data.get(key) for key in ("n_frames", "n_test_clips", "n_test_crops", *_OF_FRAMES)},
        "resize_filter": data.get("resize_filter", getattr(backbone, "resize_filter", None)),  # of localizers
        "on_damage": data.get("on_damage"),
        "precision": str(trainer.precision),
        "trainer": _trainer_record(trainer, stage),
        "versions": {"zsar": code_version(), "torch": str(torch.__version__), "lightning": version("lightning")},
        "seed": stated_seed(),
    }


def _training_record(model: RecordedModel, trainer: Trainer) -> dict[str, Any]:
    """Settings of training only: start, optimization, clips and choice of the best checkpoint."""
    clips = getattr(trainer.datamodule, "clips", None)  # type: ignore[attr-defined]
    chosen = trainer.checkpoint_callback
    with_all = getattr(getattr(model, "scoring", None), "trains_with_all", None)
    return {
        "training_prompts": None if with_all is None else "all" if with_all else "drawn",
        "start_from": getattr(model, "started_from", None),
        "model": {
            name: value for name, value in model.hparams.items() if name not in _TOLD_OF_MODEL and name[:1] != "_"
        },
        "clips": {name: getattr(clips, name, None) for name in ("train_sampling", "augmentation")},
        "best_by": getattr(chosen, "monitor", None),
        "mean_of_epochs": getattr(getattr(model, "mean_of_epochs", None), "record", None),  # of WeightMean
    }


def text_record(text: ClassText) -> dict[str, Any]:
    """The entry of a record for the class text of a set."""
    return {
        "kind": kind_of_text(text.source),
        "source": text.source,
        "templates": list(text.templates),
        "prompts_per_class": text.prompts_per_class,
        "n_classes": len(text.names),
        "hash": text.content_hash,
    }


def kind_of_text(source: str) -> str:
    """The kind of class text by its source: "template", "description", "explanation", "customized", "direct", ..."""
    kind = source.split(":")[0]
    return _KINDS.get(kind, kind)


def _trainer_record(trainer: Trainer, stage: str) -> dict[str, Any]:
    """Devices and batches; for training also its planned and current length."""
    loading = getattr(trainer.datamodule, "loading", None)  # type: ignore[attr-defined]
    batch = getattr(loading, "batch_size", None)
    record = {
        "accelerator": type(trainer.accelerator).__name__.removesuffix("Accelerator").lower(),
        "devices": trainer.num_devices,
        "nodes": trainer.num_nodes,
        "n_processes": trainer.world_size,
    }
    if stage != "fit":
        return {**record, "batch_per_process": getattr(loading, "test_batch_size", None) or batch}
    accumulation = trainer.accumulate_grad_batches
    batches: Any = trainer.fit_loop.epoch_loop.batch_progress
    seen = batches.current.processed
    n_open = seen % accumulation if seen < trainer.num_training_batches else 0  # whose gradients are not applied yet
    return {
        **record,
        "batch_per_process": batch,
        "accumulation": accumulation,
        "batch_in_total": None if batch is None else batch * trainer.world_size * accumulation,
        "max_epochs": trainer.max_epochs,
        "max_steps": trainer.max_steps if trainer.max_steps > 0 else None,
        "gradient_clip": trainer.gradient_clip_val,
        **({"drop_incomplete": True} if getattr(loading, "drop_incomplete", False) else {}),
        "epochs_done": round((batches.total.processed - n_open) / trainer.num_training_batches, 3)
        if trainer.num_training_batches
        else 0.0,
    }


def flat_record(record: Mapping[str, Any] | None) -> dict[str, str]:
    """The settings shared by the runs of one table row, by dotted name; class-text values of several sets once each.

    Args:
        record: From `run_record`; None for no record, which has no settings.
    """
    if record is None:
        return {}
    texts = list(record["class_text"].values())
    names = dict.fromkeys(name for text in texts for name in text if name not in _FREE_OF_TEXT)
    flat = {f"class_text.{name}": ", ".join(dict.fromkeys(_words(text.get(name)) for text in texts)) for name in names}
    others = {key: value for key, value in record.items() if key != "class_text"}
    if others.get("start_from", ...) is None:  # a missing start has the same leaves as a present one
        others["start_from"] = dict.fromkeys(("weights_hash", "trained_on"))
    if others.get("mean_of_epochs", ...) is None:
        others["mean_of_epochs"] = dict.fromkeys(_MEAN_OF_EPOCHS)
    return flat | {name: _words(value) for name, value in flat_settings(others) if name not in _FREE}


def text_change(
    training: Mapping[str, Any], test: Mapping[str, Any], adaptation: Mapping[str, Any] | None = None
) -> str | None:
    """Describes how the kind of class text differs between test and training.

    Files and names depend on the data set; kind, templates and the number of prompts do not.

    Args:
        training: Record of the training.
        test: Record of the test.
        adaptation: Description of a test-time adaptation, which may read names instead of the class text; None
            for none.

    Returns:
        "trained with template (1 prompt a class: 'a photo of a {}.'), tested with ..."; None if they are equal.
    """
    read = () if adaptation is None else adaptation.get("texts", ("class_text",))
    texts = [_NAMES] * ("names" in read)
    texts += test["class_text"].values() if "class_text" in read or adaptation is None else ()
    trained, tested = _manner(training["class_text"].values()), _manner(texts)
    if "names" in read and adaptation is not None and adaptation.get("phrase") is not None:
        tested = f"{tested} besides the phrase {adaptation['phrase']!r}, which is tuned"
    return None if trained == tested else f"trained with {trained}, tested with {tested}"


def _manner(texts: Iterable[Mapping[str, Any]]) -> str:
    manners = {}
    for text in texts:
        n_prompts = text["prompts_per_class"]
        templates = "".join(f" {template!r}" for template in text["templates"][:1])
        more = ", ..." if len(text["templates"]) > 1 else ""
        prompts = f"{n_prompts} prompt{'s' * (n_prompts != 1)} a class{':' * bool(templates)}{templates}{more}"
        manners[(text["kind"], n_prompts, tuple(text["templates"]))] = f"{text['kind']} ({prompts})"
    return " and ".join(manners.values()) or "no class text"


def text_note(model: TrainedModel, test: Mapping[str, Any], adaptation: Mapping[str, Any] | None = None) -> str | None:
    """The note in a test's table about the class text of training.

    Args:
        model: The tested model.
        test: Record of the test.
        adaptation: As in `text_change`.

    Returns:
        A sentence if that text is of another kind than the test's, or not recorded; otherwise None.
    """
    if model.trained_on is None and model.checkpoint_weights_hash is None:
        return None  # not trained
    if model.training_record is None:
        return f"class text of training: {NOT_RECORDED} in the checkpoint; it may be of another kind than the test's"
    changed = text_change(model.training_record, test, adaptation)
    return None if changed is None else f"another kind of class text than in training: {changed}"


def _words(value: object) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{key} {entry}" for key, entry in value.items())
    return ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
