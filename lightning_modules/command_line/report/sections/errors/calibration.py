"""Calibration: whether the model is as often right as it is confident, and what a threshold would do."""

from __future__ import annotations

import math
from collections.abc import Sequence

from markupsafe import Markup

from zsar.callbacks.pictures.errors.calibration_numbers import (
    Reliability,
    RiskCoverage,
    reliability,
    risk_coverage,
)
from zsar.lightning_modules.command_line.report.charts.line_chart import Series, line_chart
from zsar.lightning_modules.command_line.report.charts.reliability_chart import ReliabilitySeries, reliability_chart
from zsar.lightning_modules.command_line.report.reported_run import ReportedRun
from zsar.lightning_modules.command_line.report.section import Section
from zsar.lightning_modules.command_line.report.sections.blocks import heading, joined, note, side_by_side
from zsar.lightning_modules.command_line.report.sections.errors.answered_sets import (
    AnsweredSet,
    answered_sets,
    shown_sets,
)
from zsar.lightning_modules.command_line.report.tables import Cell, TableColumn, data_table

_RISKS = (0.01, 0.05, 0.10)
_NOTE = (
    "The threshold is the lowest that keeps the share of wrong answers; `zsar classify --threshold` says "
    '"none of these" below it. Empty: no threshold does. Confidences are those of predictions_SET.csv, rounded to four '
    "decimals."
)
_NOTE_ON_OWN = (
    "Of models with a logit bias (SigLIP), thresholds, AURC and the chart of wrong answers are those of the own "
    "probability of each answer, which `zsar classify --threshold` is compared with; confidence and ECE are those of "
    "the softmax."
)


def section(runs: Sequence[ReportedRun]) -> Section | None:
    """The section; None without labelled, decoded predictions.

    Args:
        runs: The runs of the page.
    """
    found = {
        name: usable
        for name, answers in answered_sets(runs).items()
        if (usable := [each for each in answers if len(each.correct)])
    }
    sets, left_out = shown_sets(found)
    if not sets:
        return None
    pieces: list[Markup] = []
    rows: list[list[Cell]] = []
    summary = ""
    for set_name, of_runs in sets.items():
        numbers = [(each, *_numbers(each)) for each in of_runs]
        pieces += [heading(set_name)] if len(sets) > 1 else []
        pieces.append(side_by_side(_charts(numbers, set_name)))
        rows += [_row(each, reliable, risky) for each, reliable, risky in numbers]
        summary = summary or _summary(*numbers[0])
    columns = [TableColumn("run"), TableColumn("set"), TableColumn("answers", "number")]
    columns += [TableColumn(name, "number") for name in ("right %", "mean confidence %", "ECE %", "AURC %")]
    for risk in _RISKS:
        columns += [
            TableColumn(f"threshold for {100 * risk:.0f} % wrong", "number", 4),
            TableColumn("answers, %", "number"),
        ]
    has_own = any(each.own_confidences is not None for of_runs in sets.values() for each in of_runs)
    notes = [_NOTE, *([_NOTE_ON_OWN] if has_own else [])]
    pieces.append(data_table("Calibration and thresholds", columns, rows, notes=notes))
    pieces += [note(left_out)] if left_out else []
    return Section("calibration", "Calibration", joined(pieces), summary)


def _numbers(answers: AnsweredSet) -> tuple[Reliability, RiskCoverage]:
    return reliability(answers.confidences, answers.correct), risk_coverage(answers.thresholded, answers.correct)


def _charts(numbers: Sequence[tuple[AnsweredSet, Reliability, RiskCoverage]], set_name: str) -> list[Markup]:
    bins = [_bins(each, reliable) for each, reliable, _ in numbers]
    lines = [
        Series(each.run.name, [100 * x for x in risky.coverage], [100 * y for y in risky.risk], each.style)
        for each, _, risky in numbers
    ]
    highest = max(y for line in lines for y in line.ys)
    errors = "; ".join(f"{each.run.name}: AURC {100 * risky.aurc:.1f} %" for each, _, risky in numbers)
    return [
        reliability_chart(bins, title=f"Reliability, {set_name}"),
        line_chart(
            lines,
            title=f"Wrong answers if only the most confident are given, {set_name}",
            x_label="answered videos, %",
            y_label="wrong among them, %",
            description=f"Share of wrong answers against the share of videos that are answered. {errors}.",
            x_limits=(0.0, 100.0),
            y_limits=(0.0, max(5.0 * math.ceil(highest / 5), 5.0)),
        ),
    ]


def _bins(answers: AnsweredSet, reliable: Reliability) -> ReliabilitySeries:
    filled = [i for i, n in enumerate(reliable.n) if n]
    return ReliabilitySeries(
        answers.run.name,
        [reliable.confidence[i] or 0.0 for i in filled],
        [reliable.accuracy[i] or 0.0 for i in filled],
        [reliable.n[i] for i in filled],
        [(reliable.edges[i], reliable.edges[i + 1]) for i in filled],
        answers.style,
    )


def _row(answers: AnsweredSet, reliable: Reliability, risky: RiskCoverage) -> list[Cell]:
    thresholds: list[Cell] = []
    for risk in _RISKS:
        found = risky.for_risk(risk)
        thresholds += [None, None] if found is None else [found.threshold, 100 * found.coverage]
    figures = (reliable.mean_accuracy, reliable.mean_confidence, reliable.ece, risky.aurc)
    row: list[Cell] = [answers.run.name, answers.confusions.set_name, len(answers.correct)]
    return [*row, *(100 * value for value in figures), *thresholds]


def _summary(answers: AnsweredSet, reliable: Reliability, risky: RiskCoverage) -> str:
    gap = 100 * (reliable.mean_confidence - reliable.mean_accuracy)
    how = "about as confident as it is right" if abs(gap) < 1 else "too sure" if gap > 0 else "too modest"
    found = risky.for_risk(_RISKS[1])
    of_own = "" if answers.own_confidences is None else " for the own probability"
    threshold = (
        f"no threshold keeps wrong answers at {100 * _RISKS[1]:.0f} %"
        if found is None
        else f"even without a threshold at most {100 * _RISKS[1]:.0f} % of the answers are wrong"
        if found.coverage == 1
        else f"with a threshold of {found.threshold:g}{of_own}, at most {100 * _RISKS[1]:.0f} % of the answers are "
        f"wrong and {100 * found.coverage:.0f} % are given"
    )
    return (
        f"{answers.run.name}, {answers.confusions.set_name}: the model is {how}: confidence "
        f"{100 * reliable.mean_confidence:.1f} %, right {100 * reliable.mean_accuracy:.1f} %, expected calibration "
        f"error {100 * reliable.ece:.1f} %; {threshold}."
    )
