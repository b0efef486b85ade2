"""The videos of a folder or CSV file and their classes, as `VideoFolder` reads them.

A folder has a folder per class. A CSV file has the columns `path,label`. Where videos show several classes or none
(`split.protocol` multi_label), a label is several names, separated by `|`, or empty; a video may also have a row for
each of its classes:

    path,label                      path,label
    a.mp4,open door|sit down        a.mp4,open door
    b.mp4,                          a.mp4,sit down
                                    b.mp4,
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from zsar.datamodules.class_identity import class_identity
from zsar.datamodules.lists.video_index import VIDEO_SUFFIXES, find_videos, videos_in_folders
from zsar.datamodules.lists.video_table import VideoTable
from zsar.runtime.shards.stored_videos import is_stored_folder
from zsar.runtime.text.text_files import fault_in, plain_name, shown
from zsar.runtime.text.text_tables import Row, iterate_table, listed_path, path_problem, read_table

SEPARATOR = "|"
"""What stands between the names of several classes in one cell."""


class ListedVideo(NamedTuple):
    """A video of a source with a class of it.

    Attributes:
        source: The folder or CSV file.
        key: Its path as listed, or relative to the folder.
        class_name: Its class as written; empty for unlabelled videos and those that show none.
        line: Its line in the CSV file, 1-based; 0 in a folder.
    """

    source: Path
    key: str
    class_name: str
    line: int

    @property
    def place(self) -> str:
        """Where its class is stated."""
        return f"{self.source}:{self.line}" if self.line else str(self.source / self.class_name)


def read_labelled(source: Path, *, several: bool = False) -> list[ListedVideo]:
    """The videos of a folder or CSV file.

    Args:
        source: The folder or file.
        several: Whether a video may have several classes or none: there is then an entry for each of its classes.

    Raises:
        FileNotFoundError: It does not exist, or the folder has no videos.
        ValueError: A folder is given for videos with several classes.
        ListFileError: The file is not such a table, or gives a video a class twice.
    """
    _must_exist(source)
    if not is_stored_folder(source):
        if several:
            return _of_several(read_table(source, "list of videos", columns=("path",), may_be_empty=("label",)), source)
        rows = read_table(source, "list of videos", columns=("path", "label"))
        return _checked([ListedVideo(source, row["path"], row.name("label"), row.number) for row in rows], source)
    if several:
        raise ValueError(
            f"{source} is a folder, which gives each video one class, but split.protocol is multi_label; list the "
            "videos with all their classes in a CSV file, path,label"
        )
    videos = [
        ListedVideo(source, path.as_posix(), unicodedata.normalize("NFC", path.parts[0]), 0)
        for path in videos_in_folders(source)
    ]
    if not videos:
        raise FileNotFoundError(
            f"{source} has no videos in class folders; expected {source}/CLASS NAME/VIDEO with one of the suffixes "
            f"{' '.join(sorted(VIDEO_SUFFIXES))}"
        )
    return videos


def read_unlabelled(source: Path) -> list[ListedVideo]:
    """The videos of a folder or CSV file, without classes; errors as in `read_labelled`."""
    _must_exist(source)
    if is_stored_folder(source):
        return [ListedVideo(source, path.relative_to(source).as_posix(), "", 0) for path in find_videos(source)]
    rows = iterate_table(source, "list of videos", columns=("path",))
    return _checked([ListedVideo(source, path, "", line) for line, (path,) in rows], source)


def table_of(
    source: Path, listed: Sequence[ListedVideo], label_of: Mapping[str, int], *, several: bool = False
) -> VideoTable:
    """The videos of a source.

    Args:
        source: The folder or file.
        listed: Its entries.
        label_of: Identity of a class (`class_identity`) -> its label.
        several: Whether there is an entry for each class of a video.

    Returns:
        A row for each video; labels are -1 without classes, or where a video may have several (`label_sets`).
    """
    identity_of = {name: class_identity(name) for name in {video.class_name for video in listed}}
    labels = [label_of.get(identity_of[video.class_name], -1) for video in listed]
    is_file = not is_stored_folder(source)
    root = source.parent if is_file else source  # keys are relative to it: a split does not depend on where it lies
    videos, label_sets = list(listed), None
    if several:
        first: dict[str, ListedVideo] = {}
        for video in listed:
            first.setdefault(video.key, video)
        videos = list(first.values())
        label_sets = np.zeros((len(videos), len(label_of)), dtype=np.bool_)
        number_of = {key: number for number, key in enumerate(first)}
        for video, label in zip(listed, labels, strict=True):
            if label >= 0:
                label_sets[number_of[video.key], label] = True
    keys = [video.key for video in videos]
    return VideoTable(
        root,
        [listed_path(root, key) for key in keys] if is_file else keys,
        [-1] * len(keys) if several else labels,
        keys=keys,
        list_file=source if is_file else None,
        lines=np.array([video.line for video in videos], dtype=np.int64) if is_file else None,
        label_sets=label_sets,
    )


def _of_several(rows: Sequence[Row], source: Path) -> list[ListedVideo]:
    """An entry for each class of each video, and one without a class for a video that shows none."""
    listed = [ListedVideo(source, row["path"], name, row.number) for row in rows for name in _names(row)]
    line_of: dict[tuple[str, str], int] = {}
    first_line: dict[str, int] = {}
    for video in listed:
        identity = (video.key, class_identity(video.class_name))
        if identity in line_of:
            what = f"the class {shown(video.class_name)}" if video.class_name else "no class"
            raise fault_in(
                source,
                f"{shown(video.key)} has {what} already by line {line_of[identity]}; give each class of a video once",
                line=video.line,
            )
        line_of[identity] = video.line
        first = first_line.setdefault(video.key, video.line)
        if first != video.line and ((video.key, "") in line_of):
            raise fault_in(
                source,
                f"{shown(video.key)} has a class by one of the lines {first} and {video.line}, and none by the other; "
                "take out the one without",
                line=video.line,
            )
    return _checked(listed, source)


def _names(row: Row) -> list[str]:
    """The classes of a row of several; one empty name for none."""
    cell = row["label"]
    names = [] if not cell else cell.split(SEPARATOR)
    try:
        names = [plain_name(name.strip()) for name in names]
    except ValueError as error:
        raise row.fault(str(error)) from None
    if not all(names):
        raise row.fault(
            f"label {shown(cell)} has an empty name; write one {SEPARATOR} between two names, and none around them"
        )
    return names or [""]


def _checked(listed: list[ListedVideo], source: Path) -> list[ListedVideo]:
    """The videos of a CSV file, after checking their paths."""
    for video in listed:
        if (problem := path_problem(source.parent, video.key)) is not None:
            raise fault_in(source, problem, line=video.line)
    return listed


def _must_exist(source: Path) -> None:
    if not source.exists() and not is_stored_folder(source):
        raise FileNotFoundError(
            f"there is neither a folder nor a file {source}; paths are relative to the data root, which $ZSAR_DATA or "
            "--data.data_root sets"
        )
