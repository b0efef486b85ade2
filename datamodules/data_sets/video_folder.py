"""VideoFolder: a user's own videos, in a folder per class or listed in a CSV file.

A folder:                      A list, with a header; paths are relative to it or absolute:

    my_videos/                     path,label
        apply eye makeup/          clips/001.mp4,apply eye makeup
            001.mp4                clips/002.avi,arm wrestling
            002.avi
        arm wrestling/
            003.mkv

For the format of CSV files see `text_tables`. Classes are identified by their clean names: "Arm Wrestling" and
"arm_wrestling" are one class and must be spelled in one way. Videos are identified by their files.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

import numpy as np

from zsar.datamodules.class_identity import class_identity, find_same_classes
from zsar.datamodules.class_text.checked_names import checked_names, name_problem, same_class
from zsar.datamodules.lists.splits import draw_training_videos
from zsar.datamodules.lists.video_index import VIDEO_SUFFIXES, find_videos, stored_videos
from zsar.datamodules.lists.video_table import VideoTable
from zsar.datamodules.settings import Clips, Loading, Split, Text
from zsar.datamodules.trimmed_sets import Subset
from zsar.datamodules.video import TrimmedVideoDataModule
from zsar.runtime.shards.stored_videos import is_stored_folder
from zsar.runtime.text.text_files import fault_in, shown
from zsar.runtime.text.text_tables import iterate_table, listed_path, path_problem, read_table


class VideoFolder(TrimmedVideoDataModule):
    """Videos in a folder per class, or in a CSV file of paths and labels."""

    def __init__(
        self,
        *,
        train: Path | str,
        test: Path | str | None = None,
        test_fraction: float = 0.2,
        predict: Path | str | None = None,
        classes: list[str] | None = None,
        data_root: Path | str | None = None,
        clips: Clips = Clips(),
        split: Split = Split(),
        text: Text = Text(),
        loading: Loading = Loading(),
        embeddings: Path | str | None = None,
    ) -> None:
        """Describes the data; files are touched in `setup` only.

        Args:
            train: Folder (one folder per class) or CSV file (path,label), relative to the data root.
            test: The same for testing; null to draw a part of `train`.
            test_fraction: Fraction of each class's videos drawn for testing if `test` is null, at least one video.
            predict: Folder or CSV file of videos without labels, for `zsar predict`.
            classes: Class names in label order, in any spelling; null for all that occur in `train` and `test`, sorted.
            data_root: The folder that holds all data sets; null for $ZSAR_DATA, or ./data.
            clips: How frames are taken from a video.
            split: Which classes and videos are used for training and for testing.
            text: How classes are described to models.
            loading: How videos become batches.
            embeddings: Folder that `zsar embed` wrote: its embeddings, of the same visual tower, are tested instead of
                decoded frames; null to decode. Training always decodes. Relative to the working directory.

        Raises:
            ValueError: A number is out of range, or `classes` is empty or names a class twice.
        """
        super().__init__(
            data_root=data_root, clips=clips, split=split, text=text, loading=loading, embeddings=embeddings
        )
        if not 0 < test_fraction < 1:
            raise ValueError(f"test_fraction must be above 0 and below 1; got {test_fraction}")
        self.train_source = self._resolve(train)
        self.test_source = None if test is None else self._resolve(test)
        self.predict_source = None if predict is None else self._resolve(predict)
        self.test_fraction = test_fraction
        self._classes = None if classes is None else checked_names(classes, "--data.classes")

    def _resolve(self, source: Path | str) -> Path:
        return self.data_root / Path(source).expanduser()

    @property
    def tests_on_training_list(self) -> bool:
        """Whether `train` and `test` are one folder or file."""
        return self.test_source is not None and self.test_source.resolve() == self.train_source.resolve()

    @cached_property
    def _listed(self) -> dict[str, list[_Listed]]:
        """The videos of each source."""
        listed = {"train": _read_source(self.train_source)}
        if self.test_source is not None:
            listed["test"] = listed["train"] if self.tests_on_training_list else _read_source(self.test_source)
        return listed

    @cached_property
    def class_names(self) -> Sequence[str]:
        """The names given, or all that occur, sorted.

        Raises:
            ValueError: Two names mean the same class, a name is not in words, or a class is not in `classes`; the
                message names the folder, or file and line.
        """
        first = {video.class_name: video for videos in self._listed.values() for video in reversed(videos)}
        if not first and self._classes is None:
            raise fault_in(self.train_source, "lists no videos; add a row for each")
        occurring = sorted(first)
        for before, index in find_same_classes(occurring):
            one, other = occurring[before], occurring[index]
            raise ValueError(
                f"{first[one].place} and {first[other].place}: {same_class(one, other)}; write it in one way: "
                "rename the folders or labels of one of them"
            )
        if self._classes is None:
            return self._in_words(first)
        given = {class_identity(name) for name in self._classes}
        unknown = [name for name in occurring if class_identity(name) not in given]
        if unknown:
            raise ValueError(
                f"videos have classes that `classes` does not list: {', '.join(unknown)} ({first[unknown[0]].place})"
            )
        return self._classes

    def _in_words(self, first: dict[str, _Listed]) -> list[str]:
        """All names, sorted; numbers are allowed only if a class-text file describes them."""
        for name, video in sorted(first.items()):
            problem = name_problem(name)
            if problem is not None and (self.text.descriptions is None or not name.isdigit()):
                raise ValueError(f"{video.place}: the class name {shown(name)} {problem}")
        return sorted(first)

    def list_videos(self, subset: Subset) -> VideoTable:
        """The videos of a source, or the part of the training source that was drawn.

        Raises:
            ValueError: The subset is "predict" but `predict` is not set.
        """
        if subset == "predict":
            if self.predict_source is None:
                raise ValueError("there is nothing to predict: set `predict` to a folder or CSV file of videos")
            return _table(self.predict_source, _read_unlabelled(self.predict_source), {})
        has_test_list = subset == "test" and self.test_source is not None
        source = self.test_source if has_test_list and self.test_source is not None else self.train_source
        label_of = {class_identity(name): label for label, name in enumerate(self.class_names)}
        table = _table(source, self._listed["test" if has_test_list else "train"], label_of)
        if self.test_source is not None:
            return table
        rest, drawn = draw_training_videos(
            table.all_keys(), table.labels, seed=self.split.seed, shots=None, held_out_fraction=self.test_fraction
        )
        return table.select(rest if subset == "train" else drawn)

    def _other_sets(self, stage: str) -> dict[str, VideoTable]:
        """If test videos are drawn, also the rest of the source, which may list a test video again."""
        others = super()._other_sets(stage)
        if stage != "test" or self.test_source is not None:
            return others
        return {"train": self.without_excluded(self.list_videos("train")), **others}


class _Listed(NamedTuple):
    """A video of a source.

    Attributes:
        source: The folder or CSV file.
        key: Its path as listed, or relative to the folder.
        class_name: Its class as written; empty for unlabelled videos.
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


