"""Writes the tables of the evidence into docs/results/embedded.md, from the results of `zsar reproduce evidence/NAME`.

    python benchmarks/evidence_page.py [--results runs/evidence] [--page docs/results/embedded.md]

Each section of the page has a pair of markers. What stands between them is replaced by the tables of the runs that
RESULTS/NAME/results.json names, as `zsar summarize` prints them; or, where the same command wrote it, by those of
RESULTS/NAME/results.md, which also has comparisons. Below are the tables of RESULTS/NAME/compared.md, where there is
one, and the chart RESULTS/NAME/results.png, which is copied beside the other pictures. What is outside of markers, and
sections without results, stay as they are.
"""

from __future__ import annotations

import argparse
import re
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path

from zsar.lightning_modules.command_line.profile.machine import cpu_name
from zsar.lightning_modules.command_line.summarize.published.published_comparison import ComparedRow
from zsar.lightning_modules.command_line.summarize.report_table import markdown_text
from zsar.lightning_modules.command_line.summarize.results.result_reading import read_result
from zsar.lightning_modules.command_line.summarize.results.run_groups import group_runs, read_run
from zsar.lightning_modules.command_line.summarize.summary_tables import summary_tables
from zsar.runtime.files.whole_files import write_text_whole
from zsar.runtime.processes.cpu_count import cpu_count
from zsar.runtime.terminal import say
from zsar.runtime.text.json_files import json_value

ROOT = Path(__file__).resolve().parents[1]
MACHINE = "machine"  # the markers of the lines on machine, versions and date
COMPARISONS = "comparisons"  # of a results.json, beside its rows
PACKAGES = ("torch", "lightning", "open_clip_torch")


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


def read_section(folder: Path, pictures: Path) -> Section | None:
    """The section of a folder of results; None if there are none.

    Args:
        folder: RESULTS/NAME.
        pictures: Where its chart is copied to.

    Returns:
        Its tables, with the chart below.

    Raises:
        ValueError: The results are not those of `zsar summarize`, or a run of them is gone.
    """
    results, chart = folder / "results.json", folder / "results.png"
    if not results.is_file():
        return None
    rows = [row for name, row in json_value(results, "summary").items() if name != COMPARISONS]
    runs = [read_run(ROOT / run["folder"].name()) for row in rows for run in row["made_with"].elements()]
    groups = group_runs(runs)
    written = [path for path in (folder / "results.md", folder / "compared.md") if path.is_file()]
    blocks = [path.read_text(encoding="utf-8") for path in written]
    if folder / "results.md" not in written:
        blocks.insert(0, markdown_text(summary_tables([ComparedRow(group, ()) for group in groups])))
    if chart.is_file():
        pictures.mkdir(parents=True, exist_ok=True)
        copy = shutil.copyfile(chart, pictures / f"evidence_{folder.name}.png")
        blocks.append(f"![{folder.name}: the figures of the table](../pictures/{copy.name})\n")
    return Section(folder.name, "\n".join(blocks), _made_by(runs[0].folder, results), len(groups))


def _made_by(run: Path, results: Path) -> str:
    """Date, machine and versions, in one line."""
    day = datetime.fromtimestamp(results.stat().st_mtime, timezone.utc).date().isoformat()
    recorded = read_result(run)["environment"]
    versions = ", ".join(f"{name} {recorded['packages'][name]}" for name in PACKAGES)
    return f"{day}; {cpu_name()}, {cpu_count()} cores; Python {recorded['python']}, {versions}"


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
        told = f"{section.n_rows} row(s)" if section else f"no results in {options.results / name}; it stays as it is"
        say(f"{name}: {told}")
    say(f"wrote {options.page}")


if __name__ == "__main__":
    main()
