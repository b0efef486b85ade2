"""The index of many runs: a table of all, means by experiment, and what is broken or unfinished."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from urllib.parse import quote

from markupsafe import Markup

from zsar.lightning_modules.command_line.report.answer import Answer
from zsar.lightning_modules.command_line.report.facts.completeness import completeness
from zsar.lightning_modules.command_line.report.facts.run_facts import (
    UNKNOWN_DATA,
    MainFigure,
    architecture,
    changed_at,
    data_set,
    experiment,
    main_figure,
    method_name,
    protocol_name,
    seed,
    stages,
)
from zsar.lightning_modules.command_line.report.page import document
from zsar.lightning_modules.command_line.report.rendering import render
from zsar.lightning_modules.command_line.report.reported_run import ReportedRun
from zsar.lightning_modules.command_line.report.section import Section
from zsar.lightning_modules.command_line.report.tables import Cell, TableCell, TableColumn, data_table

_NO_EXPERIMENT = "(not recorded)"


def index_page(runs: Sequence[ReportedRun], pages: Mapping[str, str], *, title: str) -> str:
    """The index of runs.

    Args:
        runs: The runs; their names are unique.
        pages: The page of each by name, relative to the index, with "/".
        title: Heading.

    Returns:
        A whole HTML document.
    """
    ordered = sorted(runs, key=lambda run: (experiment(run) or "~", run.name))
    states = {run.name: completeness(run) for run in ordered}  # before `problems` are read, which this completes
    sections = [Section("runs", "Runs", _runs_table(ordered, pages, states), "Each name leads to the page of the run.")]
    groups = _experiments(ordered)
    if any(len(group) > 1 for group in groups.values()):
        sections.append(_by_experiment(groups))
    if (unfinished := _unfinished(ordered, pages, states)) is not None:
        sections.append(unfinished)
    answer = _answer(ordered, states)
    opening = render("opening.html", {"answer": answer, "table": Markup(), "problems": []})
    return document(title=title, opening=opening, sections=sections)


def link_to(path: str) -> str:
    """A relative link to a page, which no name of a folder can turn into an address elsewhere.

    Args:
        path: The page, relative to where the link stands, with "/"; it may begin with "../".
    """
    quoted = quote(path.encode("utf-8", "surrogateescape"))
    return quoted if quoted.startswith("../") else f"./{quoted}"


def _runs_table(runs: Sequence[ReportedRun], pages: Mapping[str, str], states: Mapping[str, Sequence[str]]) -> Markup:
    columns = [
        TableColumn("run"),
        TableColumn("figure in %", "number"),
        TableColumn("of", is_filter=True),
        TableColumn("method", is_filter=True),
        TableColumn("data", is_filter=True),
        TableColumn("seed", is_filter=True),
        TableColumn("complete", is_filter=True),
        TableColumn("done", is_filter=True),
        TableColumn("date", "fixed"),
        TableColumn("experiment", is_filter=True),
        TableColumn("model"),
    ]
    rows: list[list[Cell]] = []
    for run in runs:
        figure, at, number = main_figure(run), changed_at(run), seed(run)
        is_complete = states[run.name][0].startswith("Yes")
        rows.append(
            [
                TableCell(run.name, href=link_to(pages[run.name])),
                None if figure is None else TableCell(_of(figure), figure.value),
                "" if figure is None else figure.name,
                method_name(run),
                data_set(run),
                "" if number is None else str(number),
                TableCell("yes" if is_complete else "no", tone="" if is_complete else "wrong"),
                stages(run),
                "" if at is None else f"{at:%Y-%m-%d %H:%M}",
                experiment(run) or _NO_EXPERIMENT,
                architecture(run),
            ]
        )
    return data_table("All runs", columns, rows, notes=["Dates are those of the newest result, or log, in UTC."])


def _of(figure: MainFigure) -> str:
    return f"{figure.value:.1f}" if figure.std is None else f"{figure.value:.1f} ± {figure.std:.1f}"


def _experiments(runs: Sequence[ReportedRun]) -> dict[tuple[str, str, str, str], list[ReportedRun]]:
    """Tests of whole sets by experiment, method, data and kind of figure."""
    groups: dict[tuple[str, str, str, str], list[ReportedRun]] = {}
    for run in runs:
        figure = main_figure(run)
        if figure is not None and _is_whole_test(run):
            key = (experiment(run) or _NO_EXPERIMENT, method_name(run), data_set(run), figure.name)
            groups.setdefault(key, []).append(run)
    return groups


def _is_whole_test(run: ReportedRun) -> bool:
    """Whether its figure may be called the best, or enter a mean: no validation, no part of the videos."""
    return run.main_stage == "test" and not run.is_partial


def _by_experiment(groups: Mapping[tuple[str, str, str, str], Sequence[ReportedRun]]) -> Section:
    columns = [TableColumn(name, is_filter=name == "data") for name in ("experiment", "method", "data")]
    columns += [TableColumn("mean in %", "number"), TableColumn("deviation", "number"), TableColumn("of")]
    columns += [TableColumn("runs", "number"), TableColumn("seeds"), TableColumn("best run")]
    rows: list[list[Cell]] = []
    for (name, method, data, kind), runs in groups.items():
        figures = {run.name: figure.value for run in runs if (figure := main_figure(run)) is not None}
        seeds = sorted({number for run in runs if (number := seed(run)) is not None})
        spread = statistics.stdev(figures.values()) if len(figures) > 1 else None
        best = max(figures, key=lambda run: figures[run])
        mean = statistics.mean(figures.values())
        rows.append([name, method, data, mean, spread, kind, len(runs), ", ".join(map(str, seeds)), best])
    notes = [
        "Mean and sample standard deviation (n - 1) over the runs of an experiment, whatever they differ in; "
        "zsar summarize checks that runs of one row differ in seed and fold only."
    ]
    return Section("experiments", "By experiment", data_table("Means over runs", columns, rows, notes=notes))


def _unfinished(
    runs: Sequence[ReportedRun], pages: Mapping[str, str], states: Mapping[str, Sequence[str]]
) -> Section | None:
    rows: list[list[Cell]] = [
        [TableCell(run.name, href=link_to(pages[run.name])), cause]
        for run in runs
        for cause in [*(said for said in states[run.name] if not said.startswith("Yes")), *run.problems]
    ]
    if not rows:
        return None
    table = data_table("What is missing, and why", [TableColumn("run"), TableColumn("cause")], rows)
    return Section("unfinished", "Broken or unfinished", table)


def _answer(runs: Sequence[ReportedRun], states: Mapping[str, Sequence[str]]) -> Answer:
    names = sorted({experiment(run) for run in runs} - {""})
    of = f" of {len(names)} experiments" if len(names) > 1 else ""
    data_sets = sorted({data_set(run) for run in runs} - {UNKNOWN_DATA})
    what = [f"{len(runs)} runs{of}{' on ' * bool(data_sets)}{', '.join(data_sets)}."]
    n_complete = sum(said[0].startswith("Yes") for said in states.values())
    complete = ["Yes, all of them." if n_complete == len(runs) else f"Complete: {n_complete} of {len(runs)} runs."]
    best: dict[tuple[str, str, str], tuple[float, str, str, str]] = {}
    for run in runs:
        figure = main_figure(run)
        if figure is not None and _is_whole_test(run):
            candidate = (figure.value, str(figure), run.name, method_name(run))
            key = (data_set(run), protocol_name(run), figure.name)
            best[key] = max(best.get(key, candidate), candidate)
    good = [
        f"Best on {data}{f' ({protocol})' if protocol else ''}: {text}, {name}: {method}."
        for (data, protocol, _), (_, text, name, method) in sorted(best.items())[:6]
    ]
    compared = ["The runs with each other. Their pages compare each with chance and with published figures."]
    return Answer(what, complete, good or ["No run has a figure yet."], compared)
