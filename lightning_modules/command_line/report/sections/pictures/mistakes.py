"""Mistakes: the most confident wrong answers and the least confident right ones, with clips where there are any."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from markupsafe import Markup

from zsar.callbacks.pictures.errors.short_names import explained, short_names
from zsar.lightning_modules.command_line.report.rendering import render
from zsar.lightning_modules.command_line.report.reported_run import ReportedRun, part
from zsar.lightning_modules.command_line.report.section import Section
from zsar.lightning_modules.command_line.report.sections.blocks import folded, heading, joined, note
from zsar.lightning_modules.command_line.report.sections.errors.answered_sets import (
    AnsweredSet,
    answered_sets,
    shown_sets,
)
from zsar.lightning_modules.command_line.report.sections.pictures.embedded_media import Media, MediaBudget
from zsar.lightning_modules.command_line.report.sections.pictures.gallery import left_out_of
from zsar.lightning_modules.command_line.report.sections.pictures.recorded_numbers import mappings_in, recorded_numbers
from zsar.lightning_modules.command_line.report.tables import Cell, TableColumn, data_table

_KINDS = {"wrong": "The most confident wrong answers", "doubtful": "The least confident right answers"}
_N = 8  # of each kind, where no callback chose
_MOST_BYTES = 6_000_000
_ADD = "To see their frames and the next best classes, add --config visualization/mistakes to zsar test."


@dataclass(frozen=True)
class _Answer:
    kind: str
    clip: Media | None
    alt: str
    path: str
    true: str
    answer: str
    probability: float | None
    true_probability: float | None
    best: list[tuple[str, float]]


def section(runs: Sequence[ReportedRun]) -> Section | None:
    """The section; None without labelled predictions.

    Args:
        runs: The runs of the page.
    """
    sets, left_out = shown_sets(answered_sets(runs))
    budget = MediaBudget(_MOST_BYTES)
    recorded = {run.name: _recorded(run, budget) for run in runs}
    if not sets and not any(recorded.values()):
        return None
    pieces: list[Markup] = []
    for run in runs:
        for set_name, answers in recorded[run.name].items():
            content = joined(_clips(answers))
            title = f"{run.name}, {set_name}"
            pieces += [heading(title), content] if len(pieces) < 2 else [folded(title, content)]
    tables = [each for of_runs in sets.values() for each in of_runs if not recorded[each.run.name]]
    for place, each in enumerate(tables):
        title = f"{each.run.name}, {each.confusions.set_name}: without frames"
        pieces.append(_table(each) if place == 0 and not pieces else folded(title, _table(each)))
    pieces += [note(_ADD)] if tables else []
    pieces += [note(left_out)] if left_out and tables else []
    pieces += left_out_of(budget)
    runs[0].problems.extend(budget.damaged)
    summary = next((_summary(each) for of_runs in sets.values() for each in of_runs), "")
    return Section("mistakes", "Mistakes", joined(pieces), summary)


def _recorded(run: ReportedRun, budget: MediaBudget) -> dict[str, list[_Answer]]:
    """The answers that the callback chose, by set, in its order."""
    found: dict[str, list[tuple[int, _Answer]]] = {}
    for picture, content in recorded_numbers(run, "mistakes"):
        kind, place = part(content, "kind", kind=str), part(content, "place", kind=int)
        if kind in _KINDS and place is not None:
            answer = _answer(kind, content, picture.alt, picture.path(run.folder, "clip"), budget)
            found.setdefault(picture.set_name, []).append((place, answer))
    return {name: [answer for _, answer in sorted(of_set, key=lambda p: p[0])] for name, of_set in found.items()}


def _answer(kind: str, content: dict[str, Any], alt: str, clip: Path | None, budget: MediaBudget) -> _Answer:
    best = [
        (part(each, "class", kind=str) or "", part(each, "probability", kind=float) or 0.0)
        for each in mappings_in(content, "best")
    ]
    return _Answer(
        kind,
        None if clip is None else budget.clip(clip),
        alt,
        part(content, "path", kind=str) or part(content, "video", kind=str) or "",
        part(content, "true", kind=str) or "",
        part(content, "answer", kind=str) or "",
        part(content, "probability", kind=float),
        part(content, "true_probability", kind=float),
        best,
    )


def _clips(answers: Sequence[_Answer]) -> Iterator[Markup]:
    names = dict.fromkeys(name for answer in answers for name in (answer.true, answer.answer, *dict(answer.best)))
    lead, short = short_names(list(names))
    shorter = dict(zip(names, short, strict=True))
    for kind, title in _KINDS.items():
        of_kind = [answer for answer in answers if answer.kind == kind]
        if of_kind:
            values = {"title": f"{title}{explained(lead)}", "answers": of_kind, "shorter": shorter}
            yield render("sections/clips.html", values)


def _table(answers: AnsweredSet) -> Markup:
    """The same answers without frames, from the table of predictions."""
    sure, correct = answers.confidences, answers.correct
    wrong, right = np.flatnonzero(~correct), np.flatnonzero(correct)
    chosen = {
        "wrong": wrong[np.argsort(-sure[wrong], kind="stable")][:_N],
        "doubtful": right[np.argsort(sure[right], kind="stable")][:_N],
    }
    rows: list[list[Cell]] = []
    for kind, places in chosen.items():
        for place in places.tolist():
            row = int(answers.rows[place])
            found = answers.predictions
            rows.append([kind, found.paths[row], found.labels[row], found.answers[row], found.probabilities[row]])
    columns = [TableColumn("kind", is_filter=True), TableColumn("video"), TableColumn("class"), TableColumn("answer")]
    columns.append(TableColumn("probability", "number", 4))
    title = f"Most confident wrong, and least confident right (doubtful) answers: {answers.run.name}"
    return data_table(f"{title}, {answers.confusions.set_name}", columns, rows)


def _summary(answers: AnsweredSet) -> str:
    n_wrong, n = int((~answers.correct).sum()), len(answers.correct)
    verb = "is" if n_wrong == 1 else "are"
    said = f"{answers.run.name}, {answers.confusions.set_name}: {n_wrong:,} of {n:,} answers {verb} wrong"
    if not n_wrong:
        return f"{said}."
    n_sure = int((answers.confidences[~answers.correct] > 0.9).sum())
    return f"{said}, {n_sure:,} of them with a probability above 0.9."
