"""The accuracy of each row of a profile, from the results.json of runs."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from zsar.lightning_modules.command_line.summarize.results.localization_results import LocalizationRun
from zsar.lightning_modules.command_line.summarize.results.recognition_results import HARMONIC_MEAN
from zsar.lightning_modules.command_line.summarize.results.run_groups import read_run

_MEAN_PRECISION = "map"


def with_results(rows: Sequence[dict[str, Any]], folders: Sequence[Path]) -> list[dict[str, Any]]:
    """Adds results to rows.

    Args:
        rows: The rows of a profile.
        folders: A run folder for each, in order; none for no results.

    Returns:
        The rows, with an entry "result": the main figure in percent and what it is.

    Raises:
        ValueError: There is another number of folders, or one holds no result of a whole test.
    """
    if not folders:
        return list(rows)
    check_results(len(rows), folders)
    return [{**row, "result": _main_figure(folder)} for row, folder in zip(rows, folders, strict=True)]


def check_results(n_rows: int, folders: Sequence[Path]) -> None:
    """Checks that there is a run folder for each row, or none.

    Raises:
        ValueError: There is another number.
    """
    if folders and len(folders) != n_rows:
        raise ValueError(
            f"--results is given {len(folders)} times, but the table has {n_rows} rows; give one run for each, in order"
        )


def _main_figure(folder: Path) -> dict[str, Any]:
    """The harmonic mean of base and novel classes, else that of the first set; the mean precision of a localizer."""
    run = read_run(folder)
    main = _MEAN_PRECISION if isinstance(run, LocalizationRun) else HARMONIC_MEAN
    name = main if main in run.figures else next(iter(run.figures))
    return {"run": str(folder), "figure": name, "value": round(run.figures[name], 2)}
