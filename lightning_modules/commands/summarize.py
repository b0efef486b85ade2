"""`zsar summarize`: one table of several runs, from their results.json."""

from __future__ import annotations

import argparse
import json
import re
import statistics
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from callbacks.result_manifest import write_json

_SEED_FOLDER = re.compile(r"seed[-_]?\d+")


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command.

    Args:
        arguments: The command line after `zsar summarize`; None for the real one.

    Returns:
        0.

    Raises:
        ValueError: A folder holds no result, a result is not of a whole test set, or runs have different sets.
    """
    options = _parser().parse_args(arguments)
    groups: dict[str, list[dict[str, float]]] = {}
    for folder in options.runs:
        figures = _read(folder)
        groups.setdefault(_group(folder), []).append(figures)
        first_name, first = next((name, runs[0]) for name, runs in groups.items())
        if set(figures) != set(first):
            raise ValueError(
                f"{_group(folder)} has {', '.join(figures)}, but {first_name} has {', '.join(first)}; "
                "summarize runs of one protocol together"
            )
    summary = {name: _summarize(runs) for name, runs in groups.items()}
    _print(summary)
    if options.output is not None:
        print(f"wrote {write_json(options.output, summary)}")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="zsar summarize",
        description="One table of several runs. Runs in folders NAME/seed0, NAME/seed1, ... are one row, mean and "
        "standard deviation (n - 1); any other folder is a row of its own.",
    )
    parser.add_argument("runs", nargs="+", type=Path, metavar="RUN", help="run folders, each with a results.json")
    parser.add_argument("--output", type=Path, metavar="FILE", help="also write the table as JSON, in percent")
    return parser


def _group(folder: Path) -> str:
    resolved = folder.resolve()
    return resolved.parent.name if _SEED_FOLDER.fullmatch(resolved.name) else resolved.name


def _read(folder: Path) -> dict[str, float]:
    """Top-1 of each set in percent, and their harmonic mean where there is one."""
    path = folder / "results.json"
    if not path.is_file():
        raise ValueError(f"{folder} holds no results.json; run `zsar test` with --run_dir {folder} first")
    content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    if not content["complete"]:
        raise ValueError(f"{path} is of a part of the test set only (a limit on batches was set); test again without")
    figures = {name: float(of_set["top1"]) for name, of_set in content["sets"].items()}
    if content["harmonic_mean"] is not None:
        figures["harmonic_mean"] = float(content["harmonic_mean"])
    return figures


def _summarize(runs: Sequence[dict[str, float]]) -> dict[str, Any]:
    """Means under the names of the figures; with several runs also deviations and each run's figures."""
    names = list(runs[0])
    summary: dict[str, Any] = {name: round(statistics.mean(run[name] for run in runs), 2) for name in names}
    summary["n_runs"] = len(runs)
    if len(runs) > 1:
        summary["std"] = {name: round(statistics.stdev(run[name] for run in runs), 2) for name in names}
        summary["runs"] = [{name: round(run[name], 2) for name in names} for run in runs]
    return summary


def _print(summary: dict[str, dict[str, Any]]) -> None:
    columns = [c for c in next(iter(summary.values())) if c not in ("n_runs", "std", "runs")]
    table = Table("top-1 in percent", *[column.replace("_", " ") for column in columns], "runs")
    for column in table.columns[1:]:
        column.justify = "right"
    for name, row in summary.items():
        deviation = row.get("std", {})
        cells = [f"{row[c]:.1f}" + (f" ± {deviation[c]:.1f}" if c in deviation else "") for c in columns]
        table.add_row(name, *cells, str(row["n_runs"]))
    Console(width=None if sys.stdout.isatty() else 120).print(table)