def _root(source: Path) -> Path:
    """The folder that keys are relative to, so that a split does not depend on where the videos are."""
    return source if is_stored_folder(source) else source.parent


def _table(source: Path, listed: Sequence[_Listed], label_of: dict[str, int]) -> VideoTable:
    """The videos of a source; labels are -1 without classes."""
    identity_of = {name: class_identity(name) for name in {video.class_name for video in listed}}
    is_file = not is_stored_folder(source)
    root = _root(source)
    keys = [video.key for video in listed]
    return VideoTable(
        root,
        [listed_path(root, key) for key in keys] if is_file else keys,
        [label_of.get(identity_of[video.class_name], -1) for video in listed],
        keys=keys,
        list_file=source if is_file else None,
        lines=np.array([video.line for video in listed], dtype=np.int64) if is_file else None,
    )


def _read_source(source: Path) -> list[_Listed]:
    """The videos of a folder or CSV file."""
    _must_exist(source)
    if not is_stored_folder(source):
        rows = read_table(source, "list of videos", columns=("path", "label"))
        return _checked([_Listed(source, row["path"], row.name("label"), row.number) for row in rows], source)
    folders = sorted(source.iterdir()) if source.is_dir() else []
    unpacked = [
        path.relative_to(source)
        for folder in folders
        if folder.is_dir() and not folder.name.startswith(".")
        for path in find_videos(folder)
    ]
    in_shards = [Path(name) for name in stored_videos(source) if "/" in name]
    videos = [
        _Listed(source, path.as_posix(), unicodedata.normalize("NFC", path.parts[0]), 0)
        for path in (sorted({*unpacked, *in_shards}) if in_shards else unpacked)
    ]
    if not videos:
        raise FileNotFoundError(
            f"{source} has no videos in class folders; expected {source}/CLASS NAME/VIDEO with one of the suffixes "
            f"{' '.join(sorted(VIDEO_SUFFIXES))}"
        )
    return videos


def _read_unlabelled(source: Path) -> list[_Listed]:
    _must_exist(source)
    if is_stored_folder(source):
        return [_Listed(source, path.relative_to(source).as_posix(), "", 0) for path in find_videos(source)]
    rows = iterate_table(source, "list of videos", columns=("path",))
    return _checked([_Listed(source, path, "", line) for line, (path,) in rows], source)


def _checked(listed: list[_Listed], source: Path) -> list[_Listed]:
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
