"""The tables of the papers: rows with published figures, and the steps that make each row.

`papers_file` reads them from `configs/papers.yaml`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

Verb = Literal["fit", "test", "run"]
Checkpoint = Literal["last", "best", "weight_mean"]
Cell = float | int | str | None
"""A figure as printed: a number, a text such as "55.4 ± 0.8", or None for a dash."""

WITH = "with"
"""The key under which a step varies a fragment instead of a setting."""


@dataclass(frozen=True, kw_only=True)
class Step:
    """One step of a row.

    Attributes:
        verb: "fit" and "test" run an experiment; "run" is any other command of zsar.
        of: Name of the experiment in configs/experiment, or the command with placeholders {data} and {output}.
        fragments: Configurations appended to the experiment, such as "ablation/tpt_steps_1".
        settings: Options of the command line, by dotted name.
        vary: Options with several values; each combination is a run. `WITH` varies a fragment.
        checkpoint: Which checkpoint of the row's preceding fit is tested or, by a fit, started from; None for none.
    """

    verb: Verb
    of: str
    fragments: tuple[str, ...] = ()
    settings: Mapping[str, Any] = field(default_factory=dict)
    vary: Mapping[str, tuple[Any, ...]] = field(default_factory=dict)
    checkpoint: Checkpoint | None = None


@dataclass(frozen=True, kw_only=True)
class Row:
    """A row of a table.

    Attributes:
        name: As printed; unique in its table.
        figures: One for each column of the table; empty where the paper prints none.
        steps: What makes the row; empty if `why_not` says why nothing does, or if the table has a sweep.
        why_not: Why no command makes it; None if one does.
        differences: How its commands differ from the paper, in words; None for no known difference.
    """

    name: str
    figures: tuple[Cell, ...]
    steps: tuple[Step, ...] = ()
    why_not: str | None = None
    differences: str | None = None


@dataclass(frozen=True, kw_only=True)
class Table:
    """A numbered table or figure of a paper.

    Attributes:
        paper: Key of the paper, such as "t2l".
        key: Its key, such as "table7" or "figure3".
        title: What it shows.
        columns: Headings of its figures.
        rows: Its rows; empty if `why_not` is stated for the whole.
        why_not: Why no command makes the whole of it; None if its rows say so themselves.
        sweep: Name of the sweep in configs/sweeps that makes all rows; None for steps in the rows.
    """

    paper: str
    key: str
    title: str
    columns: tuple[str, ...]
    rows: tuple[Row, ...]
    why_not: str | None = None
    sweep: str | None = None

    @property
    def name(self) -> str:
        """Its name on the command line: "t2l/table7"."""
        return f"{self.paper}/{self.key}"

    @property
    def heading(self) -> str:
        """Its number as printed: "Table 7"; other keys unchanged."""
        for kind in ("table", "figure"):
            number = self.key.removeprefix(kind)
            if number != self.key and number.isdecimal():
                return f"{kind.capitalize()} {number}"
        return self.key

    def cells_of(self, row: Row) -> tuple[str, ...]:
        """The figures of a row as texts, one for each column: "-" for a dash, nothing where the paper prints none.

        Args:
            row: One of its rows.
        """
        return tuple("-" if cell is None else str(cell) for cell in row.figures) or ("",) * len(self.columns)

    @property
    def runnable_rows(self) -> tuple[Row, ...]:
        """The rows that commands make: those with steps, or all of a sweep."""
        return self.rows if self.sweep is not None else tuple(row for row in self.rows if row.steps)


@dataclass(frozen=True, kw_only=True)
class Paper:
    """A paper, or a benchmark of our own.

    Attributes:
        key: Its key, such as "t2l".
        title: Its title.
        tables: Its tables and figures, by key.
    """

    key: str
    title: str
    tables: Mapping[str, Table]


@dataclass(frozen=True, kw_only=True)
class Papers:
    """The content of the file.

    Attributes:
        papers: By key.
        of_no_paper: Configurations that belong to no table, with the reason.
    """

    papers: Mapping[str, Paper]
    of_no_paper: Mapping[str, str]

    @property
    def tables(self) -> Iterator[Table]:
        """All tables, in the order of the file."""
        for paper in self.papers.values():
            yield from paper.tables.values()
