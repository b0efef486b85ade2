"""ListedVideoDataModule: the base of the data sets whose videos are named by annotation files.

A data set says how its official files are read; published lists in their place, finding the files, the published rule
for base and novel classes and the check of labels against file names are here, once.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar, Literal

import numpy as np

from zsar.datamodules.class_identity import clean_name, clean_names
from zsar.datamodules.class_text.checked_names import checked_names
from zsar.datamodules.class_text.vocabulary import exact_names
from zsar.datamodules.lists.annotations import Listing
from zsar.datamodules.lists.checked_lists import Contradiction, find_contradictions
from zsar.datamodules.lists.list_files import read_labels, read_list
from zsar.datamodules.lists.splits import base_and_novel_by_frequency, draw_training_videos
from zsar.datamodules.lists.video_index import VideoIndex, video_name
from zsar.datamodules.lists.video_table import VideoTable
from zsar.datamodules.settings import Clips, Lists, Loading, Split, Text
from zsar.datamodules.video import Subset, TrimmedVideoDataModule


class ListedVideoDataModule(TrimmedVideoDataModule):
    """Videos and classes from annotation files, or from published lists in their place.

    Attributes:
        vocabulary: Which class names (`class_text/vocabulary.py`).
        videos_folder: Where the videos lie at any depth, relative to the data root.
    """

    vocabulary: ClassVar[str]
    videos_folder: str

    def __init__(
        self,
        *,
        lists: Lists = Lists(),
        data_root: Path | str | None = None,
        clips: Clips = Clips(),
        split: Split = Split(),
        text: Text = Text(),
        loading: Loading = Loading(),
    ) -> None:
        """Describes the data; files are touched in `setup` only.

        Args:
            lists: Published split files to use instead of drawing.
            data_root: The folder that holds all data sets; null for $ZSAR_DATA, or ./data.
            clips: How frames are taken from a video.
            split: Which classes and videos are trained on and tested on.
            text: What models read of a class.
            loading: How videos become batches.

        Raises:
            ValueError: A number is out of range, or a list is given without its label file.
        """
        super().__init__(data_root=data_root, clips=clips, split=split, text=text, loading=loading)
        self.lists = lists
        self._tolerates = False
        _check_lists(lists, split)

    # --- what a data set defines ----------------------------------------------------------------------------------

    def read_annotations(self, subset: Literal["train", "test"]) -> Listing:
        """The videos of a subset from the official files."""
        raise NotImplementedError

    def class_in_file_name(self, name: str) -> str | None:
        """The clean name of the class that a file name holds; None where file names hold none."""
        return None

    @property
    def published_counts(self) -> Mapping[str, int]:
        """How many videos the official subsets "train" and "test" have as published; none where that is not known."""
        return {}

    # --- classes --------------------------------------------------------------------------------------------------

    @cached_property
    def exact_name_of(self) -> Mapping[str, str]:
        """Clean name -> the name as the makers, or the label file of the lists in use, write it, in label order."""
        if self.split.protocol == "base_to_novel" and self.lists.base_classes is not None:
            assert self.lists.novel_classes is not None
            exact = (*self._labels(self.lists.base_classes), *self._labels(self.lists.novel_classes))
        elif self.split.protocol == "all_classes" and self.lists.classes is not None:
            exact = self._labels(self.lists.classes)
        else:
            exact = self.official_names()
        return dict(zip(clean_names(exact), exact, strict=True))

    def official_names(self) -> tuple[str, ...]:
        """The exact class names in label order, where no label file says otherwise."""
        return exact_names(self.vocabulary)

    @cached_property
    def class_names(self) -> Sequence[str]:
        """All clean class names, in label order."""
        return tuple(self.exact_name_of)

    def base_and_novel(self) -> tuple[Sequence[str], Sequence[str]]:
        """The classes of the label files, or by ViFi-CLIP's rule: base classes are the more frequent half."""
        return self._base_and_novel

    @cached_property
    def _base_and_novel(self) -> tuple[Sequence[str], Sequence[str]]:
        if self.lists.base_classes is not None and self.lists.novel_classes is not None:
            base, novel = self._labels(self.lists.base_classes), self._labels(self.lists.novel_classes)
            return clean_names(base), clean_names(novel)
        counts = np.bincount(self.list_videos("train").labels, minlength=len(self.class_names))
        return base_and_novel_by_frequency(self.class_names, counts.tolist())

    def _labels(self, path: Path | str) -> tuple[str, ...]:
        file = self.data_root / path
        return checked_names(read_labels(file), str(file))

    # --- videos ---------------------------------------------------------------------------------------------------

    def list_videos(self, subset: Subset) -> VideoTable:
        """The listed videos of a subset; the test videos, unlabelled, are also what `predict` takes."""
        if subset == "predict":
            return self.list_videos("test").unlabelled()
        return self._tables[subset] if subset in self._tables else self._tables.setdefault(subset, self._list(subset))

    @cached_property
    def _tables(self) -> dict[str, VideoTable]:
        return {}

    @cached_property
    def _index(self) -> VideoIndex:
        return VideoIndex(self.data_root / self.videos_folder, may_be_missing=self._tolerates)

    def _list(self, subset: Literal["train", "test"]) -> VideoTable:
        in_use = self.lists_in_use()
        files = [
            in_use[name] for name in (("train",) if subset == "train" else ("test", "base", "novel")) if name in in_use
        ]
        if not files:
            return self._annotated(subset)
        videos: list[str] = []
        classes: list[str] = []
        for path, labels in files:  # of one protocol, and whole: _check_lists saw to it
            of_list = self._read_list(path, labels)
            videos += of_list[0]
            classes += of_list[1]
        return self._table(videos, classes)

    def _annotated(self, subset: Literal["train", "test"]) -> VideoTable:
        if subset == "train" and self.for_testing_only:
            raise ValueError(
                f"{type(self).__name__} tests models that were trained elsewhere; it has no videos to train on"
            )
        listing = self.read_annotations(subset)
        clean = {name: clean_name(name) for name in set(listing.classes)}
        known = set(self.class_names)
        unknown = sorted(set(clean.values()) - known)
        if unknown and not self._tests_some_classes:
            raise ValueError(
                f"the annotations of {type(self).__name__} name classes that its vocabulary lacks: {', '.join(unknown)}"
            )
        kept = [i for i, name in enumerate(listing.classes) if clean[name] in known]
        segments = np.array([listing.segments_seconds[i] for i in kept]) if listing.segments_seconds else None
        return self._table(
            [listing.videos[i] for i in kept], [clean[listing.classes[i]] for i in kept], segments_seconds=segments
        )

    @property
    def _tests_some_classes(self) -> bool:
        """Whether videos of other classes are left out: label files and draws take a part of the classes."""
        return len(self.class_names) < len(exact_names(self.vocabulary))

    def _read_list(self, path: Path | str, labels: Path | str) -> tuple[list[str], list[str]]:
        """Videos and clean class names of a published list, checked against the file names."""
        videos, classes = self._as_listed(path, labels)
        wrong = find_contradictions(videos, classes, self.class_in_file_name)
        if not wrong:
            return videos, classes
        in_file_name = {row.index: row.in_file_name for row in wrong}
        followed = [in_file_name.get(i, name) for i, name in enumerate(classes)]
        if self._tolerates:
            return videos, followed
        problem = (
            f"{self.data_root / path}: {len(wrong)} of {len(videos)} labels contradict the class in the file name: "
            f"{wrong[0].video} is labelled {wrong[0].in_list!r} by {Path(labels).name}"
        )
        if self.lists.on_contradiction == "refuse":
            raise ValueError(
                f"{problem}. If list and label file are of one source, set --data.lists.on_contradiction "
                "follow_file_names"
            )
        warnings.warn(f"{problem}; the file names are followed", stacklevel=2)
        return videos, followed

    def _as_listed(self, path: Path | str, labels: Path | str) -> tuple[list[str], list[str]]:
        names = clean_names(self._labels(labels))
        videos, numbers = read_list(self.data_root / path, len(names))
        return videos, [names[number] for number in numbers]

    def _table(
        self, videos: Sequence[str], classes: Sequence[str], *, segments_seconds: np.ndarray | None = None
    ) -> VideoTable:
        label_of = {name: label for label, name in enumerate(self.class_names)}
        unknown = sorted(set(classes) - set(label_of))
        if unknown:
            raise ValueError(f"the label files lack classes that file names hold: {', '.join(unknown)}")
        paths, found = self._index.locate(videos)
        keys = [video_name(video) for video in videos]
        if segments_seconds is not None:
            keys = [f"{key}@{a:.2f}-{b:.2f}" for key, (a, b) in zip(keys, segments_seconds.tolist(), strict=True)]
        labels = [label_of[name] for name in classes]
        return VideoTable(self._index.folder, paths, labels, keys=keys, segments_seconds=segments_seconds, found=found)

    def describe(self) -> dict[str, Any]:
        """Adds the published lists in use."""
        given = {name: str(value) for name, value in asdict(self.lists).items() if value is not None}
        policy = given.pop("on_contradiction")
        return {**super().describe(), "lists": {**given, "on_contradiction": policy} if given else {}}

    # --- what `zsar doctor` asks ----------------------------------------------------------------------------------

    def tolerate(self) -> None:
        """From now on lists videos although their folder is missing, or labels contradict file names, which it follows.

        For `zsar doctor`, which reports both and goes on; call it before anything is listed.
        """
        self._tolerates = True

    def lists_in_use(self) -> dict[str, tuple[Path | str, Path | str]]:
        """The published lists that are used, by their names in `lists`: list and label file."""
        labels = self.lists.base_classes if self.split.protocol == "base_to_novel" else self.lists.classes
        pairs = {
            "train": (self.lists.train, labels),
            "held_out": (self.lists.held_out, labels),
            "test": (self.lists.test, self.lists.classes),
            "base": (self.lists.base, self.lists.base_classes),
            "novel": (self.lists.novel, self.lists.novel_classes),
        }
        return {name: (path, of) for name, (path, of) in pairs.items() if path is not None and of is not None}

    def contradictions(self, list_name: str) -> tuple[int, list[Contradiction]]:
        """How many videos a list in use has, and those of them whose file names hold another class."""
        videos, classes = self._as_listed(*self.lists_in_use()[list_name])
        return len(videos), find_contradictions(videos, classes, self.class_in_file_name)

    # --- what is trained on ---------------------------------------------------------------------------------------

    @property
    def has_validation_set(self) -> bool:
        """Whether there are clips to choose a checkpoint by: a training list is used whole."""
        if self.lists.train is not None and self.lists.held_out is None:
            return False
        return super().has_validation_set

    def draw_training_sets(self, videos: VideoTable) -> tuple[VideoTable, VideoTable]:
        """A published training list whole, and clips drawn from its `held_out` list; else both drawn."""
        if self.lists.train is None:
            return super().draw_training_sets(videos)
        if self.lists.held_out is None:
            return videos, videos.select(np.arange(0))
        further = self._table(*self._read_list(*self.lists_in_use()["held_out"]))
        rest = self.without_excluded(further.of_classes(self.class_names, self.set_classes("fit")["train"]))
        rest = rest.without(videos.all_keys())
        _, drawn = draw_training_videos(
            rest.all_keys(),
            rest.labels,
            seed=self.split.seed,
            shots=None,
            held_out_fraction=self.split.held_out_fraction,
        )
        return videos, rest.select(drawn)


def _check_lists(lists: Lists, split: Split) -> None:
    """Refuses lists without a label file, and lists of another protocol."""
    base_to_novel = split.protocol == "base_to_novel"
    labels = "base_classes" if base_to_novel else "classes"
    needs = {"train": labels, "held_out": labels, "test": "classes", "base": "base_classes", "novel": "novel_classes"}
    for name, label_file in needs.items():
        if getattr(lists, name) is not None and getattr(lists, label_file) is None:
            raise ValueError(f"lists.{name} means nothing without its label file: set lists.{label_file}")
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
        raise ValueError(
            f"split.shots is {split.shots}, but lists.train is used to the last video; unset one of the two"
        )
    if lists.held_out is not None and lists.train is None:
        raise ValueError("lists.held_out goes with lists.train; without a training list, clips are held out by drawing")
