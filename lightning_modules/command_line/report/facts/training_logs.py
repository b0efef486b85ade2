"""The logs of training: each metric over steps, from `csv/fit*/metrics.csv`."""

from __future__ import annotations

import csv
import math
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from zsar.runtime.files.given_files import check_given_file

_NOT_METRICS = ("step", "epoch")
_MOST_BYTES = 2**27  # 128 MiB: about a million rows


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
            # neither a pipe, which would never end, nor a damaged file of gigabytes
            check_given_file(path, remedy="train again to have one", most_bytes=_MOST_BYTES, may_be_empty=True)
            with path.open(newline="", encoding="utf-8") as file:
                for row in csv.DictReader(file):
                    _add(metrics, row)
        except (OSError, ValueError, csv.Error) as error:
            named = str(error) if str(path) in str(error) else f"{path}: {error}"
            problems.append(f"{named}; the rest of this log is left out")
    return metrics


def _add(metrics: dict[str, LoggedMetric], row: dict[str, str]) -> None:
    step, epoch = _number(row.get("step")), _number(row.get("epoch"))
    if step is None or not math.isfinite(step):
        return
    for name, text in row.items():
        value = None if name is None or name in _NOT_METRICS else _number(text)
        if value is None:
            continue
        metric = metrics.setdefault(name, LoggedMetric())
        metric.steps.append(step + 1)
        metric.epochs.append(None if epoch is None else int(epoch))
        metric.values.append(value)


def _number(text: object) -> float | None:
    if not isinstance(text, str):  # None, or a list of surplus cells
        return None
    try:
        return float(text)
    except ValueError:
        return None
