"""Lists of videos in the formats of ViFi-CLIP and T2L."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path

from tests.makers.miniatures.written_files import write_lines


def write_vifi_list(path: Path, rows: Sequence[tuple[str, int]]) -> None:
    """A list of ViFi-CLIP: (file name or relative path, label)."""
    write_lines(path, [f"{name} {label}" for name, label in rows])


def write_label_csv(path: Path, names: Sequence[str]) -> None:
    """The label file that belongs to such lists: id,name; lines end as in most of theirs."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([("id", "name"), *enumerate(names)])


def write_t2l_list(path: Path, rows: Sequence[tuple[str | Path, int, int]]) -> None:
    """A list of T2L: (absolute folder of frames, number of frames, label)."""
    write_lines(path, [f"{folder} {n_frames} {label}" for folder, n_frames, label in rows])
