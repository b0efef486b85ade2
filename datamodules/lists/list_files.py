"""Split files published with ViFi-CLIP and T2L, and the label files that give the names of their labels.

ViFi-CLIP   relative/path.avi LABEL                 muzairkhattak/ViFi-CLIP, datasets_splits/
T2L         /absolute/frame_folder N_FRAMES LABEL   Shahzadnit/T2L, datasets_splits/
labels      CSV with the header id,name             both, labels/

Paths are kept as written, including white space. These lists have no comments.
"""

from __future__ import annotations

from pathlib import Path

from zsar.runtime.text.text_files import fault_in, shown, whole_number
from zsar.runtime.text.text_tables import LARGEST_NUMBER, Line, read_lines, read_table

_IF_MISSING = "relative paths start from the data root, which $ZSAR_DATA or --data.data_root sets"


def read_labels(path: Path) -> tuple[str, ...]:
    """Class names of a label file, in label order.

    Args:
        path: CSV file with the columns id and name.

    Raises:
        FileNotFoundError: There is no such file.
        ListFileError: The columns are missing, ids are not 0, 1, 2, ..., a class is named twice, or there are none.
    """
    first: dict[str, int] = {}
    for row in read_table(path, "label file", columns=("id", "name"), if_missing=_IF_MISSING):
        number, name = row.whole_number("id"), row.name("name")
        if number != len(first):
            raise row.fault(
                f"the class {shown(name)} has the id {number}; {len(first)} was expected: number them 0, 1, 2"
            )
        if name in first:
            raise row.fault(f"the class {shown(name)} is already listed on line {first[name]}; take one of them out")
        first[name] = row.number
    if not first:
        raise fault_in(path, "lists no classes; a label file has a line `0,class name` for each")
    return tuple(first)


def read_list(path: Path, n_classes: int) -> tuple[list[str], list[int]]:
    """Videos and labels of a split file, in ViFi-CLIP's or T2L's format.

    Args:
        path: The file.
        n_classes: Number of classes in its label file.

    Returns:
        N paths as listed, with forward slashes, and N labels.

    Raises:
        FileNotFoundError: There is no such file.
        ListFileError: A line is in neither format, or a label is not below `n_classes`.
    """
    videos, labels = [], []
    for line in read_lines(path, "split file", comments=False, if_missing=_IF_MISSING):
        video, label = _parse(line)
        if label >= n_classes:
            raise line.fault(
                f"label {label}, but the label file has {n_classes} classes (0 to {n_classes - 1}); do the two have "
                "the same source?"
            )
        videos.append(video)
        labels.append(label)
    if not videos:
        raise fault_in(path, "lists no videos; a split file has a line `path label` for each")
    return videos, labels


def _parse(line: Line) -> tuple[str, int]:
    video, *rest = line.text.rsplit(maxsplit=1)
    label = whole_number(rest[0], LARGEST_NUMBER) if rest else None
    if video.startswith("/"):
        folder, *n_frames = video.rsplit(maxsplit=1)
        if n_frames and n_frames[0].isdigit():
            # T2L's absolute folders are those of its authors' machine; the last part is the video's name.
            video = folder.rpartition("/")[2]
    if not video or label is None:
        raise line.fault(
            f"{shown(line.text)} is neither `path label` (ViFi-CLIP) nor `frame_folder n_frames label` (T2L)"
        )
    return video, label
