"""Rows of `make bench`: what they may hold, their ratio, and that they come back from a file as they were."""

from __future__ import annotations

import argparse
from pathlib import Path

import pytest

from benchmarks.rows import Row, add_row_options, bench_table, read_rows, write_rows
from zsar.lightning_modules.command_line.summarize.report_table import markdown_text


def row(
    unit: str = "ms", *, ours: float | None = 2.0, other: str = "decord", theirs: float | None = 3.0, note: str = ""
) -> Row:
    return Row(what="reading", unit=unit, ours=ours, alternative=other, theirs=theirs, note=note)


def test_a_ratio_above_one_says_that_ours_is_better_whatever_the_unit() -> None:
    assert row("ms").ratio == 1.5  # 2 ms instead of 3 ms
    assert row("frames/s").ratio == pytest.approx(2 / 3)  # 2 frames a second instead of 3
    assert row(theirs=None, other="").ratio is None
    assert row(ours=0.0).ratio is None  # nothing is not a number of times


@pytest.mark.parametrize(
    ("made", "message"),
    [
        (lambda: row(theirs=None), "reading: a figure is missing; say why in note"),
        (lambda: row(ours=None), "reading: a figure is missing; say why in note"),
        (lambda: row(ours=-1.0), "figures must be finite, 0 or more; got -1.0 and 3.0"),
        (lambda: row(theirs=float("nan")), "figures must be finite"),
        (lambda: row(unit=""), "a row needs what was measured, and its unit"),
    ],
)
def test_a_row_without_meaning_is_refused(made: object, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        made()  # type: ignore[operator]


def test_rows_come_back_from_the_file_that_a_script_was_asked_for(tmp_path: Path) -> None:
    parser = argparse.ArgumentParser()
    add_row_options(parser)
    rows = [row(), row(theirs=None, note="not here: no module named decord")]
    write_rows(parser.parse_args([]), rows)  # nobody asked: nothing is written
    write_rows(parser.parse_args(["--rows", str(tmp_path / "rows.json")]), rows)
    assert read_rows(tmp_path / "rows.json") == rows
    (tmp_path / "rows.json").write_text('[{"speed": 3}]', encoding="utf-8")
    with pytest.raises(ValueError, match=r"rows\.json: not the rows of a benchmark: .*speed"):
        read_rows(tmp_path / "rows.json")


def test_the_table_shows_three_digits_and_why_a_figure_is_missing() -> None:
    rows = [row(ours=1234.5, theirs=0.98765), row(theirs=None, note="not here")]
    lines = markdown_text([bench_table(rows, title="a machine")]).splitlines()
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines if line.startswith("| reading")]
    assert cells == [
        ["reading", "ms", "1,234", "decord", "0.988", "0.00", ""],
        ["reading", "ms", "2", "decord", "-", "-", "not here"],
    ]
