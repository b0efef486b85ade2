"""The rows of all classes as files, and the worst ones on the terminal."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
from rich.table import Table

from zsar.callbacks.pictures.errors.confusions import Confusions
from zsar.runtime.files.whole_files import whole_file
from zsar.runtime.terminal import print_whole, result_console
from zsar.runtime.text.written_names import written_name

_N_PRINTED = 10


def write_class_table(confusions: Confusions, path: Path) -> Path:
    """Writes a row for each class, worst first.

    Columns: class, videos, top1_percent (empty without a video), taken_for (the most frequent wrong answer),
    taken_for_videos, undecodable.

    Args:
        confusions: The confusions of a set.
        path: Output CSV file.

    Returns:
        The path.
    """
    rows = (
        (
            written_name(row.name),
            row.n,
            "" if row.top1 is None else f"{100 * row.top1:.2f}",
            "" if row.confused_with is None else written_name(row.confused_with),
            row.n_confused,
            row.n_undecodable,
        )
        for row in confusions.rows
    )
    header = ("class", "videos", "top1_percent", "taken_for", "taken_for_videos", "undecodable")
    return _write(path, header, rows)


def write_cell_table(confusions: Confusions, path: Path) -> Path:
    """Writes the cells of the matrix that are not zero, in class order.

    Columns: class, prediction (empty for videos that could not be decoded), videos.

    Args:
        confusions: The confusions of a set.
        path: Output CSV file.

    Returns:
        The path.
    """
    names = [written_name(name) for name in confusions.names]
    cells = [(names[i], names[j], int(confusions.counts[i, j])) for i, j in np.argwhere(confusions.counts)]
    missing = [(names[i], "", int(confusions.undecodable[i])) for i in np.flatnonzero(confusions.undecodable)]
    return _write(path, ("class", "prediction", "videos"), [*cells, *missing])


def print_worst_classes(confusions: Confusions) -> None:
    """Prints the ten worst classes that have mistakes, or that there is none.

    Args:
        confusions: The confusions of a set.
    """
    worst = [row for row in confusions.rows if row.top1 is not None and row.top1 < 1][:_N_PRINTED]
    if not worst:
        return
    caption = f"{len(worst)} worst of {len(confusions.names):,} classes of {confusions.set_name}"
    table = Table("class", "videos", "top-1 %", "most often taken for", "videos", "not decoded", caption=caption)
    for column in (table.columns[1], table.columns[2], table.columns[4], table.columns[5]):
        column.justify = "right"
    for row in worst:
        assert row.top1 is not None
        table.add_row(
            row.name,
            f"{row.n:,}",
            f"{100 * row.top1:.1f}",
            row.confused_with or "",
            f"{row.n_confused:,}" if row.n_confused else "",
            f"{row.n_undecodable:,}" if row.n_undecodable else "",
        )
    print_whole(result_console(), table)


def _write(path: Path, header: Sequence[str], rows: Iterable[Sequence[object]]) -> Path:
    with whole_file(path) as unfinished, unfinished.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(header)
        writer.writerows(rows)
    return path
