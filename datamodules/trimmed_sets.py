"""TrimmedSets: the videos, classes and class text of a run on trimmed videos.

Handles splits, few shots, held-out clips and the checks of lists; decodes nothing.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar, Literal

from lightning.pytorch import LightningDataModule

from zsar.datamodules.batch import ClassText
from zsar.datamodules.choices.data_root import default_data_root
from zsar.datamodules.class_text.checked_names import too_few_classes
from zsar.datamodules.class_text.described_names import fill_with_descriptions
from zsar.datamodules.class_text.templates import fill_templates, spoken_names
from zsar.datamodules.class_text.text_files import read_class_text
from zsar.datamodules.lists.checked_lists import read_excluded, refuse_missing, refuse_repeated_in
from zsar.datamodules.lists.label_counts import counts_of_sets
from zsar.datamodules.lists.splits import HALVES, base_and_novel_classes, draw_training_videos, split_hash
from zsar.datamodules.lists.video_table import VideoTable
from zsar.datamodules.settings import Loading, Text
from zsar.datamodules.split_choices import Split, check_split
from zsar.runtime.class_paths import class_path

Subset = Literal["train", "test", "predict"]
N_HALVES = 10
_SET_NAME = {"fit": "train", "validate": "val", "test": "test", "predict": "predict"}


class TrimmedSets(LightningDataModule):
    """The sets of videos of each stage, one for each data loader, with their classes.

    Attributes:
        for_testing_only: Whether the data set has no training videos.
        n_folds: Number of official splits.
        protocol_choices: The values of `split.protocol` that the data set offers.
        class_choices, video_choices: Those of `split.classes` and `split.test_videos`.
        sets: After `setup`, the videos of each set.
    """

    for_testing_only: ClassVar[bool] = False
    n_folds: ClassVar[int] = 1
    protocol_choices: ClassVar[tuple[str, ...]] = ("all_classes", "base_to_novel")
    class_choices: ClassVar[tuple[str, ...]] = ("all", "halves")
    video_choices: ClassVar[tuple[str, ...]] = ("official",)

    def __init__(self, *, data_root: Path | str | None, split: Split, text: Text, loading: Loading) -> None:
        """Touches no file yet; the arguments are those of `TrimmedVideoDataModule`.

        Raises:
            ValueError: The data set does not offer this split (`check_split`).
        """
        super().__init__()
        self.data_root = default_data_root() if data_root is None else Path(data_root).expanduser()
        self.split = split
        self.text = text
        self.loading = loading
        check_split(split, type(self))
        self.sets: dict[str, VideoTable] = {}

    # --- what a data set defines ----------------------------------------------------------------------------------

    @property
    def class_names(self) -> Sequence[str]:
        """All class names, in label order."""
        raise NotImplementedError

    @property
    def reads_files(self) -> bool:
        """Whether the videos are decoded, so that their files must be there."""
        return True

    @property
    def tests_on_training_list(self) -> bool:
        """Whether the user gave one list for both training and testing; this causes only a warning."""
        return False

    @property
    def is_multi_label(self) -> bool:
        """Whether a video may show several classes or none; such videos are tested, not trained on."""
        return self.split.protocol == "multi_label"

    def list_videos(self, subset: Subset) -> VideoTable:
        """All videos of a subset; labels, or columns of `label_sets`, are indices into `class_names`."""
        raise NotImplementedError

    @property
    def exact_name_of(self) -> Mapping[str, str]:
        """Class name -> the data set's original spelling, for those that differ."""
        return {}

    def base_and_novel(self) -> tuple[Sequence[str], Sequence[str]]:
        """The base and the novel classes, each in label order."""
        return base_and_novel_classes(self.class_names, seed=self.split.seed)

    # --- sets and their classes -----------------------------------------------------------------------------------

    def set_classes(self, stage: str) -> dict[str, Sequence[str]]:
        """The sets of a stage, one for each data loader, with their classes in label order.

        Args:
            stage: "fit", "validate", "test" or "predict".

        Returns:
            {set name: class names}.
        """
        names = tuple(self.class_names)
        if stage == "test" and self.split.classes == "halves":
            halves = HALVES[self.split.half_draws](names, n_draws=N_HALVES, seed=self.split.seed)
            return {f"half_{draw}": half for draw, half in enumerate(halves)}
        if self.split.protocol != "base_to_novel" or stage == "predict":
            return {_SET_NAME[stage]: names}
        base, novel = self.base_and_novel()
        if stage == "test":
            return {"base": base, "novel": novel}
        return {_SET_NAME[stage]: base}

    def setup(self, stage: str) -> None:
        """Lists the videos of a stage.

        Raises:
            FileNotFoundError: The data are not where they should be, or listed videos are missing.
            ValueError: A set is empty or has a single class, a video is listed twice (within a set or across the sets
                of this run), or a split cannot be drawn. Before training, the test sets are checked too, if they exist.
        """
        listed = self.list_sets(stage)
        further = {} if stage == "predict" else self._other_sets(stage)
        others = {name: table for name, table in further.items() if name not in listed}
        refuse_repeated_in(self.lists_of({**listed, **others}))
        classes = self.set_classes(stage)
        if stage == "fit" and self.split.protocol == "base_to_novel":
            classes = {**classes, **self.set_classes("test")}  # else training would be wasted
        if (problem := too_few_classes(classes)) is not None:
            raise ValueError(f"{type(self).__name__}: {problem}")
        for set_name, table in listed.items():
            if len(table) == 0 and (set_name != "val" or self.has_validation_set):
                raise ValueError(f"the set {set_name!r} of {type(self).__name__} under {self.data_root} has no videos")
        may_miss = stage == "predict" or (stage == "test" and self.loading.on_decode_error == "count_as_wrong")
        for set_name, table in self.lists_of(listed).items() if self.reads_files else ():
            refuse_missing(table, set_name, only_warn=may_miss)
        self.sets.update(listed)

    def lists_of(self, sets: Mapping[str, VideoTable]) -> dict[str, VideoTable]:
        """The lists of some sets, which share no video: halves of the classes, which do, are of one list, "test"."""
        if self.split.classes != "halves" or not (halves := sets.keys() & self.set_classes("test").keys()):
            return dict(sets)
        others = {name: table for name, table in sets.items() if name not in halves}
        return {**others, "test": self.without_excluded(self.list_videos("test"))}

    def _other_sets(self, stage: str) -> dict[str, VideoTable]:
        """Sets that must share no video with those of a stage: this run's others and, before training, the test sets.

        Training does not need test lists: an error in one only warns here, and is raised by the test.
        """
        known = {name: table for name, table in self.sets.items() if name != "predict"}
        if self.tests_on_training_list:
            if stage == "fit":
                warnings.warn(
                    "the training and the test videos are one list: test figures will be of videos that were trained "
                    "on; give other videos as --data.test, or leave it out to draw some of the training videos",
                    stacklevel=2,
                )
            return {}
        if stage != "fit":
            return known
        try:
            return {**known, **self.list_sets("test")}
        except FileNotFoundError:
            return known
        except ValueError as error:
            warnings.warn(f"whether test videos are trained on was not checked: {error}", stacklevel=2)
            return known

    def list_sets(self, stage: str) -> dict[str, VideoTable]:
        """The videos of each set of a stage as listed, not yet checked."""
        names = tuple(self.class_names)
        if stage in ("fit", "validate"):
            videos = self.list_videos("train").of_classes(names, self.set_classes("fit")["train"])
            train, held_out = self.draw_training_sets(self.without_excluded(videos))
            return {"train": train, "val": held_out}
        if stage == "test":
            videos = self.without_excluded(self.list_videos("test"))
            return {name: videos.of_classes(names, classes) for name, classes in self.set_classes("test").items()}
        return {"predict": self.without_excluded(self.list_videos("predict"))}

    @property
    def has_validation_set(self) -> bool:
        """Whether training clips are held out for choosing a checkpoint."""
        return self.split.held_out_fraction > 0

    def draw_training_sets(self, videos: VideoTable) -> tuple[VideoTable, VideoTable]:
        """Training and held-out videos, drawn from the (base) classes' training videos."""
        keys, seed = videos.all_keys(), self.split.seed
        shots, share = self.split.shots, self.split.held_out_fraction
        train, held_out = draw_training_videos(keys, videos.labels, seed=seed, shots=shots, held_out_fraction=share)
        return videos.select(train), videos.select(held_out)

    def without_excluded(self, videos: VideoTable) -> VideoTable:
        """The videos that are not in `split.exclude`."""
        return videos.without(self._excluded)

    @cached_property
    def _excluded(self) -> frozenset[str]:
        return frozenset() if self.split.exclude is None else read_excluded(Path(self.split.exclude).expanduser())

    def class_text(self, stage: str) -> list[ClassText]:
        """The classes of each data loader of a stage, as text."""
        texts = [self._of_classes(set_name, names) for set_name, names in self.set_classes(stage).items()]
        return [replace(text, multi_label=True) for text in texts] if self.is_multi_label else texts

    def _of_classes(self, set_name: str, names: Sequence[str]) -> ClassText:
        if (file := (text := self.text).descriptions) is not None:
            read = read_class_text(set_name, names, file, lead=text.lead, groups=text.groups, data_root=self.data_root)
            return fill_with_descriptions(read, text.templates) if text.is_described else read
        exact = self.exact_name_of if self.text.names == "exact" else {}
        spoken = spoken_names(names, exact, renamed=self.text.renamed, known=self.class_names)
        return fill_templates(set_name, names, self.text.templates, spoken=spoken)

    @property
    def data_set(self) -> str:
        """The name of the data set in results: "ucf101", ..."""
        return type(self).__module__.rpartition(".")[2]

    def describe(self) -> dict[str, Any]:
        """What results report about the sets: counts, split."""
        classes = {**self.set_classes("fit"), **self.set_classes("validate"), **self.set_classes("test")}
        labelled = {name: self.sets[name].named_labels(classes[name]) for name in self.sets.keys() & classes.keys()}
        return {
            "class_path": class_path(type(self)),
            "data_set": self.data_set,
            "protocol": self.split.protocol,
            "classes": self.split.classes,
            "half_draws": self.split.half_draws,
            "test_videos": self.split.test_videos,
            "fold": self.split.fold,
            "n_excluded": len(self._excluded),
            "n_listed": {name: len(table) for name, table in self.sets.items()},
            "roots": {name: str(table.root.resolve()) for name, table in self.sets.items()},
            "split_hash": split_hash(labelled),
            "split_seed": self.split.seed,
            "shots": self.split.shots,
            **({"labels": counts_of_sets(self.sets, classes)} if self.is_multi_label else {}),
        }
