"""Rows of `make bench`: what was measured, ours beside an alternative.

Every script `bench_*.py` adds the two options of `add_row_options` to its own, prints for a reader as it likes, and
ends with `write_rows`. `table.py` runs the scripts and joins their rows: a new script is in the table by being there.
"""

from __future__ import annotations

import argparse
import json
import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from zsar.lightning_modules.command_line.summarize.report_table import Column, ReportTable, TableRow
from zsar.runtime.files.whole_files import write_json_whole

__all__ = ["Row", "add_row_options", "bench_table", "read_rows", "write_rows"]

_NONE = "-"


@dataclass(frozen=True, kw_only=True)
class Row:
    """One figure.

    Attributes:
        what: What was measured: "reading 8 frames, AV1".
        unit: Its unit. Less is better, unless it is a rate, which ends with "/s".
        ours: The figure; None if it could not be measured, for which `note` says why.
        alternative: What it is compared with: "decord"; empty if there is none.
        theirs: The alternative's figure; None if there is none, or it could not be measured.
        note: In a few words: whether results are equal, or why a figure is missing.
    """

    what: str
    unit: str
    ours: float | None = None
    alternative: str = ""
    theirs: float | None = None
    note: str = ""

    def __post_init__(self) -> None:
        """Checks that a missing figure is explained, and that figures are figures.

        Raises:
            ValueError: A text that is needed is empty, or a figure is negative or not finite.
        """
        if not self.what or not self.unit:
            raise ValueError(f"a row needs what was measured, and its unit; got {self.what!r} and {self.unit!r}")
        given = [figure for figure in (self.ours, self.theirs) if figure is not None]
        if not all(math.isfinite(figure) and figure >= 0 for figure in given):
            raise ValueError(f"{self.what}: figures must be finite, 0 or more; got {self.ours} and {self.theirs}")
        if not self.note and (self.ours is None or (self.theirs is None and self.alternative)):
            raise ValueError(f"{self.what}: a figure is missing; say why in note")

    @property
    def ratio(self) -> float | None:
        """How many times better ours is: above 1, ours is faster or smaller; None without both figures."""
        if not self.ours or not self.theirs:
            return None
        return self.ours / self.theirs if self.unit.endswith("/s") else self.theirs / self.ours


def add_row_options(parser: argparse.ArgumentParser) -> None:
    """Adds `--quick` and `--rows`.

    Args:
        parser: Of a script.
    """
    parser.add_argument("--quick", action="store_true", help="tiny sizes: finishes in seconds; the figures mean little")
    parser.add_argument("--rows", type=Path, metavar="FILE", help="also write the rows of `make bench` as JSON")


def write_rows(options: argparse.Namespace, rows: Sequence[Row]) -> None:
    """Writes the rows of a script, if it was asked for them.

    Args:
        options: The parsed command line.
        rows: The rows.
    """
    if options.rows is not None:
        write_json_whole(options.rows, [asdict(row) for row in rows])


def read_rows(file: Path) -> list[Row]:
    """The rows that a script wrote.

    Args:
        file: The file.

    Raises:
        OSError: It is not there.
        ValueError: It holds no rows.
    """
    content: Any = json.loads(file.read_text(encoding="utf-8"))
    try:
        return [Row(**fields) for fields in content]
    except TypeError as error:
        raise ValueError(f"{file}: not the rows of a benchmark: {error}") from None


def bench_table(rows: Sequence[Row], *, title: str) -> ReportTable:
    """The table of rows.

    Args:
        rows: From top to bottom.
        title: The machine and the date.
    """
    headings = ("what", "unit", "ours", "alternative", "theirs", "ratio", "note")
    numbers = {"ours", "theirs", "ratio"}
    lines = [
        (row.what, row.unit, _digits(row.ours), row.alternative or _NONE, _digits(row.theirs), _ratio(row), row.note)
        for row in rows
    ]
    return ReportTable(
        columns=tuple(Column(heading, is_number=heading in numbers) for heading in headings),
        rows=tuple(TableRow(line) for line in lines),
        title=title,
        notes=("A ratio above 1: ours is that many times as fast, or as small",),
    )


def _ratio(row: Row) -> str:
    return _NONE if row.ratio is None else f"{row.ratio:.2f}"


def _digits(value: float | None) -> str:
    """Three digits that count; whole numbers above 100."""
    if value is None:
        return _NONE
    return f"{value:,.0f}" if value >= 100 or value == int(value) else f"{value:.3g}"
