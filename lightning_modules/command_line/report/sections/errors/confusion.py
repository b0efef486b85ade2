"""Confusions: a heat map of the classes that are taken for each other, and their groups."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from markupsafe import Markup

from zsar.callbacks.pictures.errors.confusions import Confusions, chosen_classes
from zsar.callbacks.pictures.errors.short_names import explained, short_names
from zsar.lightning_modules.command_line.report.charts.heat_map import MOST_NAMES, Block, Cell, heat_map
from zsar.lightning_modules.command_line.report.reported_run import ReportedRun
from zsar.lightning_modules.command_line.report.section import Section
from zsar.lightning_modules.command_line.report.sections.blocks import folded, heading, joined, note, side_by_side
from zsar.lightning_modules.command_line.report.sections.errors.answered_sets import (
    AnsweredSet,
    answered_sets,
    shown_sets,
)
from zsar.lightning_modules.command_line.report.tables import TableColumn, data_table

_MOST_MAPS = 12  # of a page
_MOST_NAMED = 8  # classes of a group


def section(runs: Sequence[ReportedRun]) -> Section | None:
    """The section; None without labelled predictions.

    Args:
        runs: The runs of the page.
    """
    sets, left_out = shown_sets(answered_sets(runs))
    if not sets:
        return None
    pieces: list[Markup] = []
    n_maps = 0
    for set_name, of_runs in sets.items():
        pieces += [heading(set_name)] if len(sets) > 1 else []
        drawn = of_runs[: max(_MOST_MAPS - n_maps, 0)]
        n_maps += len(drawn)
        for place, answers in enumerate(drawn):
            content = joined([side_by_side([_map(answers)]), _groups(answers)])
            said = f"{answers.run.name}: {answers.confusions.summary}"
            pieces.append(content if place == 0 else folded(said, content))
        if len(drawn) < len(of_runs):
            pieces.append(note(f"Without a map, as the page has {_MOST_MAPS}: {_names(of_runs[len(drawn) :])}."))
    pieces += [note(left_out)] if left_out else []
    first = next(iter(sets.values()))[0]
    return Section("confusion", "Confusion", joined(pieces), _summary(first.confusions, first.run.name))


def _map(answers: AnsweredSet) -> Markup:
    confusions = answers.confusions
    shown, groups = chosen_classes(confusions, MOST_NAMES)
    place = {index: number for number, index in enumerate(shown)}
    totals = confusions.counts.sum(axis=1) + confusions.undecodable
    cells = []
    for i, j in np.argwhere(confusions.counts[np.ix_(shown, shown)]).tolist():
        truth, answer = shown[i], shown[j]
        n, total = int(confusions.counts[truth, answer]), int(totals[truth])
        share = n / total
        what = "right" if truth == answer else f"taken for {confusions.names[answer]}"
        cells.append(Cell(i, j, share, f"{confusions.names[truth]}, {what}: {n:,} of {total:,} ({100 * share:.0f} %)"))
    blocks = [Block(place[group[0]], place[group[-1]]) for group in groups]
    n_classes = len(confusions.names)
    which = "" if len(shown) == n_classes else f", {len(shown)} of {n_classes:,} classes: groups, then the worst"
    lead, short = short_names(confusions.names)
    title = f"{answers.run.name}: true classes (rows) and answers (columns){which}{explained(lead)}"
    return heat_map(
        [short[index] for index in shown],
        cells,
        title=title,
        description=_in_words(confusions),
        blocks=blocks,
    )


def _groups(answers: AnsweredSet) -> Markup:
    confusions = answers.confusions
    n = len(confusions.clusters)
    if not n:
        return Markup()
    rows = [
        (
            _named([confusions.names[i] for i in cluster.classes]),
            len(cluster.classes),
            cluster.n,
            cluster.n_wrong,
            cluster.n_within,
        )
        for cluster in confusions.clusters
    ]
    columns = [
        TableColumn("classes that are taken for each other"),
        TableColumn("classes", "number"),
        TableColumn("videos", "number"),
        TableColumn("wrong", "number"),
        TableColumn("wrong within the group", "number"),
    ]
    table = data_table(f"Groups of confused classes, {answers.run.name}", columns, rows)
    return folded(f"{n} group{'s' if n > 1 else ''} of classes that are taken for each other", table)


def _named(names: Sequence[str]) -> str:
    more = len(names) - _MOST_NAMED
    return " · ".join(names[:_MOST_NAMED]) + (f" · and {more} more" if more > 0 else "")


def _in_words(confusions: Confusions) -> str:
    return f"Confusion matrix. {confusions.summary}. {_most_frequent(confusions)}"


def _most_frequent(confusions: Confusions) -> str:
    row = max(confusions.rows, key=lambda each: each.n_confused)
    if not row.n_confused:
        return "No class is taken for another one."
    return (
        f"The most frequent confusion is {row.name}, taken for {row.confused_with} in {row.n_confused:,} of "
        f"{row.n:,} videos."
    )


def _summary(confusions: Confusions, run: str) -> str:
    n = len(confusions.clusters)
    said = f"{run}, {confusions.set_name}: {_most_frequent(confusions)}"
    groups = "is 1 group" if n == 1 else f"are {n} groups"
    return f"{said} There {groups} of classes taken for each other." if n else said


def _names(of_runs: Sequence[AnsweredSet]) -> str:
    return ", ".join(answers.run.name for answers in of_runs)
