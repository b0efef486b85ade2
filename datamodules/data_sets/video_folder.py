"""VideoFolder: a user's own videos, in a folder per class or listed in a CSV file.

A folder:                      A list, with a header; paths are relative to it or absolute:

    my_videos/                     path,label
        apply eye makeup/          clips/001.mp4,apply eye makeup
            001.mp4                clips/002.avi,arm wrestling
            002.avi
        arm wrestling/
            003.mkv

For the format of CSV files see `text_tables`. With `split.protocol` multi_label a video may have several classes or
none, `clips/001.mp4,open door|sit down` (`labelled_sources`). Classes are identified by their clean names: "Arm
Wrestling" and "arm_wrestling" are one class and must be spelled in one way. Videos are identified by their files.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import ClassVar

from zsar.datamodules.class_identity import class_identity, find_same_classes
from zsar.datamodules.class_text.checked_names import checked_names, name_problem, same_class
from zsar.datamodules.lists.labelled_sources import ListedVideo, read_labelled, read_unlabelled, table_of
from zsar.datamodules.lists.splits import draw_training_videos
from zsar.datamodules.lists.video_table import VideoTable
from zsar.datamodules.settings import Clips, Loading, Split, Text
from zsar.datamodules.trimmed_sets import Subset
from zsar.datamodules.video import TrimmedVideoDataModule
from zsar.runtime.text.text_files import fault_in, shown


class VideoFolder(TrimmedVideoDataModule):
    """Videos in a folder per class, or in a CSV file of paths and labels."""

    protocol_choices: ClassVar[tuple[str, ...]] = ("all_classes", "base_to_novel", "multi_label")

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
            train: Folder (one folder per class) or CSV file (path,label), relative to the data root. Of videos with
                several labels, a CSV file.
            test: The same for testing; null to draw a part of `train`.
            test_fraction: Fraction of each class's videos drawn for testing if `test` is null, at least one video; of
                all videos where they have several labels.
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
    def _listed(self) -> dict[str, list[ListedVideo]]:
        """The videos of each source, with several labels one entry for each."""
        listed = {"train": read_labelled(self.train_source, several=self.is_multi_label)}
        if self.test_source is not None:
            test = self.test_source
            again = self.tests_on_training_list
            listed["test"] = listed["train"] if again else read_labelled(test, several=self.is_multi_label)
        return listed

    @cached_property
    def class_names(self) -> Sequence[str]:
        """The names given, or all that occur, sorted.

        Raises:
            ValueError: Two names mean the same class, a name is not in words, or a class is not in `classes`; the
                message names the folder, or file and line.
        """
        all_videos = [video for videos in self._listed.values() for video in reversed(videos)]
        first = {video.class_name: video for video in all_videos if video.class_name}
        if not first and self._classes is None:
            lacks = "gives no video a class; add them" if all_videos else "lists no videos; add a row for each"
            raise fault_in(self.train_source, lacks)
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

    def _in_words(self, first: dict[str, ListedVideo]) -> list[str]:
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
            return table_of(self.predict_source, read_unlabelled(self.predict_source), {})
        has_test_list = subset == "test" and self.test_source is not None
        source = self.test_source if has_test_list and self.test_source is not None else self.train_source
        label_of = {class_identity(name): label for label, name in enumerate(self.class_names)}
        listed = self._listed["test" if has_test_list else "train"]
        table = table_of(source, listed, label_of, several=self.is_multi_label)
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
