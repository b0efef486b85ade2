"""ListedVideoDataModule: the base of the data sets whose videos are listed in annotation files.

A data set defines how its official files are read. This module finds the video files and applies the published rule for
base and novel classes. Published lists, which replace official files, are read in `published_lists`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar, Literal

import numpy as np

from zsar.datamodules.class_identity import clean_name, clean_names
from zsar.datamodules.class_text.vocabulary import exact_names
from zsar.datamodules.lists.checked_lists import Contradiction, find_contradictions
from zsar.datamodules.lists.listing import Listing
from zsar.datamodules.lists.splits import base_and_novel_by_frequency, draw_training_videos
from zsar.datamodules.lists.video_index import VideoIndex, video_name
from zsar.datamodules.lists.video_table import VideoTable
from zsar.datamodules.published_lists import PublishedLists
from zsar.datamodules.settings import Clips, Lists, Loading, Split, Text
from zsar.datamodules.trimmed_sets import Subset
from zsar.datamodules.video import TrimmedVideoDataModule


class ListedVideoDataModule(TrimmedVideoDataModule):
    """Videos and classes from annotation files, or from published lists instead.

    Attributes:
        vocabulary: Name of the list of class names (`class_text/vocabulary.py`).
        videos_folder: Folder with the videos at any depth, relative to the data root.
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
        embeddings: Path | str | None = None,
    ) -> None:
        """Describes the data; files are touched in `setup` only.

        Args:
            lists: Published split files to use instead of random splits.
            data_root: The folder that holds all data sets; null for $ZSAR_DATA, or ./data.
            clips: How frames are taken from a video.
            split: Which classes and videos are used for training and for testing.
            text: How classes are described to models.
            loading: How videos become batches.
            embeddings: Folder that `zsar embed` wrote: its embeddings, of the same visual tower, are tested instead of
                decoded frames; null to decode. Training always decodes. Relative to the working directory.

        Raises:
            ValueError: A number is out of range, or a list is given without its label file.
        """
        super().__init__(
            data_root=data_root, clips=clips, split=split, text=text, loading=loading, embeddings=embeddings
        )
        self.lists = lists
        self._tolerates = False
        self._published = PublishedLists(lists, split, data_root=self.data_root)

    # --- what a data set defines ----------------------------------------------------------------------------------

    def read_annotations(self, subset: Literal["train", "test"]) -> Listing:
        """The videos of a subset from the official files."""
        raise NotImplementedError

    def read_tested(self) -> Listing:
        """The videos that are tested, by `split.test_videos`."""
        both, tested = self.split.test_videos == "train_and_test", self.read_annotations("test")
        return self.read_annotations("train").followed_by(tested) if both else tested

    def class_in_file_name(self, name: str) -> str | None:
        """The clean class name in a file name; None if file names contain no class."""
        return None

    @property
    def published_counts(self) -> Mapping[str, int]:
        """Published numbers of videos of the official subsets "train" and "test"; empty if unknown."""
        return {}

    # --- classes --------------------------------------------------------------------------------------------------

    @cached_property
    def exact_name_of(self) -> Mapping[str, str]:
        """Clean name -> spelling of the data set, or of the label file of the lists in use; in label order."""
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
        """The exact class names in label order, if no label file is used."""
        return exact_names(self.vocabulary)

    @cached_property
    def class_names(self) -> Sequence[str]:
        """All clean class names, in label order."""
        return tuple(self.exact_name_of)

    def base_and_novel(self) -> tuple[Sequence[str], Sequence[str]]:
        """The classes of the label files; else by ViFi-CLIP's rule: the more frequent half are base classes."""
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
        """The listed videos of a subset; for `predict`, the test videos without labels."""
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
        for path, labels in files:  # `PublishedLists` ensures one protocol and complete lists
            list_videos, list_classes = self._read_list(path, labels)
            videos += list_videos
            classes += list_classes
        return self._table(videos, classes)

    def _annotated(self, subset: Literal["train", "test"]) -> VideoTable:
        if subset == "train" and self.for_testing_only:
            raise ValueError(
                f"{type(self).__name__} tests models that were trained elsewhere; it has no videos to train on"
            )
        listing = self.read_annotations(subset) if subset == "train" else self.read_tested()
        clean = {name: clean_name(name) for name in set(listing.classes)}
        known = set(self.class_names)
        if (unknown := sorted(set(clean.values()) - known)) and not self._tests_some_classes:
            raise ValueError(
                f"the annotations of {type(self).__name__} name classes that its vocabulary lacks: {', '.join(unknown)}"
            )
        rows = [i for i, name in enumerate(listing.classes) if clean[name] in known]
        segments = np.array([listing.segments_seconds[i] for i in rows]) if listing.segments_seconds else None
        return self._table(
            [listing.videos[i] for i in rows], [clean[listing.classes[i]] for i in rows], segments_seconds=segments
        )

    @property
    def _tests_some_classes(self) -> bool:
        """Whether videos of other classes are left out, since label files and draws may use only some classes."""
        return len(self.class_names) < len(exact_names(self.vocabulary))

    def _read_list(self, path: Path | str, labels: Path | str) -> tuple[list[str], list[str]]:
        return self._published.read_checked(path, labels, self.class_in_file_name, tolerates=self._tolerates)

    def _table(
        self, videos: Sequence[str], classes: Sequence[str], *, segments_seconds: np.ndarray | None = None
    ) -> VideoTable:
        label_of = {name: label for label, name in enumerate(self.class_names)}
        if unknown := sorted(set(classes) - set(label_of)):
            raise ValueError(f"the label files lack classes that file names hold: {', '.join(unknown)}")
        paths, exists = self._index.locate(videos)
        keys = [video_name(video) for video in videos]
        if segments_seconds is not None:
            keys = [f"{key}@{a:.2f}-{b:.2f}" for key, (a, b) in zip(keys, segments_seconds.tolist(), strict=True)]
        labels = [label_of[name] for name in classes]
        return VideoTable(self._index.folder, paths, labels, keys=keys, segments_seconds=segments_seconds, found=exists)

    def describe(self) -> dict[str, Any]:
        """Adds the published lists in use."""
        return {**super().describe(), "lists": self._published.describe()}

    # --- what `zsar doctor` asks ----------------------------------------------------------------------------------

    def tolerate(self) -> None:
        """Makes later listings accept a missing videos folder and labels that contradict file names (which then win).

        For `zsar doctor`, which reports both and continues; call it before listing anything.
        """
        self._tolerates = True

    def lists_in_use(self) -> dict[str, tuple[Path | str, Path | str]]:
        """Name in `lists` -> published list and its label file, for those that are used."""
        return self._published.in_use()

    def contradictions(self, list_name: str) -> tuple[int, list[Contradiction]]:
        """Number of videos of a list in use, and those whose file names contain another class."""
        videos, classes = self._published.read(*self.lists_in_use()[list_name])
        return len(videos), find_contradictions(videos, classes, self.class_in_file_name)

    # --- what is trained on ---------------------------------------------------------------------------------------

    @property
    def has_validation_set(self) -> bool:
        """Whether there are clips for choosing a checkpoint; without `held_out`, a training list leaves none."""
        if self.lists.train is not None and self.lists.held_out is None:
            return False
        return super().has_validation_set

    def draw_training_sets(self, videos: VideoTable) -> tuple[VideoTable, VideoTable]:
        """A complete published training list, and clips drawn from the `held_out` list; else both are drawn."""
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
