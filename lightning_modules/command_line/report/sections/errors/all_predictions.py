"""All predictions, to sort and search: of a run by set, of several runs side by side."""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup

from zsar.lightning_modules.command_line.report.facts.read_predictions import Predictions
from zsar.lightning_modules.command_line.report.reported_run import ReportedRun
from zsar.lightning_modules.command_line.report.section import Section
from zsar.lightning_modules.command_line.report.sections.blocks import joined, note
from zsar.lightning_modules.command_line.report.sections.errors.answered_sets import set_order
from zsar.lightning_modules.command_line.report.tables import Cell, TableColumn, data_table
from zsar.lightning_modules.run_folders.prediction_files import LABEL_SEPARATOR

MOST_BYTES = 7_000_000
"""Of all tables together, roughly: so that a page stays below 30 MB."""

_LONGEST_PROBLEM = 200
_OUTCOMES = {True: "right", False: "wrong"}


def section(runs: Sequence[ReportedRun]) -> Section | None:
    """The section; None without predictions.

    Args:
        runs: The runs of the page.
    """
    sets: dict[str, list[tuple[str, Predictions]]] = {}
    for run in runs:
        for set_name in set_order(run):
            if (predictions := run.predictions(set_name)) is not None and len(predictions):
                sets.setdefault(set_name, []).append((run.name, predictions))
    if not sets:
        return None
    pieces: list[Markup] = []
    left_out: list[str] = []
    left = MOST_BYTES
    for set_name, of_runs in sets.items():
        table = _table(set_name, *of_runs[0]) if len(of_runs) == 1 else _side_by_side(set_name, of_runs)
        n_bytes = len(table.encode())
        if n_bytes > left:
            left_out.append(set_name)
            continue
        left -= n_bytes
        pieces.append(table)
    if left_out:
        of_size = f"Left out, as they would make the page larger than {MOST_BYTES / 1e6:.0f} MB of predictions"
        pieces.append(note(f"{of_size}: {', '.join(left_out)}. They are in predictions_SET.csv of the run folders."))
    return Section("predictions", "Predictions", joined(pieces), _summary(sets))


def _table(set_name: str, run: str, predictions: Predictions) -> Markup:
    is_labelled, has_problems = any(predictions.labels), any(predictions.problems)
    columns = [TableColumn("video")]
    columns += [TableColumn("class", is_filter=True)] if is_labelled else []
    columns += [TableColumn("answer", is_filter=True), TableColumn("probability", "number", 4)]
    columns += [TableColumn("outcome", is_filter=True)] if is_labelled else []
    columns += [TableColumn("problem")] if has_problems else []
    rows: list[list[Cell]] = []
    for i, path in enumerate(predictions.paths):
        row: list[Cell] = [path]
        row += [predictions.labels[i]] if is_labelled else []
        row += [predictions.answers[i], predictions.probabilities[i]]
        row += [_outcome(predictions, i)] if is_labelled else []
        row += [predictions.problems[i][:_LONGEST_PROBLEM]] if has_problems else []
        rows.append(row)
    return data_table(f"Predictions of {run} for {set_name}", columns, rows)


def _side_by_side(set_name: str, of_runs: Sequence[tuple[str, Predictions]]) -> Markup:
    places = [{path: i for i, path in enumerate(predictions.paths)} for _, predictions in of_runs]
    labels: dict[str, str] = {}
    for _, predictions in of_runs:
        labels.update(zip(predictions.paths, predictions.labels, strict=True))
    columns = [TableColumn("video"), TableColumn("class", is_filter=True), TableColumn("right in", "number", 0)]
    for name, _ in of_runs:
        columns += [TableColumn(name, is_filter=True), TableColumn("probability", "number", 4)]
    rows: list[list[Cell]] = []
    for path, label in labels.items():
        found = [(predictions, place.get(path)) for (_, predictions), place in zip(of_runs, places, strict=True)]
        answers = [None if i is None else predictions.answers[i] for predictions, i in found]
        row: list[Cell] = [path, label, sum(_is_right(answer, label) for answer in answers) if label else None]
        for answer, (predictions, i) in zip(answers, found, strict=True):
            row += [answer, None if i is None else predictions.probabilities[i]]
        rows.append(row)
    said = f"Right in: by how many of the {len(of_runs)} runs the video is recognized."
    return data_table(f"Predictions for {set_name} by run", columns, rows, notes=[said])


def _outcome(predictions: Predictions, i: int) -> str:
    label, answer = predictions.labels[i], predictions.answers[i]
    if not answer:
        return "not decoded"
    return _OUTCOMES[_is_right(answer, label)] if label else ""


def _is_right(answer: str | None, label: str) -> bool:
    """Whether an answer is the label, or one of several."""
    return answer == label or answer in label.split(LABEL_SEPARATOR)


def _summary(sets: dict[str, list[tuple[str, Predictions]]]) -> str:
    said = ", ".join(f"{name} {max(len(each) for _, each in of_runs):,}" for name, of_runs in list(sets.items())[:6])
    more = f", and {len(sets) - 6} more sets" if len(sets) > 6 else ""
    return f"Videos by set: {said}{more}. Sort by a column, search, or choose a class."
