"""The figures and settings of a run, from its results.json, as `zsar summarize` needs them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, cast

from zsar.lightning_modules.command_line.summarize.adapted_results import (
    TuningEffect,
    adaptation_settings,
    text_sources,
    tuning_effects,
)
from zsar.lightning_modules.command_line.summarize.field_types import check_fields
from zsar.lightning_modules.command_line.summarize.published_figures import EvaluationProtocol
from zsar.lightning_modules.command_line.summarize.result_reading import (
    given_arguments,
    model_arguments,
    read_result,
    test_settings,
    text_hashes,
    whole_result,
)
from zsar.lightning_modules.run_folders.requested_checkpoint import UNTRAINED
from zsar.lightning_modules.run_folders.run_record import NOT_RECORDED, flat_record, text_change

HARMONIC_MEAN = "harmonic_mean"

_BY_NAME = ("model_arguments", "adaptation", "training", "test")

_SHIFTED_DATA_SET = re.compile(r".+_(ds|p|o)")
# What published lists of few shots hold of each class; their runs do not say how many shots they have.
_LISTED_SHOTS = (2, 4, 8, 16)
_KEPT = ("best", "last")  # checkpoints of a training


@dataclass(frozen=True, kw_only=True)
class RunSettings:
    """What runs of one row have in common.

    Attributes:
        model: Class path of the LightningModule.
        architecture: The CLIP model.
        data_set: Id of the data set that was tested on.
        protocol: How training and test classes relate.
        trained_on: Id of the data set that the checkpoint was trained on; None for a model that was not trained.
        shots: Training videos per class; None for all, or no training.
        n_frames: Frames per view.
        n_test_clips: Views in time.
        n_test_crops: Views in space.
        class_text: Where the class text of the sets comes from, as `ClassText.source` has it, each source once; "names"
            where an adaptation reads these.
        shift: Which perturbation the test videos are under, and how strong; empty where the data set has none.
        checkpoint: Which checkpoint of a training was tested: "best", "last", "untrained weights" or "another file";
            None where nothing is trained.
        lists: Whether published lists were used where a protocol draws its videos or classes: for training in few-shot
            tests, for training and test in base-to-novel ones, for the test in others.
        model_arguments: The model's other arguments by dotted name, as far as the result has its configuration.
        adaptation: The settings of test-time adaptation by name, with those of its views; none for none.
        training: What is recorded of the training of the tested weights, by dotted name; none where it is not recorded.
        test: What is recorded of the test beyond the above; none where it is not recorded.
    """

    model: str
    architecture: str
    data_set: str
    protocol: EvaluationProtocol
    trained_on: str | None
    shots: int | None
    n_frames: int
    n_test_clips: int
    n_test_crops: int
    class_text: tuple[str, ...]
    shift: str
    checkpoint: str | None
    lists: bool
    model_arguments: tuple[tuple[str, str], ...]
    adaptation: tuple[tuple[str, str], ...] = ()
    training: tuple[tuple[str, str], ...] = ()
    test: tuple[tuple[str, str], ...] = ()

    def flat(self) -> dict[str, Any]:
        """All settings by name."""
        own = {key: value for key, value in asdict(self).items() if key not in _BY_NAME}
        own["class_text"] = ", ".join(self.class_text)
        adaptation = {f"adaptation.{key}": value for key, value in self.adaptation}
        recorded = {f"training.{key}": value for key, value in self.training}
        recorded.update({f"test.{key}": value for key, value in self.test})
        return {**own, **{f"model.{key}": value for key, value in self.model_arguments}, **adaptation, **recorded}


@dataclass(frozen=True, kw_only=True)
class Run:
    """One results.json.

    Attributes:
        folder: Where it lies.
        figures: Top-1 in percent by set, and the harmonic mean where there is one.
        top5: Top-5 in percent of the sets that have it.
        settings: What it shares with the other runs of a row.
        seed: Seed of the run.
        split_seed: Seed of the drawn splits.
        fold: Number of the official split, or the list of test videos in its place; None where the result does not say.
        weights: Tag or file of the backbone's weights; None where the result does not say.
        training_videos: Hash of what was trained on; None for no training.
        training_draw: What decides which videos were trained on; those of one draw are the same for all runs.
        n_failed: Videos that could not be decoded and count as wrong.
        epochs_done: Epochs of training after which the weights were taken; None where the result does not say.
        text_change: In what the class text of the test is of another kind than that of training; None for nothing, or
            where it is not recorded.
        n_excluded: Videos that were left out on the record.
        n_damaged: Damaged frames that were accepted.
        hashes: Of the class text and of the videos; the same for all runs of one fold and split seed.
        tuning: What test-time tuning changed, by set; empty for none.
    """

    folder: Path
    figures: dict[str, float]
    top5: dict[str, float]
    settings: RunSettings
    seed: int | None
    split_seed: int
    fold: int | str | None
    weights: str | None
    training_videos: str | None
    training_draw: tuple[str, ...]
    n_failed: int
    epochs_done: float | None
    text_change: str | None
    n_excluded: int
    n_damaged: int
    hashes: dict[str, str]
    tuning: dict[str, TuningEffect]

    @property
    def draw(self) -> tuple[int | str | None, ...]:
        """What decides which classes and videos a run of its row is of."""
        return self.fold, self.split_seed


def read_run(folder: Path) -> Run:
    """Reads the results.json of a recognizer.

    Args:
        folder: A run folder after `zsar test` or `zsar validate`.

    Returns:
        The run.

    Raises:
        ValueError: There is no result, it is not one of ours, or it is of a part of the test set.
    """
    return recognition_run(folder, read_result(folder))


def recognition_run(folder: Path, content: Mapping[str, Any]) -> Run:
    """The run of a results.json that has been read; see `read_run`."""
    with whole_result(folder, content):
        run = _run(folder, content)
        check_fields(run)
        return run


def protocol_of(data: Mapping[str, Any], trained_on: Mapping[str, Any] | None, shots: int | None) -> EvaluationProtocol:
    """The protocol of a test.

    Args:
        data: What the data module said of the test data (`describe`).
        trained_on: What it said of the training data; None for a model that was not trained.
        shots: Training videos per class; None for all, or no training.

    Returns:
        Base-to-novel where the data were split so; else by the data set: a shifted one, another one than was trained
        on (or none), few shots of the same one, all of the same one.
    """
    data_set = data_set_of(data)
    if data["protocol"] == "base_to_novel":
        return "base_to_novel"
    if _SHIFTED_DATA_SET.fullmatch(data_set):
        return "distribution_shift"
    if trained_on is None or data_set_of(trained_on) != data_set:
        return "zero_shot"
    return "fully_supervised" if shots is None else "few_shot"


def data_set_of(data: Mapping[str, Any]) -> str:
    """Id of a described data set; older results have the class path only, whose module has the data set's name."""
    return str(data["data_set"] if "data_set" in data else data["class_path"].split(".")[-2])


