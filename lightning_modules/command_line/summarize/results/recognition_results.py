"""The figures and settings of a run, from its results.json, as `zsar summarize` needs them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from zsar.lightning_modules.command_line.summarize.results.adapted_results import (
    TuningEffect,
    adaptation_settings,
    text_sources,
    tuning_effects,
)
from zsar.lightning_modules.command_line.summarize.results.evaluation_protocol import (
    EvaluationProtocol,
    data_set_of,
    main_figures,
    protocol_of,
    training_draw,
    training_shots,
    uses_lists,
)
from zsar.lightning_modules.command_line.summarize.results.frame_measures import Measures, frame_measures
from zsar.lightning_modules.command_line.summarize.results.result_reading import (
    choice_of_classes,
    given_arguments,
    model_arguments,
    named_settings,
    test_settings,
    text_hashes,
    training_settings,
    whole_result,
)
from zsar.lightning_modules.run_folders.checkpoint_names import UNTRAINED, WEIGHT_MEAN
from zsar.lightning_modules.run_folders.run_record import NOT_RECORDED, text_change
from zsar.runtime.class_paths import current_class_path
from zsar.runtime.field_types import check_fields

HARMONIC_MEAN = "harmonic_mean"
_KEPT = (WEIGHT_MEAN, "best", "last")  # checkpoints of a training


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
        class_text: The sources of the sets' class text, each once (`ClassText.source`); "names" where these are read.
        shift: Which perturbation the test videos are under, and how strong; empty where the data set has none.
        checkpoint: Which checkpoint of a training was tested: "weight_mean", "best", "last", "untrained weights" or
            "another file"; None where nothing is trained.
        lists: Whether published lists were used where a protocol draws its videos or classes: for training in few-shot
            tests, for training and test in base-to-novel ones, for the test in others.
        model_arguments: The model's other arguments by dotted name, as far as the result has its configuration.
        adaptation: The settings of test-time adaptation by name, with those of its views; none for none.
        training: What is recorded of the training of the tested weights, by dotted name; none where it is not recorded.
        test: What is recorded of the test beyond the above; none where it is not recorded.
        classes: Which classes are tested, as `split.classes` has it, and how halves were drawn.
        test_videos: Which videos are tested, as `split.test_videos` has it.
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
    classes: str = "all"
    test_videos: str = "official"

    def flat(self) -> dict[str, Any]:
        """All settings by name."""
        return named_settings(self)


@dataclass(frozen=True, kw_only=True)
class Run:
    """One results.json.

    Attributes:
        folder: Where it lies.
        figures: `main_figures` in percent, and the harmonic mean if there is one; of draws of classes the mean "test".
        deviations: Sample deviation over the draws of classes within the run; empty for none.
        n_draws: Draws of classes within the run.
        top5: Top-5 in percent of the sets that have it.
        settings: What it shares with the other runs of a row.
        seed: Seed of the run.
        split_seed: Of the drawn splits.
        fold: Number of the official split, or the list of test videos in its place; None where the result does not say.
        weights: Tag or file of the backbone's weights; None where the result does not say.
        training_videos: Hash of what was trained on; None for no training.
        training_draw: What decides which videos were trained on; those of one draw are the same for all runs.
        n_failed: Videos that could not be decoded and count as wrong.
        epochs_done: Epochs of training behind the weights; None where the result does not say.
        text_change: In what the test's class text is of another kind than training's; None for nothing, or no record.
        n_excluded: Videos that were left out on the record.
        n_damaged: Damaged frames that were accepted.
        hashes: Of the class text and of the videos; the same for all runs of one fold and split seed.
        tuning: What test-time tuning changed, by set; empty for none.
        frames: How much the frames of a video differ (`frame_measures.py`); empty where it was not measured.
    """

    folder: Path
    figures: dict[str, float]
    deviations: dict[str, float]
    n_draws: int
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
    frames: Measures

    @property
    def draw(self) -> tuple[int | str | None, ...]:
        """What decides which classes and videos a run of its row is of."""
        return self.fold, self.split_seed

    @property
    def made_with(self) -> dict[str, Any]:
        """Where the run lies, and what it does not share with the others of its row."""
        return {"folder": str(self.folder), "seed": self.seed, "split_seed": self.split_seed, "fold": self.fold}


def recognition_run(folder: Path, content: Mapping[str, Any]) -> Run:
    """The run of a results.json of a recognizer.

    Args:
        folder: A run folder after `zsar test`.
        content: What its results.json holds.

    Returns:
        The run.

    Raises:
        ValueError: The result is not one of ours, or it is of a part of the test set.
    """
    with whole_result(folder, content):
        check_fields(run := _run(folder, content))
        return run


def _run(folder: Path, content: Mapping[str, Any]) -> Run:
    of_draws = content.get("mean")
    sets = content["sets"] if of_draws is None else {"test": of_draws}
    figures = main_figures(sets, content["data"]["protocol"])
    if content["harmonic_mean"] is not None:
        figures[HARMONIC_MEAN] = float(content["harmonic_mean"])
    data, trained_on = content["data"], content["model"]["trained_on"]
    return Run(
        folder=folder,
        figures=figures,
        deviations={"test": float(content["std"]["top1"])} if content.get("std") else {},
        n_draws=len(content["sets"]) if data.get("classes") == "halves" else 1,
        top5={name: float(of_set["top5"]) for name, of_set in sets.items() if "top5" in of_set},
        settings=recognition_settings(content),
        seed=content["seed"],
        split_seed=data["split_seed"],
        fold=(data.get("lists") or {}).get("test", data.get("fold")),
        weights=given_arguments(content).get("backbone", {}).get("weights"),
        training_videos=None if trained_on is None else trained_on["split_hash"],
        training_draw=training_draw(trained_on),
        n_failed=sum(int(of_set.get("n_failed", 0)) for of_set in content["sets"].values()),
        epochs_done=((content.get("training") or {}).get("trainer") or {}).get("epochs_done"),
        text_change=_text_change(content),
        n_excluded=data.get("n_excluded", 0),
        n_damaged=content.get("n_damaged_frames", 0),
        hashes={"videos": data["split_hash"], **text_hashes(content)},
        tuning=tuning_effects(content),
        frames=frame_measures(content),
    )


def recognition_settings(content: Mapping[str, Any]) -> RunSettings:
    """What a test was made with, by the content of its results.json, whether it is of the whole test set or not."""
    data, model = content["data"], content["model"]
    trained_on = model["trained_on"]
    shots = None if trained_on is None else training_shots(trained_on, content["class_text"])
    protocol = protocol_of(data, trained_on, shots)
    return RunSettings(
        model=current_class_path(model["class_path"]),
        architecture=model["architecture"],
        data_set=data_set_of(data),
        protocol=protocol,
        trained_on=_trained_on(model),
        shots=shots,
        n_frames=data["n_frames"],
        n_test_clips=data["n_test_clips"],
        n_test_crops=data["n_test_crops"],
        class_text=text_sources(content),
        shift=str(data.get("shift") or data.get("shifts") or ""),
        checkpoint=_checkpoint(model),
        lists=uses_lists(protocol, data, trained_on),
        model_arguments=model_arguments(content),
        adaptation=adaptation_settings(content),
        training=training_settings(content),
        test=test_settings(content),
        classes=choice_of_classes(content),
        test_videos=data.get("test_videos", "official"),
    )


def _text_change(content: Mapping[str, Any]) -> str | None:
    if not content.get("training"):
        return None
    return text_change(content["training"], content["test"], content.get("adaptation"))


def _trained_on(model: Mapping[str, Any]) -> str | None:
    """Id of the data set of training; "not recorded" for a checkpoint that was converted."""
    if model["trained_on"] is not None:
        return data_set_of(model["trained_on"])
    return None if model.get("checkpoint") in (None, UNTRAINED) else NOT_RECORDED


def _checkpoint(model: Mapping[str, Any]) -> str | None:
    path: str | None = model.get("checkpoint")
    return path if path in (None, UNTRAINED) else stem if (stem := Path(path).stem) in _KEPT else "another file"
