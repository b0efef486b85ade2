"""The tables of `zsar summarize`: accuracies, effects of tuning, mean average precisions, published figures."""

from __future__ import annotations

import statistics
from collections.abc import Iterator, Sequence
from dataclasses import fields, replace
from typing import TypeVar

from zsar.lightning_modules.command_line.summarize.published.compared_settings import text_changes
from zsar.lightning_modules.command_line.summarize.published.published_comparison import ComparedRow
from zsar.lightning_modules.command_line.summarize.published.published_tables import published_tables
from zsar.lightning_modules.command_line.summarize.report_table import Cell, Column, Figure, ReportTable, TableRow
from zsar.lightning_modules.command_line.summarize.results.adapted_results import TuningEffect
from zsar.lightning_modules.command_line.summarize.results.evaluation_protocol import LABEL_MAP
from zsar.lightning_modules.command_line.summarize.results.frame_measures import (
    MEASURES,
    MEASURES_NOTE,
    in_words,
    mean_measures,
)
from zsar.lightning_modules.command_line.summarize.results.localization_results import precision_name
from zsar.lightning_modules.command_line.summarize.results.recognition_results import HARMONIC_MEAN
from zsar.lightning_modules.command_line.summarize.results.run_groups import LocalizationGroup, RunGroup
from zsar.lightning_modules.recognition.harmonic_mean import harmonic_mean
from zsar.lightning_modules.run_folders.run_record import NOT_RECORDED

DEVIATION = "mean ± sample standard deviation (n - 1)"
TUNING_NOTE = (
    "untuned: top-1 before tuning; by views: top-1 of the averaged confident views, before tuning; flips: videos per "
    "run that tuning makes right / wrong; seconds: for embedding the views and tuning, per video"
)
LOCALIZATION_NOTE = (
    "mAP: mean average precision of temporal localization, averaged over the draws of classes of a run; avg: mean over "
    "the thresholds; adaptations: per run"
)
SCORES_NOTE = (
    "by score: the same segments, ranked by other scores; random: the mean of ten random rankings; true_iou: by their "
    "IoU with the annotated instance, the most that a score can reach"
)
MULTI_LABEL_NOTE = (
    "mAP over classes: mean average precision of ranking videos with several labels; classes without a video do not "
    "count"
)
PAPER_MEAN_NOTE = "paper mean: the mean at 0.5, 0.75 and 0.95, which papers on ActivityNet call the average"

_HEADINGS = {LABEL_MAP: "mAP over classes"}
_TUNING_COLUMNS = (
    *(Column(name, is_number=False) for name in ("adapted", "method", "set")),
    *(Column(name) for name in ("untuned", "by views", "tuned", "change", "flips", "seconds")),
)

G = TypeVar("G", RunGroup, LocalizationGroup)


def summary_tables(rows: Sequence[ComparedRow]) -> list[ReportTable]:
    """All tables of a summary, in the displayed order.

    Args:
        rows: The rows of all runs.

    Returns:
        Recognition, tuning, how much frames differ, localization, scores of segments, then a table for each row with
        published figures.
    """
    recognized = [row.group for row in rows if isinstance(row.group, RunGroup)]
    localized = [row.group for row in rows if isinstance(row.group, LocalizationGroup)]
    return [
        *accuracy_tables(recognized),
        *tuning_tables(recognized),
        *frame_tables(recognized),
        *precision_tables(localized),
        *score_tables(localized),
        *published_tables(rows),
    ]


def accuracy_tables(groups: Sequence[RunGroup]) -> list[ReportTable]:
    """Top-1, or mAP over classes, of rows of recognition; rows with the same sets share a table."""
    tables = [
        ReportTable(
            columns=(
                Column("in percent" if LABEL_MAP in rows[0].set_names else "top-1 in percent", is_number=False),
                *(Column(_HEADINGS.get(name) or name.replace("_", " ")) for name in rows[0].set_names),
                Column("runs"),
            ),
            rows=tuple(TableRow((group.name, *_means(group), len(group.runs))) for group in rows),
        )
        for rows in _by_figures(groups)
    ]
    several = any(LABEL_MAP in group.set_names for group in groups)
    return _with_notes(tables, [*[MULTI_LABEL_NOTE] * several, *_deviation_note(groups), *text_notes(groups)])


def text_notes(groups: Sequence[RunGroup]) -> list[str]:
    """Notes on rows: another, or unknown, class text in training; undecodable videos; damaged frames."""
    changes: dict[str, list[str]] = {}
    for group in groups:
        for change in text_changes(group.runs):
            changes.setdefault(change, []).append(group.name)
    notes = [f"{', '.join(names)}: {change}" for change, names in changes.items()]
    for group in groups:
        if group.settings.trained_on is not None and not group.settings.training:
            notes.append(f"{group.name}: class text and settings of its training are {NOT_RECORDED}")
        if n_failed := max(run.n_failed for run in group.runs):
            notes.append(f"{group.name}: {n_failed} of a run's videos could not be decoded and count as wrong")
        notes += group.damage_notes
    return notes


def tuning_tables(groups: Sequence[RunGroup]) -> list[ReportTable]:
    """The effects of tuning: adapted rows with and without tuning; no table if no run was adapted."""
    rows = [_tuning_row(group, name) for group in groups if group.settings.adaptation for name in group.set_names]
    return [ReportTable(columns=_TUNING_COLUMNS, rows=tuple(rows), notes=(TUNING_NOTE,))] if rows else []


