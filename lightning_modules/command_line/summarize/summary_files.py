"""The files of `zsar summarize`: JSON with everything, GitHub tables in Markdown, CSV for other programs, charts."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zsar.lightning_modules.command_line.summarize.published.published_comparison import ComparedRow, Comparison
from zsar.lightning_modules.command_line.summarize.published.published_tables import lines_of_papers
from zsar.lightning_modules.command_line.summarize.report_table import (
    Cell,
    Column,
    ReportTable,
    TableRow,
    csv_text,
    markdown_text,
)
from zsar.lightning_modules.command_line.summarize.results.frame_measures import mean_measures
from zsar.lightning_modules.command_line.summarize.results.run_groups import LocalizationGroup
from zsar.lightning_modules.command_line.summarize.summary_charts import summary_charts
from zsar.lightning_modules.command_line.summarize.summary_tables import mean_effect, summary_tables
from zsar.runtime.files.whole_files import write_json_whole, write_text_whole

if TYPE_CHECKING:
    from zsar.lightning_modules.command_line.summarize.compared.comparison import RunComparison

_COMPARISONS = "comparisons"
_CHARTS = (".png", ".svg", ".pdf")
SUFFIXES = (".json", ".md", ".csv", *_CHARTS)

_CSV_COLUMNS = (
    *("group", "set", "mean", "std", "n_runs"),
    *("published", "published_std", "published_source", "difference", "protocol_match"),
    *("untuned", "change", "flipped_right", "flipped_wrong"),
)


def check_suffix(path: Path) -> None:
    """Checks that the suffix of a file names a known format.

    Args:
        path: The file.

    Raises:
        ValueError: The suffix is unknown.
    """
    if path.suffix not in SUFFIXES:
        raise ValueError(f"--output {path}: the suffix must be one of {', '.join(SUFFIXES)}; got {path.suffix!r}")


def write_summary(path: Path, rows: Sequence[ComparedRow], comparisons: Sequence[RunComparison] = ()) -> Path:
    """Writes the summary in the format of the suffix, in one step.

    Args:
        path: A .json, .md or .csv file, or a chart: .png, .svg or .pdf; its folder is created.
        rows: The rows of all runs, with published figures.
        comparisons: Of runs on the same videos, for .json ("comparisons") and .md.

    Returns:
        The path.

    Raises:
        ValueError: The suffix is unknown, or a row has the name under which comparisons are written.
    """
    check_suffix(path)
    if path.suffix in _CHARTS:
        # imported here, as matplotlib takes a second
        from zsar.callbacks.pictures.figures import save_figure
        from zsar.callbacks.pictures.result_figure import result_figure

        return save_figure(result_figure(summary_charts(rows)), path)
    if path.suffix == ".json":
        return write_json_whole(path, _summary_json(rows, comparisons))
    if path.suffix == ".csv":
        return write_text_whole(path, csv_text(row_table(rows)))
    tables = summary_tables(rows)
    if comparisons:
        # imported here, as numpy takes a second
        from zsar.lightning_modules.command_line.summarize.compared.comparison_tables import comparison_tables

        tables += comparison_tables(comparisons)
    return write_text_whole(path, markdown_text(tables))


def _summary_json(rows: Sequence[ComparedRow], comparisons: Sequence[RunComparison]) -> dict[str, Any]:
    content: dict[str, Any] = {row.group.name: row_json(row) for row in rows}
    if comparisons and _COMPARISONS in content:
        raise ValueError(f"a row is called {_COMPARISONS!r}, as comparisons are in this file; rename its run folder")
    return content | ({_COMPARISONS: [comparison.json() for comparison in comparisons]} if comparisons else {})


def row_json(row: ComparedRow) -> dict[str, Any]:
    """Everything about a row, for JSON.

    Args:
        row: The row.

    Returns:
        Means under the names of the figures; for several runs also deviations and each run's figures; settings, the
        effects of tuning, and published figures.
    """
    group, names = row.group, row.group.set_names
    content: dict[str, Any] = {"task": "localization"} if isinstance(group, LocalizationGroup) else {}
    content |= {name: round(group.mean(name), 2) for name in names}
    content["n_runs"] = len(group.runs)
    if len(group.runs) > 1:
        content["std"] = {name: round(group.std(name) or 0.0, 2) for name in names}
        content["runs"] = [{name: round(run.figures[name], 2) for name in names} for run in group.runs]
    if isinstance(group, LocalizationGroup):
        content["n_adaptations"] = group.n_adaptations
        if group.compared_scores:
            content["segment_scores"] = {
                score: {name: round(group.score_figure(score, name).value, 2) for name in names}
                for score in group.compared_scores
            }
    content["made_with"] = [run.made_with for run in group.runs]
    content["settings"] = group.settings.flat()
    if isinstance(group, LocalizationGroup):
        return {**content, "published": [_line_json(line) for line in lines_of_papers(row.published)]}
    effects = {name: mean_effect(group, name) for name in names}
    content |= {"frames": mean_measures([run.frames for run in group.runs])} if group.runs[0].frames else {}
    content["tuning"] = {
        name: {key: round(value, 3) for key, value in effect.items()} for name, effect in effects.items() if effect
    }
    return {**content, "published": [_figure_json(comparison) for comparison in row.published]}


def _figure_json(comparison: Comparison) -> dict[str, Any]:
    figure = comparison.figure
    return {
        "method": figure.method,
        "variant": figure.variant,
        "sources": list(comparison.sources),
        **{key: getattr(figure, key) for key in ("citation", "architecture", "set", "value", "std")},
        "ours": round(comparison.ours, 2),
        "difference": round(comparison.points, 2),
        "protocol_match": comparison.match,
        "note": figure.note,
    }


def _line_json(line: Sequence[Comparison]) -> dict[str, Any]:
    """One line of a paper's table on localization."""
    first = line[0]
    named = {"method": first.figure.full_method, "source": first.figure.source}
    values: dict[str, float] = {comparison.figure.set: comparison.figure.value for comparison in line}
    return {**named, **values, "same_method": first.same_method, "match": first.match}


def row_table(rows: Sequence[ComparedRow]) -> ReportTable:
    """The table of a CSV file: a line for each row and figure, with the best published match of the same method.

    Args:
        rows: The rows of all runs.

    Returns:
        Figures in percent with two decimals; missing values are empty.
    """
    lines = [_csv_cells(row, name) for row in rows for name in row.group.set_names]
    cells = [TableRow(tuple(line.get(name, "") for name in _CSV_COLUMNS)) for line in lines]
    return ReportTable(columns=tuple(map(Column, _CSV_COLUMNS)), rows=tuple(cells))


def _csv_cells(row: ComparedRow, name: str) -> dict[str, Cell]:
    group = row.group
    cells: dict[str, Cell] = {"group": group.name, "set": name, "mean": f"{group.mean(name):.2f}"}
    if (std := group.std(name)) is not None:
        cells["std"] = f"{std:.2f}"
    cells["n_runs"] = len(group.runs)
    if isinstance(group, LocalizationGroup):
        return cells
    if effect := mean_effect(group, name):
        cells |= {"untuned": f"{effect['untuned_top1']:.2f}", "change": f"{effect['change']:.2f}"}
        cells |= {key: f"{effect[key]:g}" for key in ("flipped_right", "flipped_wrong") if key in effect}
    if (best := row.best_match(name)) is not None:
        cells |= {"published": best.figure.value, "published_source": "; ".join(best.sources)}
        cells |= {"difference": f"{best.points:.2f}", "protocol_match": best.match}
        cells |= {} if best.figure.std is None else {"published_std": best.figure.std}
    return cells