def _run(folder: Path, content: Mapping[str, Any]) -> Run:
    figures = {name: float(of_set["top1"]) for name, of_set in content["sets"].items()}
    if content["harmonic_mean"] is not None:
        figures[HARMONIC_MEAN] = float(content["harmonic_mean"])
    data, model = content["data"], content["model"]
    trained_on = model["trained_on"]
    is_known = trained_on is not None or model.get("checkpoint") in (None, UNTRAINED)
    texts = content["class_text"]
    shots = None if trained_on is None else _shots(trained_on, texts)
    protocol = protocol_of(data, trained_on, shots)
    settings = RunSettings(
        model=model["class_path"],
        architecture=model["architecture"],
        data_set=data_set_of(data),
        protocol=protocol,
        trained_on=_trained_on(trained_on) if is_known else NOT_RECORDED,
        shots=shots,
        n_frames=data["n_frames"],
        n_test_clips=data["n_test_clips"],
        n_test_crops=data["n_test_crops"],
        class_text=text_sources(content),
        shift=str(data.get("shift") or data.get("shifts") or ""),
        checkpoint=_checkpoint(model),
        lists=_uses_lists(protocol, data, trained_on),
        model_arguments=model_arguments(content),
        adaptation=adaptation_settings(content),
        training=tuple(flat_record(content.get("training")).items()),
        test=test_settings(content),
    )
    return Run(
        folder=folder,
        figures=figures,
        top5={name: float(of_set["top5"]) for name, of_set in content["sets"].items() if "top5" in of_set},
        settings=settings,
        seed=content["seed"],
        split_seed=data["split_seed"],
        fold=(data.get("lists") or {}).get("test", data.get("fold")),
        weights=given_arguments(content).get("backbone", {}).get("weights"),
        training_videos=None if trained_on is None else trained_on["split_hash"],
        training_draw=_training_draw(trained_on),
        n_failed=sum(int(of_set.get("n_failed", 0)) for of_set in content["sets"].values()),
        epochs_done=((content.get("training") or {}).get("trainer") or {}).get("epochs_done"),
        text_change=_text_change(content),
        n_excluded=data.get("n_excluded", 0),
        n_damaged=content.get("n_damaged_frames", 0),
        hashes={
            "videos": data["split_hash"],
            **text_hashes(content),
        },
        tuning=tuning_effects(content),
    )


def _text_change(content: Mapping[str, Any]) -> str | None:
    if not content.get("training"):
        return None
    return text_change(content["training"], content["test"], content.get("adaptation"))


def _trained_on(described: Mapping[str, Any] | None) -> str | None:
    return None if described is None else data_set_of(described)


def _checkpoint(model: Mapping[str, Any]) -> str | None:
    path: str | None = model.get("checkpoint")
    if path in (None, UNTRAINED):
        return path
    return stem if (stem := Path(path).stem) in _KEPT else "another file"


def _training_draw(described: Mapping[str, Any] | None) -> tuple[str, ...]:
    """Data set, fold, split seed and list of the training videos."""
    own = described or {}
    listed = (own.get("lists") or {}).get("train")
    return tuple(str(of) for of in (*(own.get(key) for key in ("data_set", "fold", "split_seed")), listed))


def _shots(trained_on: Mapping[str, Any], texts: Mapping[str, Any]) -> int | None:
    """Training videos per class: as drawn, or by the length of the list that was used in place of a draw."""
    if trained_on["shots"] is not None or "train" not in (trained_on.get("lists") or {}):
        return cast("int | None", trained_on["shots"])
    text = texts.get("base") or next(iter(texts.values()))
    per_class = trained_on["n_listed"]["train"] / text["n_classes"]
    return int(per_class) if per_class in _LISTED_SHOTS else None


def _uses_lists(protocol: EvaluationProtocol, data: Mapping[str, Any], trained_on: Mapping[str, Any] | None) -> bool:
    for_test, for_training = data.get("lists") or {}, (trained_on or {}).get("lists") or {}
    if protocol == "base_to_novel":
        return "base" in for_test and (trained_on is None or "train" in for_training)
    return "train" in for_training if protocol == "few_shot" else "test" in for_test
