"""Split files that were published with ViFi-CLIP and T2L, and the label files that give their numbers a meaning.

ViFi-CLIP   relative/path.avi LABEL                 muzairkhattak/ViFi-CLIP, datasets_splits/
T2L         /absolute/frame_folder N_FRAMES LABEL   Shahzadnit/T2L, datasets_splits/
labels      CSV with the header id,name             both, labels/
"""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path


def read_labels(path: Path) -> tuple[str, ...]:
    """Class names of a label file, in label order.

    Args:
        path: CSV file with the columns id and name.

    Raises:
        FileNotFoundError: There is no such file.
        ValueError: The columns are missing, or ids are not 0, 1, 2, ...
    """
    _must_exist(path, "label file")
    with path.open(newline="", encoding="utf-8-sig") as file:
        reader = csv.DictReader(file)
        if not {"id", "name"} <= set(reader.fieldnames or ()):
            raise ValueError(f"{path} is no label file: its first line must be id,name")
        rows = [(row["id"].strip(), " ".join(row["name"].split())) for row in reader if row["id"]]
    for expected, (number, name) in enumerate(rows):
        if number != str(expected):
            raise ValueError(f"{path}: the class {name!r} has the id {number!r}; {expected} was expected")
    return tuple(name for _, name in rows)


def read_list(path: Path, n_classes: int) -> tuple[list[str], list[int]]:
    """Videos and labels of a split file, in ViFi-CLIP's or T2L's format.

    Args:
        path: The file.
        n_classes: How many classes its label file has.

    Returns:
        N paths as listed, with forward slashes, and N labels.

    Raises:
        FileNotFoundError: There is no such file.
        ValueError: A line is in neither format, or a label is not below `n_classes`; file and line are named.
    """
    _must_exist(path, "split file")
    videos, labels = [], []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        if not line.strip():
            continue
        video, label = _parse(line.split(), path, number)
        if not 0 <= label < n_classes:
            raise ValueError(
                f"{path}, line {number}: label {label}, but the label file has {n_classes} classes (0 to "
                f"{n_classes - 1}); are the two from one source?"
            )
        videos.append(video)
        labels.append(label)
    if not videos:
        raise ValueError(f"{path} lists no videos")
    return videos, labels


def _parse(fields: Sequence[str], path: Path, number: int) -> tuple[str, int]:
    is_t2l = len(fields) >= 3 and fields[-2].isdigit() and fields[0].startswith("/")
    if len(fields) < 2 or not fields[-1].isdigit():
        raise ValueError(
            f"{path}, line {number}: {' '.join(fields)!r} is neither `path label` (ViFi-CLIP) nor "
            "`frame_folder n_frames label` (T2L)"
        )
    video = " ".join(fields[:-2] if is_t2l else fields[:-1])
    # T2L's absolute folders are on its authors' machine: their last part is the video's name.
    return (video.rpartition("/")[2] if is_t2l else video), int(fields[-1])


def _must_exist(path: Path, what: str) -> None:
    if not path.is_file():
        raise FileNotFoundError(
            f"there is no {what} {path}; relative paths start from the data root, which $ZSAR_DATA or --data.data_root "
            "sets"
        )
