"""The section on results: the tables of `zsar summarize`, with published figures beside them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from markupsafe import Markup

from zsar.lightning_modules.command_line.report.facts.compared_runs import compared_rows
from zsar.lightning_modules.command_line.report.facts.run_facts import MAP_OVER_CLASSES, is_multi_label
from zsar.lightning_modules.command_line.report.reported_run import ReportedRun, part
from zsar.lightning_modules.command_line.report.section import Section
from zsar.lightning_modules.command_line.report.tables import Cell, TableColumn, data_table, report_tables
from zsar.lightning_modules.command_line.summarize.results.evaluation_protocol import LABEL_MAP
from zsar.lightning_modules.command_line.summarize.results.localization_results import precision_name
from zsar.lightning_modules.command_line.summarize.summary_tables import summary_tables

_NAMES = {
    **{"top1": "top-1", "top5": "top-5", "mean_class": "mean over classes", "cross_entropy": "cross-entropy"},
    LABEL_MAP: MAP_OVER_CLASSES,
}
_COUNTS = {"n_listed": "listed", "n_evaluated": "evaluated", "n_videos": "evaluated", "n_failed": "not decodable"}


def section(runs: Sequence[ReportedRun]) -> Section | None:
    """The section.

    Args:
        runs: The runs of the page.

    Returns:
        It; None if no run has figures of a set.
    """
    rows, problem = compared_rows(runs)
    parts = [report_tables(summary_tables(rows))] if rows else []
    for run in runs:
        parts += [
            table for make in (sets_table, precisions_table) if (table := make(run, named=len(runs) > 1)) is not None
        ]
    if not parts:
        return None
    n_published = sum(len(row.published) for row in rows)
    summary = (
        f"{n_published} published figures are beside them; where they were made otherwise, it is said."
        if n_published
        else "The papers report no figures for this data and protocol."
        if rows
        else ""
    )
    return Section("results", "Results", Markup("\n").join(parts), f"{summary} {problem or ''}".strip())


def sets_table(run: ReportedRun, *, named: bool) -> Markup | None:
    """All figures of each set of the main stage, with its counts; None where there are none."""
    sets: Mapping[str, object] = part(run.main_result, "sets", kind=dict) or {}
    figures = {name: of_set for name, of_set in sets.items() if isinstance(of_set, Mapping)}
    if not figures:
        return None
    keys = dict.fromkeys(key for of_set in figures.values() for key, v in of_set.items() if isinstance(v, int | float))
    measured = [key for key in keys if key in _NAMES or key.startswith("map")]
    counted = [key for key in keys if key in _COUNTS]
    columns = [TableColumn("set")]
    columns += [TableColumn(_heading(key), "number", 2 if key == "cross_entropy" else 1) for key in measured]
    columns += [TableColumn(_COUNTS[key], "number") for key in counted]
    rows: list[list[Cell]] = [
        [name, *(part(s, key, kind=float) for key in measured), *(part(s, key, kind=int) for key in counted)]
        for name, s in figures.items()
    ]
    of_run = f" of {run.name}" if named else ""
    return data_table(f"Sets of the {run.main_stage}{of_run}; accuracies and mAP in percent", columns, rows)


def precisions_table(run: ReportedRun, *, named: bool) -> Markup | None:
    """Average precision of each class where videos have several labels, with its number of videos; else None."""
    sets = part(run.main_result, "sets", kind=dict) or {}
    counted = part(run.main_result, "data", "labels", kind=dict) or {}
    rows: list[list[Cell]] = []
    for set_name in sets if is_multi_label(run) else ():
        precisions = part(sets, set_name, "per_class", kind=dict) or {}
        positives = part(counted, set_name, "n_positives", kind=dict) or {}
        rows += [[name, part(precisions, name, kind=float), part(positives, name, kind=int)] for name in positives]
    columns = [TableColumn("class"), TableColumn("average precision %", "number", 1), TableColumn("videos", "number")]
    of_run = f" of {run.name}" if named else ""
    return data_table(f"Classes of the {run.main_stage}{of_run}", columns, rows) if rows else None


def _heading(key: str) -> str:
    return _NAMES.get(key) or f"mAP {precision_name(key)}"
