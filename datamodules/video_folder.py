"""VideoFolder: one's own videos, sorted into a folder per class or listed in a CSV file.

A folder:                      A list, with a header; paths are relative to it or absolute:

    my_videos/                     path,label
        apply eye makeup/          clips/001.mp4,apply eye makeup
            001.mp4                clips/002.avi,arm wrestling
            002.avi
        arm wrestling/
            003.mkv
"""

from __future__ import annotations

import csv
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path

from datamodules.settings import Clips, Loading, Split, Text
from datamodules.splits import draw_training_videos
from datamodules.video import Subset, TrimmedVideoDataModule
from datamodules.video_index import VIDEO_SUFFIXES, find_videos
from datamodules.video_table import VideoTable


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
        clips: Clips = Clips(),  # noqa: B008 - frozen, as are the three below
        split: Split = Split(),  # noqa: B008
        text: Text = Text(),  # noqa: B008
        loading: Loading = Loading(),  # noqa: B008
    ) -> None:
        """Describes the data.

        Args:
            train: Folder (one folder per class) or CSV file (path,label), relative to the data root.
            test: The same for testing; null to draw a part of `train`.
            test_fraction: Share of each class's videos that is drawn for testing where `test` is null, at least one.
            predict: Folder or CSV file of videos without labels, for `zsar predict`.
            classes: Class names in label order; null for all that occur in `train` and `test`, sorted.
            data_root: The folder that holds all data sets; null for $ZSAR_DATA, or ./data.
            clips: How frames are taken from a video.
            split: Which classes and videos are trained on and tested on.
            text: What models read of a class.
            loading: How videos become batches.

        Raises:
            ValueError: A number is out of range.
        """
        super().__init__(data_root=data_root, clips=clips, split=split, text=text, loading=loading)
        if not 0 < test_fraction < 1:
            raise ValueError(f"test_fraction must be above 0 and below 1; got {test_fraction}")
        self.train_source = self._resolve(train)
        self.test_source = None if test is None else self._resolve(test)
        self.predict_source = None if predict is None else self._resolve(predict)
        self.test_fraction = test_fraction
        self._classes = classes

    def _resolve(self, source: Path | str) -> Path:
        return self.data_root / Path(source).expanduser()

    @cached_property
    def _listed(self) -> dict[str, list[tuple[str, str]]]:
        """(key, class name) of the videos of each source."""
        listed = {"train": _read_source(self.train_source)}
        if self.test_source is not None:
            listed["test"] = _read_source(self.test_source)
        return listed

    @cached_property
    def class_names(self) -> Sequence[str]:
        """The names given, or all that occur, sorted."""
        occurring = sorted({name for videos in self._listed.values() for _, name in videos})
        if self._classes is None:
            return occurring
        unknown = sorted(set(occurring) - set(self._classes))
        if unknown:
            raise ValueError(f"videos have classes that `classes` does not list: {', '.join(unknown)}")
        return self._classes

    def list_videos(self, subset: Subset) -> VideoTable:
        """The videos of a source, or the part of the training source that was drawn.

        Raises:
            ValueError: `predict` is asked for but was not given.
        """
        if subset == "predict":
            if self.predict_source is None:
                raise ValueError("there is nothing to predict: set `predict` to a folder or CSV file of videos")
            keys = _keys_to_predict(self.predict_source)
            return VideoTable(_root(self.predict_source), keys, [-1] * len(keys))
        own_test = subset == "test" and self.test_source is not None
        label_of = {name: label for label, name in enumerate(self.class_names)}
        listed = self._listed["test" if own_test else "train"]
        source = self.test_source if own_test and self.test_source is not None else self.train_source
        table = VideoTable(_root(source), [key for key, _ in listed], [label_of[name] for _, name in listed])
        if self.test_source is not None:
            return table
        rest, drawn = draw_training_videos(
            table.all_keys(), table.labels, seed=self.split.seed, shots=None, held_out_fraction=self.test_fraction
        )
        return table.select(rest if subset == "train" else drawn)


def _root(source: Path) -> Path:
    """What keys are relative to, so that a split is the same wherever the videos lie."""
    return source if source.is_dir() else source.parent


def _read_source(source: Path) -> list[tuple[str, str]]:
    """(key, class name) of each video of a folder or CSV file."""
    if not source.is_dir():
        return [(row["path"], row["label"]) for row in _read_csv(source, ("path", "label"))]
    videos = [
        (path.relative_to(source).as_posix(), folder.name)
        for folder in sorted(source.iterdir())
        if folder.is_dir() and not folder.name.startswith(".")
        for path in find_videos(folder)
    ]
    if not videos:
        raise FileNotFoundError(
            f"{source} holds no videos in class folders; expected {source}/CLASS NAME/VIDEO with one of the suffixes "
            f"{' '.join(sorted(VIDEO_SUFFIXES))}"
        )
    return videos


def _keys_to_predict(source: Path) -> list[str]:
    if source.is_dir():
        return [path.relative_to(source).as_posix() for path in find_videos(source)]
    return [row["path"] for row in _read_csv(source, ("path",))]


def _read_csv(source: Path, columns: Sequence[str]) -> list[dict[str, str]]:
    if not source.is_file():
        raise FileNotFoundError(
            f"there is neither a folder nor a file {source}; paths are relative to the data root, which $ZSAR_DATA or "
            "--data.data_root sets"
        )
    with source.open(newline="", encoding="utf-8-sig") as file:
        reader = csv.DictReader(file)
        missing = [c for c in columns if c not in (reader.fieldnames or ())]
        if missing:
            raise ValueError(f"{source} has no column {', '.join(missing)}; its first line must be {','.join(columns)}")
        rows = [row for row in reader if any(row.values())]
    seen: set[str] = set()
    for number, row in enumerate(rows, start=2):
        empty = [c for c in columns if not row[c]]
        if empty:
            raise ValueError(f"{source}, line {number}: no {', '.join(empty)}")
        if row["path"] in seen:
            raise ValueError(f"{source}, line {number}: {row['path']} is listed twice")
        seen.add(row["path"])
    return rows
