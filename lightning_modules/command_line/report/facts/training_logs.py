"""The logs of training: each metric over steps, from `csv/fit*/metrics.csv`."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from zsar.runtime.text.csv_cells import cells_of
from zsar.runtime.text.text_files import read_text
from zsar.runtime.text.text_tables import iterate_table

_WHAT = "log of training"
_NOT_METRICS = ("step", "epoch")


@dataclass(frozen=True)
class LoggedMetric:
    """A metric over time.

    Attributes:
        steps: Optimizer steps at which it was logged, counted from 1.
        epochs: The epoch of each, counted from 0; None where it is not logged.
        values: Its values; NaN and infinity stay.
    """

    steps: list[float] = field(default_factory=list)
    epochs: list[int | None] = field(default_factory=list)
    values: list[float] = field(default_factory=list)


def read_metrics(paths: Iterable[Path], problems: list[str]) -> dict[str, LoggedMetric]:
    """The metrics of logs, one after the other, as where a training was resumed.

    Args:
        paths: Files `metrics.csv`, in order.
        problems: Where it is noted why a log, or the rest of it, cannot be read.

    Returns:
        {name: metric}; a value that is no number is left out.
    """
    metrics: dict[str, LoggedMetric] = {}
    for path in paths:
        try:
            header = cells_of(read_text(path, _WHAT).partition("\n")[0], path, 1)
            others = [name for name in header if name != "step"]
            names = ("step", *others)
            for _, cells in iterate_table(path, _WHAT, columns=(), may_be_empty=("step",), optional=others):
                _add(metrics, dict(zip(names, cells, strict=True)))
        except (OSError, ValueError) as error:
            named = str(error) if str(path) in str(error) else f"{path}: {error}"
            problems.append(f"{named}; the rest of this log is left out")
    return metrics


def _add(metrics: dict[str, LoggedMetric], row: dict[str, str]) -> None:
    step, epoch = _number(row.get("step")), _number(row.get("epoch"))
    if step is None or not math.isfinite(step):
        return
    for name, text in row.items():
        value = None if name in _NOT_METRICS else _number(text)
        if value is None:
            continue
        metric = metrics.setdefault(name, LoggedMetric())
        metric.steps.append(step + 1)
        metric.epochs.append(None if epoch is None else int(epoch))
        metric.values.append(value)


def _number(text: str | None) -> float | None:
    try:
        return float(text or "")
    except ValueError:
        return None
