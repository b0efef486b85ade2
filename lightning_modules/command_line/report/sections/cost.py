"""The section on cost: time, memory, parameters and arithmetic, as far as a run recorded them."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import mean

from zsar.lightning_modules.command_line.report.reported_run import ReportedRun, part
from zsar.lightning_modules.command_line.report.section import Section
from zsar.lightning_modules.command_line.report.tables import Cell, TableCell, TableColumn, data_table

_OF_TRAINING = "cost/"
_UNITS = {
    "epoch_seconds": ("seconds of an epoch of training", 1),
    "videos_per_second": ("videos per second in training", 1),
    "peak_device_mb": ("highest device memory in training, MB", 1),
    "peak_host_mb": ("highest host memory in training, MB", 1),
}
# Where a result has each figure: its name here, and the number of decimals.
_OF_RESULTS: dict[tuple[str, ...], tuple[str, int]] = {
    ("seconds",): ("seconds", 1),
    ("cost", "videos_per_second"): ("videos per second", 1),
    ("cost", "peak_device_mb"): ("highest device memory, MB", 1),
    ("cost", "peak_host_mb"): ("highest host memory, MB", 1),
    ("cost", "parameters", "total"): ("parameters", 0),
    ("cost", "parameters", "trained"): ("trained parameters", 0),
    ("model", "trained_parameters"): ("trained parameters", 0),
    ("cost", "gflops_per_view"): ("GFLOPs of a view", 3),
    ("cost", "gmacs_per_view"): ("GMACs of a view", 3),
    ("cost", "frames_per_view"): ("frames of a view", 0),
}


def section(runs: Sequence[ReportedRun]) -> Section | None:
    """The section.

    Args:
        runs: The runs of the page.

    Returns:
        It; None if no run recorded any cost.
    """
    costs = {run.name: costs_of(run) for run in runs}
    names = dict.fromkeys(name for of_run in costs.values() for name in of_run)
    if not names:
        return None
    rows: list[list[Cell]] = [[name, *(_cell(of_run.get(name)) for of_run in costs.values())] for name in names]
    values = [TableColumn(name if len(runs) > 1 else "value", "number") for name in costs]
    counted = dict.fromkeys(part(run.main_result, "cost", "counted", kind=str) for run in runs)
    notes = [f"GFLOPs count {text}." for text in counted if text]
    table = data_table("Cost of the run", [TableColumn("what"), *values], rows, notes=notes)
    return Section("cost", "Cost", table, "What was measured on the machine of the run.")


def costs_of(run: ReportedRun) -> dict[str, tuple[float, int]]:
    """The costs of a run by name, with their decimals; means over the epochs for training, highest for memory."""
    costs: dict[str, tuple[float, int]] = {}
    for keys, (name, decimals) in _OF_RESULTS.items():
        value = part(run.main_result, *keys, kind=float)
        stage = f" ({run.main_stage})" if keys == ("seconds",) else ""
        if value is not None:
            costs.setdefault(f"{name}{stage}", (value, decimals))
    for key, (name, decimals) in _UNITS.items():
        metric = run.training_metrics.get(f"{_OF_TRAINING}{key}")
        if metric is not None and metric.values:
            costs[name] = (max(metric.values) if key.startswith("peak") else mean(metric.values), decimals)
    return costs


def _cell(cost: tuple[float, int] | None) -> Cell:
    return None if cost is None else TableCell(f"{cost[0]:,.{cost[1]}f}", cost[0])
