"""The page of the evidence: what stands between its markers is made of results; nothing else changes."""

import re
from pathlib import Path

import pytest

from benchmarks.evidence_page import Section, read_section, with_sections
from tests.makers.results.recognition_results import write_result
from tests.makers.source_tree import ROOT
from zsar.lightning_modules.command_line.cli import main

PAGE = "# T\n\n<!-- evidence: machine -->\n<!-- end of evidence -->\n\n" + "".join(
    f"## {name}\n\n<!-- evidence: {name} -->\nold\n<!-- end of evidence -->\n\nBy hand: {name}.\n" for name in "ab"
)


def summarized(folder: Path, *more: str) -> Path:
    runs = [
        write_result(folder / "t2l" / f"seed{i}", {"base": 40.0 + 2 * i, "novel": 60.0}, seed=i, environment=MADE_WITH)
        for i in range(2)
    ]
    assert main(["summarize", *map(str, runs), "--output", str(folder / "results.json"), *more]) == 0
    return folder


MADE_WITH = {"python": "3.12", "packages": {"torch": "2.1", "lightning": "2.2", "open_clip_torch": "2.3"}}


def test_a_section_has_the_tables_of_its_runs(tmp_path: Path) -> None:
    section = read_section(summarized(tmp_path / "a"), tmp_path / "pictures")
    assert section is not None
    assert "| t2l | 41.0 ± 1.4 | 60.0 ± 0.0 | 48.7 ± 1.0 | 2 |" in section.text
    assert re.fullmatch(r"\d{4}-\d\d-\d\d; .+, \d+ cores; Python 3.12, torch 2.1, .*", section.made_by)
    assert not (tmp_path / "pictures").exists()


def test_comparisons_and_a_chart_are_taken_where_they_are(tmp_path: Path) -> None:
    folder = summarized(tmp_path / "a", "--output", str(tmp_path / "a" / "results.md"))
    (folder / "compared.md").write_text("| compared |\n")
    (folder / "results.png").write_bytes(b"a chart")
    section = read_section(folder, tmp_path / "pictures")
    assert section is not None
    assert section.text.count("| t2l |") == 1
    assert section.text.endswith("| compared |\n\n![a: the figures of the table](../pictures/evidence_a.png)\n")
    assert (tmp_path / "pictures" / "evidence_a.png").read_bytes() == b"a chart"


def test_only_what_was_measured_is_replaced_and_the_rest_stays() -> None:
    page = with_sections(PAGE, [Section("a", "| new |\n", "today; a machine", 1)])
    assert page == PAGE.replace("a -->\nold\n", "a -->\n\n| new |\n\n", 1).replace(
        "machine -->\n", "machine -->\n\n- a: today; a machine\n\n"
    )
    again = with_sections(page, [Section("b", "| newer |\n", "today; a machine", 1)])
    assert "- a, b: today; a machine\n" in again
    assert with_sections(again, [Section("a", "| new |\n", "tomorrow", 1)]).count("tomorrow") == 1
    assert with_sections(PAGE, []).count("old") == 2


def test_a_page_without_the_markers_is_refused() -> None:
    with pytest.raises(ValueError, match="has no markers <!-- evidence: c -->"):
        with_sections(PAGE, [Section("c", "", "", 1)])


def test_there_are_no_results_where_nothing_was_run(tmp_path: Path) -> None:
    assert read_section(tmp_path / "a", tmp_path) is None


def test_the_page_has_markers_for_each_table_that_make_runs() -> None:
    named = re.findall(r"<!-- evidence: (\w+) -->", (ROOT / "docs" / "results" / "embedded.md").read_text())
    (made,) = re.findall(r"^EVIDENCE := (.*)$", (ROOT / "Makefile").read_text(), flags=re.MULTILINE)
    assert named == ["machine", *made.split()]
