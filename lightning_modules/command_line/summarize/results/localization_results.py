"""The figures and settings of a test of a localizer, from its results.json, as `zsar summarize` needs them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from zsar.lightning_modules.command_line.summarize.results.result_reading import (
    model_arguments,
    named_settings,
    test_settings,
    text_hashes,
    whole_result,
)
from zsar.runtime.class_paths import current_class_path
from zsar.runtime.field_types import check_fields

_THRESHOLD = "map_"
_MEANS = {"map": "avg", "paper_mean": "paper mean"}
_NOT_OF_ROWS = ("iou_thresholds", "compares_segment_scores")  # the latter adds figures and changes none


@dataclass(frozen=True, kw_only=True)
class LocalizationSettings:
    """What runs of one row have in common.

    Attributes:
        model: Class path of the localizer.
        architecture: The CLIP model.
        data_set: Id of the data set that was tested on.
        split: How classes are shared out: "50_50", "75_25" or "all_classes".
        split_lists: Where the published lists of classes are; None where classes were drawn.
        n_sets: Draws of classes that each run tests on.
        stride: Which frames were looked at.
        geometry: How they became square; results of before it is recorded are of cropped frames.
        captions: Where the captions were read that segments are suppressed by; None where none were.
        class_text: Where the class text of the sets comes from, each source once.
        iou_thresholds: Temporal IoU from which on an action counts as found.
        model_arguments: The model's other arguments by dotted name, as far as the result has its configuration.
        test: What is recorded of the test beyond the above; none where it is not recorded.
    """

    model: str
    architecture: str
    data_set: str
    split: str
    split_lists: str | None
    n_sets: int
    stride: str
    geometry: str
    captions: str | None
    class_text: tuple[str, ...]
    iou_thresholds: tuple[str, ...]
    model_arguments: tuple[tuple[str, str], ...]
    test: tuple[tuple[str, str], ...] = ()

    @property
    def protocol(self) -> str:
        """The task and the split, for names."""
        return f"localization {self.split}"

    def flat(self) -> dict[str, Any]:
        """All settings by name."""
        return named_settings(self)


@dataclass(frozen=True, kw_only=True)
class LocalizationRun:
    """One results.json of a localizer.

    Attributes:
        folder: Where it lies.
        figures: mAP in percent, the mean over the sets: "map_0.3", ... by threshold, their mean "map", and "paper_mean"
            where papers print another one.
        settings: What it shares with the other runs of a row.
        seed: Seed of the run.
        split_seed: Seed of the drawn splits.
        fold: Number of the draw of classes; "all" for all ten.
        backbone: Hash of the CLIP model's weights.
        n_adaptations: How often something was adapted.
        render_seed: Seed of rendered videos; None where videos are not rendered.
        n_damaged: Damaged frames that were accepted.
        hashes: Of the class text and of the videos; the same for all runs of one draw.
        segment_scores: The figures of the same segments by each of their scores; none where these were not compared.
    """

    folder: Path
    figures: dict[str, float]
    settings: LocalizationSettings
    seed: int | None
    split_seed: int
    fold: int | str
    backbone: str
    n_adaptations: int
    render_seed: int | None
    n_damaged: int
    hashes: dict[str, str]
    segment_scores: dict[str, dict[str, float]] = field(default_factory=dict)

    @property
    def draw(self) -> tuple[int | str | None, ...]:
        """What decides which classes and videos a run of its row is of."""
        return self.fold, self.split_seed, self.render_seed

    @property
    def made_with(self) -> dict[str, Any]:
        """Where the run lies, and what it does not share with the others of its row."""
        seeds = {"seed": self.seed, "split_seed": self.split_seed}
        return {"folder": str(self.folder), **seeds, "split_number": self.fold, "render_seed": self.render_seed}


def precision_name(name: str) -> str:
    """What a mean average precision is called in tables: "map_0.3" is 0.3."""
    return _MEANS.get(name, name.removeprefix(_THRESHOLD))


def is_localization(content: Mapping[str, Any]) -> bool:
    """Whether a results.json is of a localizer."""
    return content.get("task") == "localization"


def localization_run(folder: Path, content: Mapping[str, Any]) -> LocalizationRun:
    """The run of a results.json.

    Args:
        folder: A run folder after `zsar test` with a localizer.
        content: What its results.json holds.

    Returns:
        The run.

    Raises:
        ValueError: The result is not one of ours, or it is of a part of the test set.
    """
    with whole_result(folder, content):
        run = _run(folder, content)
        check_fields(run)
        return run


def _run(folder: Path, content: Mapping[str, Any]) -> LocalizationRun:
    data, model = content["data"], content["model"]
    figures = {name: float(value) for name, value in content["mean"].items()}
    if not figures:
        raise KeyError("mean.map")
    return LocalizationRun(
        folder=folder,
        figures=figures,
        settings=localization_settings(content),
        seed=content["seed"],
        split_seed=data["split_seed"],
        fold=data["split_number"],
        backbone=model["backbone_hash"],
        n_adaptations=int(content["n_adaptations"]),
        render_seed=data.get("render_seed"),
        n_damaged=content.get("n_damaged_frames", 0),
        hashes={"videos": data["split_hash"], **text_hashes(content)},
        segment_scores={
            score: {name: float(of_score[name]) for name in figures}
            for score, of_score in (content.get("segment_scores") or {}).items()
        },
    )


def localization_settings(content: Mapping[str, Any]) -> LocalizationSettings:
    """What a test was made with, whether it is of the whole test set or not.

    Args:
        content: What its results.json holds.

    Raises:
        KeyError: The result is not one of ours.
    """
    data, model = content["data"], content["model"]
    thresholds = [name.removeprefix(_THRESHOLD) for name in content["mean"] if name.startswith(_THRESHOLD)]
    return LocalizationSettings(
        model=current_class_path(model["class_path"]),
        architecture=model["architecture"],
        data_set=data["data_set"],
        split=data["split"],
        split_lists=data["split_lists"],
        n_sets=len(content["sets"]),
        stride=data["stride"],
        geometry=data.get("geometry", "crop"),
        captions=data["captions"],
        class_text=tuple(dict.fromkeys(text["source"] for text in content["class_text"].values())),
        iou_thresholds=tuple(thresholds),
        model_arguments=tuple(pair for pair in model_arguments(content) if pair[0] not in _NOT_OF_ROWS),
        test=test_settings(content),
    )
