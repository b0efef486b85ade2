"""All tables of the papers: a list for the terminal, and a Markdown file with every row (docs/results/README.md)."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence
from pathlib import Path

from zsar.lightning_modules.command_line.batch.sweep_files import read_sweep
from zsar.lightning_modules.command_line.reproduce.paper_tables import Checkpoint, Paper, Papers, Row, Step, Table
from zsar.lightning_modules.command_line.reproduce.run_places import option_text
from zsar.lightning_modules.command_line.summarize.report_table import Column, ReportTable, TableRow, markdown_text
from zsar.lightning_modules.experiments.shipped_configs import located
from zsar.runtime.files.whole_files import whole_file

_INTRODUCTION = """\
# The tables of the papers

**The figures are the papers' own. None of their data sets was run here: neither the videos nor a GPU were at hand.**
What was measured here is the embedded benchmark (`moving_shapes` below, and [measured.md](measured.md)).

Every numbered table and figure of the papers that zsar implements, and what BIKE's and Open-VCLIP's authors report of
their tests, row by row: the figures as published, the commands that make them here, and what differs; or the reason why
no command makes a row. This file is made from [`configs/papers.yaml`](../../configs/papers.yaml), and a test holds it
to that file:

```bash
zsar reproduce --list --markdown docs/results/README.md
```

`zsar reproduce t2l/table7` runs a table and ends with the runs beside the published figures. `--only ROW` runs one row;
`--dry_run` prints the commands in full, after the data sets, lists and weights that they need. A training that several
rows or tables need is run once, an interrupted one resumes, and what has finished is not run again.

Below each table stands what makes its rows: `fit` and `test` name files of `configs/experiment/`; "with" names further
configurations that are appended to them. Of several values of a setting each is a run, and the figure is their mean. A
test "of" a fit reads its last checkpoint, a fit "from" another starts there.
"""
# Which checkpoint of a fit, if it is not the last one.
_CHECKPOINTS: dict[Checkpoint, str] = {
    "last": "",
    "best": ", its best checkpoint",
    "weight_mean": ", its mean of epochs",
}


def list_of_tables(papers: Papers) -> ReportTable:
    """A line for each table: its rows, those that commands make, and why nothing makes the others.

    Args:
        papers: The papers.
    """
    rows = [
        TableRow((table.name, table.title, *_counts(table)), ends_section=table is list(paper.tables.values())[-1])
        for paper in papers.papers.values()
        for table in paper.tables.values()
    ]
    columns = (
        *(Column(name, is_number=False) for name in ("table", "title")),
        *(Column(name) for name in ("rows", "with commands")),
    )
    note = "`zsar reproduce TABLE --dry_run` prints the commands of a table, and why others have none"
    return ReportTable(columns=columns, rows=tuple(rows), notes=(note,))


def write_markdown(path: Path, papers: Papers) -> Path:
    """Writes all tables with all rows to a Markdown file.

    Args:
        path: The file; a missing folder is created.
        papers: The papers.

    Returns:
        The path.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with whole_file(path) as unfinished:
        unfinished.write_text(markdown_of(papers), encoding="utf-8")
    return path


def markdown_of(papers: Papers) -> str:
    """All tables with all rows, as GitHub shows them.

    Args:
        papers: The papers.
    """
    blocks = [_INTRODUCTION, "".join(_index(paper) for paper in papers.papers.values())]
    for paper in papers.papers.values():
        blocks.append(f"## {paper.title}\n")
        blocks += [_section(table) for table in paper.tables.values()]
    if papers.of_no_paper:
        blocks.append("## Configurations that belong to no table\n")
        blocks.append("".join(f"- `{name}`: {why}\n" for name, why in papers.of_no_paper.items()))
    return "\n".join(blocks)


def _counts(table: Table) -> tuple[str, str]:
    return (str(len(table.rows)), str(len(table.runnable_rows))) if table.rows else ("-", "-")


def _index(paper: Paper) -> str:
    """A line for each table of a paper, with links to the sections."""
    tables = ", ".join(f"[{table.heading}](#{_anchor(table)})" for table in paper.tables.values())
    return f"- **{paper.key}**: {tables}\n"


def _anchor(table: Table) -> str:
    return table.name.replace("/", "-")


def _section(table: Table) -> str:
    heading = f'<a id="{_anchor(table)}"></a>\n\n### {table.heading}: {table.title}\n'
    if table.why_not is not None:
        return f"{heading}\nNo commands: {table.why_not.removesuffix('.')}.\n"
    if table.sweep is not None:
        made = (
            f"`zsar reproduce {table.name}` runs the sweep `configs/sweeps/{table.sweep}.yaml`: {_about(table.sweep)}\n"
        )
    elif table.runnable_rows:
        first = shlex.join(["zsar", "reproduce", table.name, "--only", table.runnable_rows[0].name])
        made = f"`zsar reproduce {table.name}`; one row: `{first}`\n"
    else:
        made = "No row has commands.\n"
    return f"{heading}\n{made}\n{_table(table)}\n{_makers(table)}"


def _about(sweep: str) -> str:
    """The size of a sweep."""
    path = located(f"configs/sweeps/{sweep}.yaml")
    variables = read_sweep(path).variables if path is not None else {}
    return "; ".join(f"{name} {', '.join(values)}" for name, values in variables.items()) + "."


def _table(table: Table) -> str:
    columns = (Column("row", is_number=False), *map(Column, table.columns))
    rows = tuple(TableRow((row.name, *table.cells_of(row))) for row in table.rows)
    return markdown_text([ReportTable(columns=columns, rows=rows)])


def _makers(table: Table) -> str:
    """What makes each row, or why nothing does."""
    if table.sweep is not None:
        return ""
    return "".join(f"- `{row.name}`{_made_by(row)}\n" for row in table.rows)


def _made_by(row: Row) -> str:
    if row.why_not is not None:
        return f": not run; {row.why_not}"
    lines: list[str] = []
    fit = ""
    for step in row.steps:
        line = _step(step, fit)
        fit = step.of if step.verb == "fit" else fit
        lines += [] if line in lines and step.verb != "test" else [line]
    lines += [] if row.differences is None else [f"differs: {row.differences}"]
    return "".join(f"\n  - {line}" for line in lines)


def _step(step: Step, fit: str) -> str:
    """A step in words, after a fit: "test `t2l_zero_shot_hmdb51` of `t2l_kinetics400`, `data.split.fold` 1, 2, 3"."""
    if step.verb == "run":
        return f"`{step.of}`"
    return f"{step.verb} `{step.of}`{''.join(_further(step, fit))}"


def _further(step: Step, fit: str) -> Iterator[str]:
    if step.fragments:
        yield f" with {', '.join(f'`{fragment}`' for fragment in step.fragments)}"
    if step.checkpoint is not None:
        of = f"of `{fit}`" if step.verb == "test" else f"from `{fit}`"
        yield f" {of}{_CHECKPOINTS[step.checkpoint]}"
    for key, value in step.settings.items():
        yield f", `{key}` {option_text(value)}"
    for key, values in step.vary.items():
        yield f", `{key}` {_listed([option_text(value) for value in values])}"


def _listed(values: Sequence[str]) -> str:
    """Values of a setting; a folder that all of them lie in is told once."""
    folder = values[0].rpartition("/")[0]
    if not folder or any(value.rpartition("/")[0] != folder for value in values):
        return ", ".join(values)
    return f"{', '.join(value.rpartition('/')[2] for value in values)} in {folder}"
