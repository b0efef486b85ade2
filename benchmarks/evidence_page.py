"""Writes the tables of the evidence into docs/results/embedded.md, from the results of `zsar reproduce evidence/NAME`.

    python benchmarks/evidence_page.py [--results runs/evidence] [--page docs/results/embedded.md]

Each section of the page has a pair of markers. What stands between them is replaced by the table of
RESULTS/NAME/results.json, as `zsar summarize --output` wrote it; below it the tables of RESULTS/NAME/compared.md, where
`zsar summarize --compare` wrote some, and the chart RESULTS/NAME/results.png, which is copied beside the other pictures.
What is outside of markers, and sections without results, stay as they are.
"""

from __future__ import annotations

import argparse
import os
import platform
import re
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from zsar.lightning_modules.command_line.summarize.report_table import (
    Cell,
    Column,
    Figure,
    ReportTable,
    TableRow,
    markdown_text,
)
from zsar.lightning_modules.command_line.summarize.results.localization_results import precision_name
from zsar.runtime.files.whole_files import write_text_whole
from zsar.runtime.terminal import say
from zsar.runtime.text.json_files import json_value

ROOT = Path(__file__).resolve().parents[1]
MACHINE = "machine"  # the markers of the lines on machine, versions and date
PACKAGES = ("torch", "lightning", "open_clip_torch")
# Figures of a row beside its accuracies: the key of results.json, its heading, and what it counts.
MEASURES = {
    "feature_diversity": ("V + C", "V + C: mean variance and central difference of frame embeddings, as TFD counts them"),
    "frame_distance": ("distance", "distance: mean cosine distance of two frames of a clip, in percent"),
}
TUNED = {"untuned_top1": "untuned", "views_top1": "by views", "tuned_top1": "tuned"}

Rows = Mapping[str, Mapping[str, Any]]
"""The content of a results.json: {name of a row: its figures}."""


@dataclass(frozen=True)
class Section:
    """What was measured for a section.

    Attributes:
        name: Of the markers, and of the folder.
        text: What belongs between the markers.
        made_by: Machine, versions and date, in one line.
        n_rows: Rows of its table.
    """

    name: str
    text: str
    made_by: str
    n_rows: int


def tables_of(rows: Rows) -> list[ReportTable]:
    """The tables of a results.json; rows with the same figures share one.

    Args:
        rows: Its content.

    Returns:
        Figures in percent; those of several runs with their sample standard deviation.

    Raises:
        ValueError: There are no rows.
    """
    by_names: dict[tuple[str, ...], dict[str, Mapping[str, Any]]] = {}
    for name, row in rows.items():
        by_names.setdefault(figure_names(row), {})[name] = row
    if not by_names:
        raise ValueError("has no rows; `zsar reproduce evidence/NAME` ends with them")
    return [table for names, of_table in by_names.items() for table in _tables(names, of_table)]


def figure_names(row: Mapping[str, Any]) -> tuple[str, ...]:
    """The sets of a row with the harmonic mean, or its thresholds of temporal IoU: what stands before "n_runs"."""
    keys = list(row)
    return tuple(key for key in keys[: keys.index("n_runs")] if key != "task")


def _tables(names: Sequence[str], rows: Rows) -> list[ReportTable]:
    first = next(iter(rows.values()))
    is_localization = first.get("task") == "localization"
    title = "mAP in percent at temporal IoU" if is_localization else "top-1 in percent"
    heading = precision_name if is_localization else _in_words
    measures = {key: tuple(first[key]) for key in MEASURES if key in first}
    columns = [Column(title, is_number=False), *(Column(heading(name)) for name in names)]
    columns += [Column(f"{MEASURES[key][0]}, {_in_words(of_set)}") for key in measures for of_set in measures[key]]
    lines = tuple(
        TableRow((name, *(_figure(row, of_set) for of_set in names), *_measured(row, measures), row["n_runs"]))
        for name, row in rows.items()
    )
    notes = [MEASURES[key][1] for key in measures]
    notes += ["mean ± sample standard deviation of the runs"] * any(row["n_runs"] > 1 for row in rows.values())
    accuracies = ReportTable(columns=(*columns, Column("runs")), rows=lines, notes=tuple(notes))
    return [accuracies, *_tuning(rows)]


def _tuning(rows: Rows) -> list[ReportTable]:
    """What tuning changed: top-1 of each set before and after, and that of the averaged views."""
    lines: list[TableRow] = []
    for name, row in rows.items():
        for of_set, effect in row.get("tuning", {}).items():
            if "flipped_right" in effect:  # the harmonic mean has accuracies only
                flips = f"{effect['flipped_right']:.1f} / {effect['flipped_wrong']:.1f}"
                change = Figure(effect["change"], is_change=True)
                lines.append(TableRow((name, _in_words(of_set), *(Figure(effect[k]) for k in TUNED), change, flips)))
    words = (Column("tuning, top-1 in percent", is_number=False), Column("set", is_number=False))
    numbers = map(Column, (*TUNED.values(), "change", "flips"))
    note = "by views: the averaged confident views, untuned; flips: videos a run that tuning makes right / wrong"
    return [ReportTable(columns=(*words, *numbers), rows=tuple(lines), notes=(note,))] if lines else []