def mean_effect(group: RunGroup, set_name: str) -> dict[str, float]:
    """The effect of tuning on a set, averaged over the runs of a row.

    Args:
        group: The row.
        set_name: A set, or the harmonic mean, which has accuracies only.

    Returns:
        {name: mean} of the fields of `TuningEffect`, and of "change" in percentage points; empty for a row that was not
        adapted.
    """
    if not group.settings.adaptation:
        return {}
    if set_name == HARMONIC_MEAN:
        names = ["untuned_top1", "views_top1", "tuned_top1"]
    else:
        names = [field.name for field in fields(TuningEffect)]
    means = {name: statistics.mean(_effects(group, set_name, name)) for name in names}
    return {**means, "change": means["tuned_top1"] - means["untuned_top1"]}


def frame_tables(groups: Sequence[RunGroup]) -> list[ReportTable]:
    """How much the frames of a video differ; rows with the same sets share a table, others have none."""
    measured = [(group, mean_measures([run.frames for run in group.runs])) for group in groups]
    tables: dict[tuple[str, ...], list[TableRow]] = {}
    for group, measures in measured:
        headings = tuple(f"{MEASURES[name]}, {of_set}" for name, of_sets in measures.items() for of_set in of_sets)
        cells = [in_words(value) for of_sets in measures.values() for value in of_sets.values()]
        if headings:
            tables.setdefault(headings, []).append(TableRow((group.name, *cells)))
    return [
        ReportTable(
            columns=(Column("frames of a video", is_number=False), *map(Column, headings)),
            rows=tuple(rows),
            notes=(MEASURES_NOTE,),
        )
        for headings, rows in tables.items()
    ]


def precision_tables(groups: Sequence[LocalizationGroup]) -> list[ReportTable]:
    """Temporal mAP of rows of localization; rows with the same thresholds share a table."""
    tables = [
        ReportTable(
            columns=(
                Column("mAP in % at IoU", is_number=False),
                *(Column(precision_name(name)) for name in rows[0].set_names),
                *(Column("adaptations"), Column("runs")),
            ),
            rows=tuple(
                TableRow((group.name, *_means(group), f"{group.n_adaptations:.0f}", len(group.runs))) for group in rows
            ),
        )
        for rows in _by_figures(groups)
    ]
    has_paper_mean = any("paper_mean" in group.set_names for group in groups)
    notes = [LOCALIZATION_NOTE, *[PAPER_MEAN_NOTE] * has_paper_mean]
    notes += [note for group in groups for note in group.damage_notes]
    return _with_notes(tables, [*notes, *_deviation_note(groups)])


def score_tables(groups: Sequence[LocalizationGroup]) -> list[ReportTable]:
    """Temporal mAP of the same segments by each of their scores, of rows whose runs all compared the same scores."""
    tables = []
    for rows in _by_figures([group for group in groups if group.compared_scores]):
        names = rows[0].set_names
        columns = (Column("mAP in % at IoU", is_number=False), Column("by score", is_number=False))
        tables.append(
            ReportTable(
                columns=(*columns, *(Column(precision_name(name)) for name in names), Column("runs")),
                rows=tuple(
                    TableRow((group.name, score, *(group.score_figure(score, name) for name in names), len(group.runs)))
                    for group in rows
                    for score in group.compared_scores
                ),
            )
        )
    return _with_notes(tables, [SCORES_NOTE])


def _tuning_row(group: RunGroup, set_name: str) -> TableRow:
    untuned, by_views, tuned = (_effects(group, set_name, f"{name}_top1") for name in ("untuned", "views", "tuned"))
    change = [after - before for before, after in zip(untuned, tuned, strict=True)]
    named = (group.name, dict(group.settings.adaptation)["method"], set_name.replace("_", " "))
    accuracies = [_mean_figure(values) for values in (untuned, by_views, tuned)]
    cells: tuple[Cell, ...] = (*named, *accuracies, _mean_figure(change, is_change=True))
    if set_name == HARMONIC_MEAN:
        return TableRow((*cells, "", ""))
    mean = mean_effect(group, set_name)
    flips = f"{_count(mean['flipped_right'])} / {_count(mean['flipped_wrong'])}"
    return TableRow((*cells, flips, f"{mean['encoding_seconds'] + mean['tuning_seconds']:.2f}"))


def _effects(group: RunGroup, set_name: str, name: str) -> list[float]:
    """One field of `TuningEffect` for each run."""
    if set_name != HARMONIC_MEAN:
        return [float(getattr(run.tuning[set_name], name)) for run in group.runs]
    return list(map(harmonic_mean, _effects(group, "base", name), _effects(group, "novel", name)))


def _mean_figure(values: Sequence[float], *, is_change: bool = False) -> Figure:
    deviation = statistics.stdev(values) if len(values) > 1 else None
    return Figure(statistics.mean(values), deviation, is_change)


def _count(mean: float) -> str:
    """A mean of counts, without decimals if it is whole."""
    return f"{mean:.1f}".removesuffix(".0")


def _means(group: RunGroup | LocalizationGroup) -> Iterator[Figure]:
    return map(group.figure, group.set_names)


def _deviation_note(groups: Sequence[RunGroup | LocalizationGroup]) -> list[str]:
    return [DEVIATION] if any(group.std(name) is not None for group in groups for name in group.set_names) else []


def _by_figures(groups: Sequence[G]) -> list[list[G]]:
    """The rows of each table, grouped by their figures."""
    tables: dict[tuple[str, ...], list[G]] = {}
    for group in groups:
        tables.setdefault(group.set_names, []).append(group)
    return list(tables.values())


def _with_notes(tables: list[ReportTable], notes: Sequence[str]) -> list[ReportTable]:
    """The tables, with notes on all of them below the last."""
    if not tables:
        return []
    last = tables[-1]
    return [*tables[:-1], replace(last, notes=(*last.notes, *notes))]
