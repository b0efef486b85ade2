"""Errors of detections: kinds of false positives, what they cost, precision and recall by class.

The numbers are those of `callbacks/pictures/detection_errors` (Alwassel et al. 2018).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from markupsafe import Markup

from zsar.lightning_modules.command_line.report.charts.bar_chart import Bar, bar_chart
from zsar.lightning_modules.command_line.report.charts.line_chart import Series, line_chart
from zsar.lightning_modules.command_line.report.reported_run import ReportedRun, part
from zsar.lightning_modules.command_line.report.section import Section
from zsar.lightning_modules.command_line.report.sections.blocks import folded, heading, joined, note, side_by_side
from zsar.lightning_modules.command_line.report.sections.pictures.recorded_numbers import (
    mappings_in,
    numbers_in,
    recorded_numbers,
)
from zsar.lightning_modules.command_line.report.tables import Cell, TableColumn, data_table

_MOST_SETS = 4  # of a run; a test on ten draws of classes has ten
_ALL_DRAWS = "all_draws"  # the set of all of them together, as the callback calls it
_N_CURVES = 3  # classes with the highest, and as many with the lowest average precision
_LOCALIZATION = ("too_early", "too_late", "too_long", "too_short")
_GROUPS = {
    "found": ("true_positive",),
    "double detection": ("double_detection",),
    "wrong label": ("wrong_label",),
    "wrong times": _LOCALIZATION,
    "confusion": ("confusion",),
    "background": ("background",),
}
_KINDS_NOTE = (
    "Too early, too late, too long, too short: the right class, with an overlap of 0.1 or more that is below the "
    "threshold. Confusion: the same with another class. Background: hardly any overlap."
)
_GAIN_NOTE = "By how many points mAP would rise if the predictions of a kind were removed; the costs do not add up."


def section(runs: Sequence[ReportedRun]) -> Section | None:
    """The section; None where no run has such numbers.

    Args:
        runs: The runs of the page.
    """
    found = []
    left_out = 0
    for run in runs:
        of_run = [
            (run.name, picture.set_name, content) for picture, content in recorded_numbers(run, "detection_errors")
        ]
        of_run.sort(key=lambda each: each[1] != _ALL_DRAWS)
        found += of_run[:_MOST_SETS]
        left_out += len(of_run[_MOST_SETS:])
    if not found:
        return None
    pieces: list[Markup] = []
    for place, (name, set_name, content) in enumerate(found):
        shown = joined([side_by_side(_charts(content)), _class_table(name, set_name, content)])
        title = f"{name}, {set_name}"
        pieces.append(joined([heading(title), shown]) if place == 0 else folded(title, shown))
    pieces = [*_kinds_tables(found), *pieces]
    if left_out:
        pieces.append(note(f"{left_out} more sets are in pictures/detection_errors of the run folders."))
    return Section("detection-errors", "Errors of detections", joined(pieces), _summary(*found[0]))


_Found = tuple[str, str, dict[str, Any]]


def _kinds_tables(found: Sequence[_Found]) -> Iterator[Markup]:
    """Numbers of false positives by kind, and what they cost: a row for each run and set."""
    kinds = list(dict.fromkeys(kind for *_, content in found for kind in part(content, "errors", kind=dict) or {}))
    named = [TableColumn("run"), TableColumn("set")]
    counts = [*named, TableColumn("instances", "number"), TableColumn("found", "number")]
    counts += [TableColumn(kind.replace("_", " "), "number") for kind in kinds]
    rows: list[list[Cell]] = []
    gains: list[list[Cell]] = []
    for run, set_name, content in found:
        known = [part(content, key, kind=int) for key in ("n_instances", "n_found")]
        rows.append([run, set_name, *known, *(part(content, "errors", kind, kind=int) for kind in kinds)])
        mean = part(content, "map", kind=float)
        gains.append([run, set_name, mean, *(part(content, "gain", kind, kind=float) for kind in kinds)])
    yield data_table("False positives by kind", counts, rows, notes=[_KINDS_NOTE])
    ious = {iou for *_, content in found if (iou := part(content, "iou_threshold", kind=float)) is not None}
    at = f" at IoU {ious.pop():g}" if len(ious) == 1 else ""
    costs = [*named, TableColumn(f"mAP{at}, %", "number"), *(TableColumn(k.replace("_", " "), "number") for k in kinds)]
    yield data_table("Points of mAP that each kind costs", costs, gains, notes=[_GAIN_NOTE])


def _charts(content: dict[str, Any]) -> list[Markup]:
    gain = part(content, "gain", kind=dict) or {}
    bars = [
        Bar(kind.replace("_", " "), max(value, 0.0))
        for kind in part(content, "errors", kind=dict) or {}
        if (value := part(gain, kind, kind=float)) is not None
    ]
    charts = [bar_chart(bars, title="What each kind of error costs", x_label="points of mAP")] if bars else []
    if best := mappings_in(content, "best_predictions"):
        totals = [max(sum(_count(each, kind) for kinds in _GROUPS.values() for kind in kinds), 1) for each in best]
        times = [part(each, "times", kind=float) or 0.0 for each in best]
        series = [
            Series(
                name,
                times,
                [100 * sum(_count(each, kind) for kind in kinds) / n for each, n in zip(best, totals, strict=True)],
            )
            for name, kinds in _GROUPS.items()
        ]
        x_label = "best predictions, in numbers of instances"
        charts.append(line_chart(series, title="What the best predictions are", x_label=x_label, y_label="share, %"))
    return [*charts, *_precision_recall(content)]


def _precision_recall(content: dict[str, Any]) -> list[Markup]:
    classes = [each for each in mappings_in(content, "classes") if numbers_in(each, "recall")]
    classes.sort(key=lambda each: -(part(each, "average_precision", kind=float) or 0.0))
    chosen = classes if len(classes) <= 2 * _N_CURVES else [*classes[:_N_CURVES], *classes[-_N_CURVES:]]
    series = [
        Series(part(each, "class", kind=str) or "", numbers_in(each, "recall"), numbers_in(each, "precision"))
        for each in chosen
        if len(numbers_in(each, "recall")) == len(numbers_in(each, "precision"))
    ]
    if not series:
        return []
    which = "" if len(chosen) == len(classes) else f", the {_N_CURVES} best and the {_N_CURVES} worst of {len(classes)}"
    iou = part(content, "iou_threshold", kind=float)
    title = f"Precision and recall by class{which}{'' if iou is None else f', IoU {iou:g}'}"
    ends = (0.0, 1.0)
    return [line_chart(series, title=title, x_label="recall", y_label="precision", x_limits=ends, y_limits=ends)]


def _class_table(run: str, set_name: str, content: dict[str, Any]) -> Markup:
    columns = [
        TableColumn("class"),
        TableColumn("instances", "number", 0),
        TableColumn("found", "number", 0),
        TableColumn("predictions", "number", 0),
        TableColumn("average precision", "number", 3),
    ]
    rows: list[list[Cell]] = [
        [
            part(each, "class", kind=str) or "",
            *(part(each, key, kind=int) for key in ("n_instances", "n_found", "n_predictions")),
            part(each, "average_precision", kind=float),
        ]
        for each in mappings_in(content, "classes")
    ]
    return data_table(f"Classes of {set_name}, {run}", columns, rows)


def _count(entry: dict[str, Any], kind: str) -> int:
    return part(entry, kind, kind=int) or 0


def _summary(run: str, set_name: str, content: dict[str, Any]) -> str:
    n_found, n = (part(content, key, kind=int) for key in ("n_found", "n_instances"))
    said = f"{run}, {set_name}: {n_found} of {n} instances are found"
    gain = {
        kind: value
        for kind in part(content, "errors", kind=dict) or {}
        if (value := part(content, "gain", kind, kind=float)) is not None
    }
    if not gain or max(gain.values()) <= 0:
        return f"{said}; no kind of false positive lowers mAP."
    worst = max(gain, key=lambda kind: gain[kind])
    return f"{said}; the most costly errors are {worst.replace('_', ' ')}: {gain[worst]:.1f} points of mAP."
