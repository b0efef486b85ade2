"""Figures that papers report, with what they were made with: `published_figures.json`, a figure at a time.

The file keeps the papers' own tables, so that a row can be checked against the paper by eye; here each cell becomes a
`PublishedFigure` that knows its data set, protocol, frames, views and class text. Recognition has accuracies, and
localization mean average precisions of a split of classes.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Literal, cast, get_args

from zsar.lightning_modules.command_line.summarize.results.evaluation_protocol import EvaluationProtocol

FigureProtocol = Literal[EvaluationProtocol, "localization"]
AccuracySet = Literal["top1", "top5", "base", "novel", "harmonic_mean"]
PrecisionSet = Literal[
    "map_0.3", "map_0.4", "map_0.5", "map_0.6", "map_0.7", "map_0.75", "map_0.95", "map", "paper_mean"
]
FigureSet = Literal[AccuracySet, PrecisionSet]

FROM_CLIP = "CLIP"
_OF_TRAINING = ("start_from", "batch", "epochs")


@dataclass(frozen=True, kw_only=True)
class PublishedFigure:
    """One number of one paper. None says that the paper does not tell, where nothing else is said.

    Attributes:
        method: The model, under one name for all papers ("CLIP" is frozen CLIP).
        paper: The paper that the number stands in, by the name of its method.
        citation: That paper in full.
        table: Its table.
        architecture: The CLIP model, in open_clip's naming without the suffix "-quickgelu"; None where the paper does
            not tell.
        trained_on: The data set that was trained on; None for no training.
        tested_on: The data set that was tested on.
        protocol: How training and test classes relate; "localization" has `split` for that.
        set: Top-1 or top-5 accuracy of the whole test set, top-1 of base or novel classes, or their harmonic mean. Of
            localization mAP by the names of `TemporalMeanAveragePrecision`: at a threshold, their mean, or the mean
            that papers on ActivityNet print.
        value: The accuracy, or mAP, in percent.
        std: Its standard deviation in percentage points.
        shots: Training videos per class; None also for all.
        n_frames: Frames per view.
        n_tuning_frames: Frames per view that a prompt is tuned on; None also where nothing is tuned.
        n_views: Views per video that a prediction is made of.
        class_text: Kind of the class text: "template", "description", "explanation", "action_prompts", or several
            joined by "+".
        prompts_per_class: Prompts of each class.
        scorer: How frames and prompts are compared, as `Scoring.scorer` has it.
        shift: Which perturbations the test videos are under ("all perturbations").
        frame_statistics: Mean and deviation of frames, as `model.backbone.frame_statistics` has it, where code tells.
        sampling: Which frame of a segment is its middle, as `data.clips.sampling` has it, where code tells.
        precision: Of training and test, as Lightning calls it.
        training_text: Kind of the class text of training, where it is another than the test's.
        training_prompts: Prompts of each class in training, where there are as many as in no test.
        start_from: What training started from: "CLIP", or the data set that was trained on before.
        batch: Videos of an optimizer step.
        epochs: Epochs of training.
        n_folds: How many splits, draws of classes, or seeds in base-to-novel, the value is the mean of.
        classes: Which classes were tested, as `split.classes` has it, where it is not all of them; "halves by numpy"
            where it is known that numpy drew them (`split.half_draws`).
        test_videos: Which videos were tested, as `split.test_videos` has it, where it is not the official test set.
        split: Shares of the classes that are trained and tested on in localization: "50_50" or "75_25"; None in
            recognition.
        variant: What differs from the method as its authors propose it; None for nothing.
        note: What else one must know.
    """

    method: str
    paper: str
    citation: str
    table: str
    architecture: str | None
    trained_on: str | None
    tested_on: str
    protocol: FigureProtocol
    set: FigureSet
    value: float
    std: float | None = None
    shots: int | None = None
    n_frames: int | None = None
    n_tuning_frames: int | None = None
    n_views: int | None = None
    class_text: str | None = None
    prompts_per_class: int | None = None
    scorer: str | None = None
    shift: str | None = None
    frame_statistics: str | None = None
    sampling: str | None = None
    precision: str | None = None
    training_text: str | None = None
    training_prompts: int | None = None
    start_from: str | None = None
    batch: int | None = None
    epochs: int | None = None
    n_folds: int | None = None
    classes: str | None = None
    test_videos: str | None = None
    split: str | None = None
    variant: str | None = None
    note: str = ""

    @property
    def source(self) -> str:
        """Paper and table."""
        return f"{self.paper} {self.table}"

    @property
    def full_method(self) -> str:
        """Method and variant."""
        return self.method if self.variant is None else f"{self.method} ({self.variant})"


def load_published_figures() -> tuple[PublishedFigure, ...]:
    """Reads all published figures, in the order of the file.

    Returns:
        The figures.

    Raises:
        ValueError: A table is malformed: a row of another length than the columns, or a setting of an unknown name.
    """
    text = (Path(__file__).parent / "published_figures.json").read_text(encoding="utf-8")
    content: dict[str, Any] = json.loads(text)
    return tuple(
        figure
        for table in content["tables"]
        for figure in figures_of_table(table, content["citations"], recipes=content["recipes"])
    )


def figures_of_table(
    table: dict[str, Any], citations: dict[str, str], *, recipes: Sequence[dict[str, Any]] = ()
) -> Iterator[PublishedFigure]:
    """The figures of one table of the file.

    Args:
        table: Settings of all its figures, `columns` and `rows` with settings of their own, and the rows' `values`.
        citations: {paper: citation}.
        recipes: Settings of a method wherever they are stated, {"of": {setting: value, ...}, "from": where, ...}: they
            are those of all figures that agree with each setting in "of".

    Yields:
        A figure for each value that is not null; settings of the row win over the column's, these over the table's,
        and these over those of recipes, where a later one wins.

    Raises:
        ValueError: A row has another length than the columns, or a setting has an unknown name or value.
    """
    shared = {key: value for key, value in table.items() if key not in ("columns", "rows")}
    for row in table["rows"]:
        if len(row["values"]) != len(table["columns"]):
            raise ValueError(
                f"{table['paper']}, {table['table']}, row {row['method']}: {len(row['values'])} values for "
                f"{len(table['columns'])} columns"
            )
        own = {key: value for key, value in row.items() if key != "values"}
        for column, cell in zip(table["columns"], row["values"], strict=True):
            if cell is not None:
                settings = {"citation": citations[table["paper"]], **shared, **column, **own}
                yield _figure({**_of_recipes(settings, recipes), **settings}, cell)


def find_published_figures(
    figures: Sequence[PublishedFigure], *, tested_on: str, protocol: EvaluationProtocol, shots: int | None = None
) -> list[PublishedFigure]:
    """The figures that a run may stand beside.

    Args:
        figures: Where to look.
        tested_on: The data set that the run was tested on.
        protocol: The protocol of the run.
        shots: Its training videos per class, which must agree in few-shot tests and are not looked at in others.

    Returns:
        The figures of that data set and protocol, in their order.
    """
    return [
        figure
        for figure in figures
        if (figure.tested_on, figure.protocol) == (tested_on, protocol)
        and (protocol != "few_shot" or figure.shots == shots)
    ]


def find_localization_figures(
    figures: Sequence[PublishedFigure], *, tested_on: str, split: str, set_name: str
) -> list[PublishedFigure]:
    """The figures that one of a run of `zsar test` with a localizer may stand beside.

    Args:
        figures: Where to look.
        tested_on: The data set that the run was tested on, such as "thumos14_untrimmed".
        split: Its `split.name`: "50_50" or "75_25".
        set_name: Which of its figures: "map_0.5", "map", "paper_mean", ...

    Returns:
        The figures of that data set, split and name, in their order; none where nothing was published.
    """
    wanted = ("localization", tested_on, split, set_name)
    return [figure for figure in figures if (figure.protocol, figure.tested_on, figure.split, figure.set) == wanted]


def _of_recipes(settings: dict[str, Any], recipes: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """What recipes say of a figure; nothing about training where nothing was trained."""
    said: dict[str, Any] = {}
    for recipe in recipes:
        if all(settings.get(key) == value for key, value in recipe["of"].items()):
            said.update({key: value for key, value in recipe.items() if key not in ("of", "from")})
    if settings["trained_on"] is None:
        said = {key: value for key, value in said.items() if key not in _OF_TRAINING}
    return said


def _figure(settings: dict[str, Any], cell: float | list[float]) -> PublishedFigure:
    value, std = cell if isinstance(cell, list) else (cell, None)
    unknown = settings.keys() - {field.name for field in fields(PublishedFigure)}
    if unknown:
        raise ValueError(f"{settings['paper']}, {settings['table']}: unknown settings {', '.join(sorted(unknown))}")
    is_localization = settings["protocol"] == "localization"
    sets = PrecisionSet if is_localization else AccuracySet
    for name, kinds in (("protocol", FigureProtocol), ("set", sets)):
        if settings[name] not in get_args(kinds):
            raise ValueError(
                f"{settings['paper']}, {settings['table']}: {name} {settings[name]!r} is not one of "
                f"{', '.join(get_args(kinds))}"
            )
    if is_localization != ("split" in settings):
        raise ValueError(
            f"{settings['paper']}, {settings['table']}: figures of localization have a split, and no others; protocol "
            f"{settings['protocol']!r} comes with split {settings.get('split')!r}"
        )
    trained_on = cast("str | None", settings["trained_on"])
    settings = {**settings, "trained_on": settings["tested_on"] if trained_on == "tested_on" else trained_on}
    return PublishedFigure(**settings, value=value, std=std)