def _figure(row: Mapping[str, Any], name: str) -> Figure:
    return Figure(row[name], row["std"][name] if row["n_runs"] > 1 else None)


def _measured(row: Mapping[str, Any], measures: Mapping[str, Sequence[str]]) -> list[Cell]:
    """Measures with two digits; a row that lacks one has a dash."""
    return [f"{row[key][of_set]:.3g}" if key in row else "-" for key in measures for of_set in measures[key]]


def _in_words(name: str) -> str:
    return name.replace("_", " ")


def read_section(folder: Path, pictures: Path) -> Section | None:
    """The section of a folder of results; None if there are none.

    Args:
        folder: RESULTS/NAME.
        pictures: Where its chart is copied to.

    Raises:
        ValueError: The results are not those of `zsar summarize`.
    """
    results, compared, chart = (folder / name for name in ("results.json", "compared.md", "results.png"))
    if not results.is_file():
        return None
    try:
        rows: Rows = {name: row for name, row in json_value(results, "summary").value.items() if "n_runs" in row}
        blocks = [markdown_text(tables_of(rows))]
    except (AttributeError, KeyError, TypeError) as error:
        raise ValueError(f"{results} is not a summary ({error!r}); `zsar reproduce evidence/{folder.name}`") from error
    if compared.is_file():
        blocks.append(compared.read_text(encoding="utf-8"))
    if chart.is_file():
        pictures.mkdir(parents=True, exist_ok=True)
        copy = shutil.copyfile(chart, pictures / f"evidence_{folder.name}.png")
        blocks.append(f"![{folder.name}: the figures of the table](../pictures/{copy.name})\n")
    return Section(folder.name, "\n".join(blocks), _made_by(rows, results), len(rows))


def _made_by(rows: Rows, results: Path) -> str:
    """Date, machine and versions, those of the first run."""
    day = datetime.fromtimestamp(results.stat().st_mtime, timezone.utc).date().isoformat()
    run = Path(next(iter(rows.values()))["made_with"][0]["folder"]) / "results.json"
    recorded = json_value(run, "result").value["environment"]
    versions = ", ".join(f"{name} {recorded['packages'][name]}" for name in PACKAGES)
    return f"{day}; {_processor()}; Python {recorded['python']}, {versions}"


def _processor() -> str:
    """The processor of this machine, and its cores."""
    described = Path("/proc/cpuinfo")
    named = re.search(r"model name\s*: (.+)", described.read_text()) if described.is_file() else None
    return f"{named[1] if named else platform.machine()}, {os.cpu_count()} cores"


def with_sections(page: str, sections: Sequence[Section]) -> str:
    """The page with what was measured between its markers.

    Args:
        page: Its text.
        sections: What was measured; other sections stay as they are.

    Raises:
        ValueError: The page lacks the markers of a section.
    """
    for section in sections:
        page = _replaced(page, section.name, section.text)
    made_by = {section.name: section.made_by for section in sections}
    kept = re.findall(r"^- (.+?): (.+)$", _between(page, MACHINE), flags=re.MULTILINE)
    of_all = {name: line for names, line in kept for name in names.split(", ")} | made_by
    lines: dict[str, list[str]] = {}
    for name, line in of_all.items():
        lines.setdefault(line, []).append(name)
    return _replaced(page, MACHINE, "".join(f"- {', '.join(names)}: {line}\n" for line, names in lines.items()))


def _markers(name: str) -> re.Pattern[str]:
    return re.compile(rf"(?<=<!-- evidence: {name} -->\n)(.*?)(?=<!-- end of evidence -->)", re.DOTALL)


def _between(page: str, name: str) -> str:
    found = _markers(name).search(page)
    if found is None:
        raise ValueError(f"has no markers <!-- evidence: {name} --> and <!-- end of evidence -->; add them")
    return found[1]


def _replaced(page: str, name: str, text: str) -> str:
    _between(page, name)
    return _markers(name).sub(lambda _: f"\n{text.strip()}\n\n", page, count=1)


def main() -> None:
    """Writes the page, and says which sections it has written."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--results", type=Path, default=ROOT / "runs" / "evidence", help="the folder of all tables")
    parser.add_argument("--page", type=Path, default=ROOT / "docs" / "results" / "embedded.md", help="the page")
    options = parser.parse_args()
    page = options.page.read_text(encoding="utf-8")
    names = [name for name in re.findall(r"<!-- evidence: (\w+) -->", page) if name != MACHINE]
    read = {name: read_section(options.results / name, options.page.parents[1] / "pictures") for name in names}
    sections = [section for section in read.values() if section is not None]
    write_text_whole(options.page, with_sections(page, sections))
    for name, section in read.items():
        told = f"{section.n_rows} rows" if section else f"no results in {options.results / name}; it stays as it is"
        say(f"{name}: {told}")
    say(f"wrote {options.page}")


if __name__ == "__main__":
    main()
