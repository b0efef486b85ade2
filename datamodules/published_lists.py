"""Published lists, which replace a data set's official files: the lists in use, and their content."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

from zsar.datamodules.class_identity import clean_names
from zsar.datamodules.class_text.checked_names import checked_names
from zsar.datamodules.lists.checked_lists import find_contradictions
from zsar.datamodules.lists.list_files import read_labels, read_list
from zsar.datamodules.settings import Lists, Split


class PublishedLists:
    """The lists and label files of the settings `lists`."""

    def __init__(self, lists: Lists, split: Split, *, data_root: Path) -> None:
        """Checks the settings; files are read on demand.

        Args:
            lists: Which files are used.
            split: The split that they are used for.
            data_root: The folder that their paths are relative to.

        Raises:
            ValueError: A list is given without its label file, or belongs to another protocol.
        """
        _check_lists(lists, split)
        self._lists, self._split, self._data_root = lists, split, data_root

    def in_use(self) -> dict[str, tuple[Path | str, Path | str]]:
        """Name in `lists` -> published list and its label file, for those that are used."""
        labels = self._lists.base_classes if self._split.protocol == "base_to_novel" else self._lists.classes
        pairs = {
            "train": (self._lists.train, labels),
            "held_out": (self._lists.held_out, labels),
            "test": (self._lists.test, self._lists.classes),
            "base": (self._lists.base, self._lists.base_classes),
            "novel": (self._lists.novel, self._lists.novel_classes),
        }
        return {
            name: (path, label_file)
            for name, (path, label_file) in pairs.items()
            if path is not None and label_file is not None
        }

    def labels(self, path: Path | str) -> tuple[str, ...]:
        """The class names of a label file, as it writes them.

        Args:
            path: The file, relative to the data root.

        Raises:
            ValueError: It names a class twice, or not in words.
        """
        file = self._data_root / path
        return checked_names(read_labels(file), str(file))

    def read(self, path: Path | str, labels: Path | str) -> tuple[list[str], list[str]]:
        """Videos and clean class names of a list, as it has them.

        Args:
            path: The list, relative to the data root.
            labels: Its label file.
        """
        names = clean_names(self.labels(labels))
        videos, numbers = read_list(self._data_root / path, len(names))
        return videos, [names[number] for number in numbers]

    def read_checked(
        self,
        path: Path | str,
        labels: Path | str,
        class_in_file_name: Callable[[str], str | None],
        *,
        tolerates: bool,
    ) -> tuple[list[str], list[str]]:
        """Videos and clean class names of a list, checked against the file names.

        Args:
            path: The list, relative to the data root.
            labels: Its label file.
            class_in_file_name: The clean name of the class that a file name holds; None where it holds none.
            tolerates: Whether file names are followed without a word where labels contradict them.

        Raises:
            ValueError: Labels contradict file names, and `lists.on_contradiction` is "refuse".
        """
        videos, classes = self.read(path, labels)
        wrong = find_contradictions(videos, classes, class_in_file_name)
        if not wrong:
            return videos, classes
        in_file_name = {row.index: row.in_file_name for row in wrong}
        followed = [in_file_name.get(i, name) for i, name in enumerate(classes)]
        if tolerates:
            return videos, followed
        problem = (
            f"{self._data_root / path}: {len(wrong)} of {len(videos)} labels contradict the class in the file name: "
            f"{wrong[0].video} is labelled {wrong[0].in_list!r} by {Path(labels).name}"
        )
        if self._lists.on_contradiction == "refuse":
            raise ValueError(
                f"{problem}. If list and label file are of one source, set --data.lists.on_contradiction "
                "follow_file_names"
            )
        warnings.warn(f"{problem}; the file names are followed", stacklevel=2)
        return videos, followed

    def describe(self) -> dict[str, str]:
        """What a result says of the lists in use: the files, and what is done about contradictions."""
        given = {name: str(value) for name, value in asdict(self._lists).items() if value is not None}
        policy = given.pop("on_contradiction")
        return {**given, "on_contradiction": policy} if given else {}


def _check_lists(lists: Lists, split: Split) -> None:
    """Checks that lists have their label file and belong to the protocol."""
    base_to_novel = split.protocol == "base_to_novel"
    labels = "base_classes" if base_to_novel else "classes"
    needs = {"train": labels, "held_out": labels, "test": "classes", "base": "base_classes", "novel": "novel_classes"}
    for name, label_file in needs.items():
        if getattr(lists, name) is not None and getattr(lists, label_file) is None:
            raise ValueError(f"lists.{name} needs its label file: set lists.{label_file}")
    foreign = ("test", "classes") if base_to_novel else ("base", "novel", "base_classes", "novel_classes")
    for name in foreign:
        if getattr(lists, name) is not None:
            raise ValueError(
                f"lists.{name} does not belong to the protocol {split.protocol}; unset it, or set split.protocol"
            )
    for one, other in (("base", "novel"), ("base_classes", "novel_classes")):
        if (getattr(lists, one) is None) != (getattr(lists, other) is None):
            raise ValueError(f"lists.{one} and lists.{other} go together: set both or none")
    if lists.train is not None and split.shots is not None:
        raise ValueError(f"split.shots is {split.shots}, but lists.train is used completely; unset one of the two")
    if lists.test is not None and split.test_videos != "official":
        raise ValueError(f"split.test_videos is {split.test_videos}, but lists.test is tested; unset one of the two")
    if lists.held_out is not None and lists.train is None:
        raise ValueError("lists.held_out goes with lists.train; without a training list, clips are held out by drawing")
