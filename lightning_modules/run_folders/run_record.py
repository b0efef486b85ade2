"""What a training or a test was made with: the record that checkpoints and results.json carry, and how it is compared.

A checkpoint has the record of its training ("training" of its entry "zsar"); results.json has it too, beside the record
of the test itself ("test"). Two runs whose records differ were made otherwise; what a record lacks is not recorded.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, MutableMapping, Sequence
from importlib.metadata import version
from typing import TYPE_CHECKING, Any, Protocol

import torch

from zsar.runtime.code_version import code_version
from zsar.runtime.flat_settings import flat_settings
from zsar.runtime.run_seed import stated_seed

if TYPE_CHECKING:
    from lightning.pytorch import Trainer

    from zsar.datamodules.batch import ClassText


class RecordedModel(Protocol):
    """What the record of a run asks of a model; recognizers and localizers have it.

    Attributes:
        class_texts: The class text of each data loader, by stage.
        hparams: Its arguments by name.
    """

    class_texts: dict[str, Sequence[ClassText]]

    @property
    def hparams(self) -> MutableMapping[str, Any]: ...  # noqa: D102 - as LightningModule has it


class TrainedModel(RecordedModel, Protocol):
    """What is asked of a model that can be trained: where its weights are from.

    Attributes:
        trained_on: What the data module of its training said of itself; None before training.
        training_record: The record of that training; None for none, or where a checkpoint of before has none.
        checkpoint_weights_hash: Of the checkpoint that its weights are from; None for none.
    """

    trained_on: dict[str, Any] | None
    training_record: dict[str, Any] | None
    checkpoint_weights_hash: str | None


NOT_RECORDED = "not recorded"

_KINDS = {
    "templates": "template",
    "descriptions": "description",
    "explanations": "explanation",
    "action prompts": "action_prompts",
    "names": "names",
}
# What runs of one row may differ in. Texts of a draw are compared by their hashes, and weights to start from, too.
_FREE = ("seed", "trainer.epochs_done", "start_from.checkpoint", "versions.zsar")
_FREE_OF_TEXT = ("hash", "n_classes")
_NAMES = {"kind": "names", "templates": (), "prompts_per_class": 1}  # as adaptations read them
# Told in other places of a record, or by a checkpoint, or without effect on what is trained.
_TOLD_OF_MODEL = (*("backbone", "scoring", "n_frames", "start_from", "tuned_share"),)


def run_record(model: RecordedModel, trainer: Trainer, *, stage: str, data: Mapping[str, Any]) -> dict[str, Any]:
    """What a run is made with.

    Args:
        model: The model.
        trainer: Its trainer.
        stage: "fit", "validate", "test" or "predict".
        data: What the data module says of itself (`describe`).

    Returns:
        Plain types by name, of which null says that the run has no such thing.
    """
    scoring = getattr(model, "scoring", None)
    return {
        "class_text": {text.set_name: text_record(text) for text in model.class_texts.get(stage, ())},
        "scorer": getattr(scoring, "scorer", None),
        "prompt_ensemble": getattr(scoring, "prompt_ensemble", None),
        **(_training_record(model, trainer) if stage == "fit" else {}),
        "shift": data.get("shift") or data.get("shifts"),
        **{key: data.get(key) for key in ("n_frames", "n_test_clips", "n_test_crops")},
        "on_damage": data.get("on_damage"),
        "precision": str(trainer.precision),
        "trainer": _trainer_record(trainer, stage),
        "versions": {"zsar": code_version(), "torch": str(torch.__version__), "lightning": version("lightning")},
        "seed": stated_seed(),
    }


def _training_record(model: RecordedModel, trainer: Trainer) -> dict[str, Any]:
    """What a training is made with and a test is not: how it starts, learns, sees its clips and chooses the best."""
    clips = getattr(trainer.datamodule, "clips", None)  # type: ignore[attr-defined]
    chosen = trainer.checkpoint_callback
    return {
        "start_from": getattr(model, "started_from", None),
        "model": {name: of for name, of in model.hparams.items() if name not in _TOLD_OF_MODEL and name[:1] != "_"},
        "clips": {name: getattr(clips, name, None) for name in ("train_sampling", "augmentation")},
        "best_by": getattr(chosen, "monitor", None),
    }


def text_record(text: ClassText) -> dict[str, Any]:
    """What a record says of the class text of a set."""
    return {
        "kind": kind_of_text(text.source),
        "source": text.source,
        "templates": list(text.templates),
        "prompts_per_class": text.prompts_per_class,
        "n_classes": len(text.names),
        "hash": text.content_hash,
    }


def kind_of_text(source: str) -> str:
    """The kind of class text by its source: "template", "description", "explanation", "action_prompts" or "names"."""
    kind = source.split(":")[0]
    return _KINDS.get(kind, kind)


def _trainer_record(trainer: Trainer, stage: str) -> dict[str, Any]:
    """Devices and batches; of training also how long it was to be and how far it is."""
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
    n_open = seen % accumulation if seen < trainer.num_training_batches else 0  # whose gradients are in no weights yet
    return {
        **record,
        "batch_per_process": batch,
        "accumulation": accumulation,
        "batch_in_total": None if batch is None else batch * trainer.world_size * accumulation,
        "max_epochs": trainer.max_epochs,
        "max_steps": trainer.max_steps if trainer.max_steps > 0 else None,
        "gradient_clip": trainer.gradient_clip_val,
        "epochs_done": round((batches.total.processed - n_open) / trainer.num_training_batches, 3)
        if trainer.num_training_batches
        else 0.0,
    }


def flat_record(record: Mapping[str, Any] | None) -> dict[str, str]:
    """The settings of a record that runs of one row share, by dotted name.

    Args:
        record: Of `run_record`; None where there is none.

    Returns:
        Names and values; of the class text of several sets each value once. Empty for no record.
    """
    if record is None:
        return {}
    texts = list(record["class_text"].values())
    names = dict.fromkeys(name for text in texts for name in text if name not in _FREE_OF_TEXT)
    flat = {f"class_text.{name}": ", ".join(dict.fromkeys(_words(text.get(name)) for text in texts)) for name in names}
    others = {key: value for key, value in record.items() if key != "class_text"}
    if others.get("start_from", ...) is None:  # a start that there is not has the leaves of one
        others["start_from"] = dict.fromkeys(("weights_hash", "trained_on"))
    return flat | {name: _words(value) for name, value in flat_settings(others) if name not in _FREE}


def text_change(
    training: Mapping[str, Any], test: Mapping[str, Any], adaptation: Mapping[str, Any] | None = None
) -> str | None:
    """In what the class text of a test is of another kind than that of training.

    Files differ with the data set, and so do names; kind, templates and the number of prompts need not.

    Args:
        training: Record of the training.
        test: Record of the test.
        adaptation: What a test-time adaptation says of itself, which may read names in place of the class text; None
            for none.

    Returns:
        "trained with template (1 prompt a class: 'a photo of a {}.'), tested with ..."; None where both are alike.
    """
    read = () if adaptation is None else adaptation.get("texts", ("class_text",))
    texts = [_NAMES] * ("names" in read)
    texts += test["class_text"].values() if "class_text" in read or adaptation is None else ()
    trained, tested = _manner(training["class_text"].values()), _manner(texts)
    if "names" in read and adaptation is not None and adaptation.get("phrase") is not None:
        tested = f"{tested} beside the phrase {adaptation['phrase']!r}, which is tuned"
    return None if trained == tested else f"trained with {trained}, tested with {tested}"


def _manner(texts: Iterable[Mapping[str, Any]]) -> str:
    manners = {}
    for text in texts:
        n_prompts = text["prompts_per_class"]
        templates = "".join(f" {template!r}" for template in text["templates"][:1])
        more = ", ..." if len(text["templates"]) > 1 else ""
        said = f"{n_prompts} prompt{'s' * (n_prompts != 1)} a class{':' * bool(templates)}{templates}{more}"
        manners[(text["kind"], n_prompts, tuple(text["templates"]))] = f"{text['kind']} ({said})"
    return " and ".join(manners.values()) or "no class text"


def text_note(model: TrainedModel, test: Mapping[str, Any], adaptation: Mapping[str, Any] | None = None) -> str | None:
    """What the table of a test must say of the class text that its model was trained with.

    Args:
        model: The tested model.
        test: Record of the test.
        adaptation: As for `text_change`.

    Returns:
        A sentence where that text is of another kind than the test's, or is not recorded; else None.
    """
    if model.trained_on is None and model.checkpoint_weights_hash is None:
        return None  # not trained
    if model.training_record is None:
        return f"class text of training: {NOT_RECORDED} in the checkpoint; it may be of another kind than the test's"
    changed = text_change(model.training_record, test, adaptation)
    return None if changed is None else f"another kind of class text than in training: {changed}"


def _words(value: object) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{key} {of}" for key, of in value.items())
    return ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
