"""ListedVideoDataModule: the base of the data sets whose videos are named by annotation files.

A data set says how its official files are read; published lists in their place, finding the files, the published rule
for base and novel classes and the check of labels against file names are here, once.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar, Literal

import numpy as np

from zsar.datamodules.class_identity import clean_name, clean_names
from zsar.datamodules.class_text.vocabulary import exact_names
from zsar.datamodules.lists.annotations import Listing
from zsar.datamodules.lists.checked_lists import Contradiction, find_contradictions
from zsar.datamodules.lists.splits import base_and_novel_by_frequency, draw_training_videos
from zsar.datamodules.lists.video_index import VideoIndex, video_name
from zsar.datamodules.lists.video_table import VideoTable
from zsar.datamodules.published_lists import PublishedLists
from zsar.datamodules.settings import Clips, Lists, Loading, Split, Text
from zsar.datamodules.trimmed_sets import Subset
from zsar.datamodules.video import TrimmedVideoDataModule


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
        self._published = PublishedLists(lists, split, data_root=self.data_root)

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
            exact = (
                *self._published.labels(self.lists.base_classes),
                *self._published.labels(self.lists.novel_classes),
            )
        elif self.split.protocol == "all_classes" and self.lists.classes is not None:
            exact = self._published.labels(self.lists.classes)
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
            base, novel = (self._published.labels(path) for path in (self.lists.base_classes, self.lists.novel_classes))
            return clean_names(base), clean_names(novel)
        counts = np.bincount(self.list_videos("train").labels, minlength=len(self.class_names))
        return base_and_novel_by_frequency(self.class_names, counts.tolist())

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
        in_use = self._published.in_use()
        files = [
            in_use[name] for name in (("train",) if subset == "train" else ("test", "base", "novel")) if name in in_use
        ]
        if not files:
            return self._annotated(subset)
        videos: list[str] = []
        classes: list[str] = []
        for path, labels in files:  # of one protocol, and whole: `PublishedLists` saw to it
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
        return self._published.read_checked(path, labels, self.class_in_file_name, tolerates=self._tolerates)

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
        return {**super().describe(), "lists": self._published.describe()}

    # --- what `zsar doctor` asks ----------------------------------------------------------------------------------

    def tolerate(self) -> None:
        """From now on lists videos although their folder is missing, or labels contradict file names, which it follows.

        For `zsar doctor`, which reports both and goes on; call it before anything is listed.
        """
        self._tolerates = True

    def lists_in_use(self) -> dict[str, tuple[Path | str, Path | str]]:
        """The published lists that are used, by their names in `lists`: list and label file."""
        return self._published.in_use()

    def contradictions(self, list_name: str) -> tuple[int, list[Contradiction]]:
        """How many videos a list in use has, and those of them whose file names hold another class."""
        videos, classes = self._published.read(*self.lists_in_use()[list_name])
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
