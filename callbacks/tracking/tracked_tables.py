"""Tables of a run for Weights & Biases, read from the files that the run has written."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from zsar.lightning_modules.run_folders.prediction_files import OWN_COLUMN, PREDICTION_COLUMNS, prediction_file
from zsar.lightning_modules.run_folders.run_folder import DETECTION_FILES
from zsar.runtime.text.text_tables import iterate_table

MOST_ROWS = 10_000
"""Rows that W&B shows of a table; the files in the artifact `results` have all."""

Row = list[str | float | None]
_NUMBERS = ("probability", OWN_COLUMN)
_OF_DETECTIONS = ("set", "video", "label", "score", "start_seconds", "end_seconds")


@dataclass(frozen=True)
class TrackedTable:
    """A table.

    Attributes:
        name: Its name: "predictions", "detections", "per_class" or "per_set".
        columns: Names of the columns.
        rows: The rows, at most `MOST_ROWS`.
        n_rows: Number of rows before the others were left out.
    """

    name: str
    columns: list[str]
    rows: list[Row]
    n_rows: int


def tracked_tables(folder: Path, result: Mapping[str, Any], *, most_rows: int = MOST_ROWS) -> list[TrackedTable]:
    """The tables of a test, a validation or a prediction.

    Args:
        folder: The run folder.
        result: The content of its results file, of this stage.
        most_rows: Most rows of a table. Where there are more, each set shows its first ones, equally many.

    Returns:
        Those that have rows.
    """
    sets = result["sets"]
    share = most_rows // max(1, len(sets))
    tables = [_predictions(folder, list(sets), share), _detections(folder, result["stage"], share)]
    tables += [_of_rows("per_class", _class_rows(sets), most_rows), _of_rows("per_set", _set_rows(sets), most_rows)]
    return [table for table in tables if table.rows]


def _predictions(folder: Path, sets: Sequence[str], share: int) -> TrackedTable:
    columns = [*PREDICTION_COLUMNS, OWN_COLUMN]
    rows, n_rows = list[Row](), 0
    for set_name in sets:
        path = prediction_file(folder, set_name)
        if not path.is_file():
            continue
        read = iterate_table(path, "predictions", columns=columns[:1], optional=columns[1:], by_zsar=True)
        cells = [of_row for _, of_row in read]
        n_rows += len(cells)
        for of_row in cells[:share]:
            rows.append([set_name, *map(_value, columns, of_row)])
    if all(row[-1] is None for row in rows):  # the model has no logit bias
        columns, rows = columns[:-1], [row[:-1] for row in rows]
    return TrackedTable("predictions", ["set", *columns], rows, n_rows)


def _detections(folder: Path, stage: str, share: int) -> TrackedTable:
    path = folder / DETECTION_FILES.get(stage, "")
    rows, n_rows = list[Row](), 0
    if path.is_file():
        for set_name, of_set in json.loads(path.read_text(encoding="utf-8"))["sets"].items():
            found: list[Row] = [
                [set_name, video, d["label"], d["score"], *d["segment"]]
                for video, detections in of_set["results"].items()
                for d in detections
            ]
            rows += found[:share]
            n_rows += len(found)
    return TrackedTable("detections", list(_OF_DETECTIONS), rows, n_rows)


def _class_rows(sets: Mapping[str, Mapping[str, Any]]) -> Iterator[dict[str, Any]]:
    for set_name, of_set in sets.items():
        for class_name, percent in of_set.get("per_class", {}).items():
            measure = "average_precision" if "mean_average_precision" in of_set else "top1"
            yield {"set": set_name, "class": class_name, measure: percent}


def _set_rows(sets: Mapping[str, Mapping[str, Any]]) -> Iterator[dict[str, Any]]:
    for set_name, of_set in sets.items():
        yield {"set": set_name, **{name: value for name, value in of_set.items() if name != "per_class"}}


def _of_rows(name: str, rows: Iterator[dict[str, Any]], most_rows: int) -> TrackedTable:
    """A table of rows that may lack columns: a set none of whose classes was seen has no metrics."""
    known = list(rows)
    columns = list(dict.fromkeys(column for row in known for column in row))
    shown: list[Row] = [[row.get(column) for column in columns] for row in known[:most_rows]]
    return TrackedTable(name, columns, shown, len(known))


def _value(column: str, text: str) -> str | float | None:
    if column in _NUMBERS:
        return float(text) if text else None
    return text
