"""TrimmedVideoDataModule: the base of every data set of trimmed videos, one action a video.

A data set says what its classes are and where its videos lie (`class_names`, `list_videos`); splits, few shots,
held-out clips, sampling, views, class text and data loaders are here, once.
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from functools import cached_property, partial
from pathlib import Path
from typing import Any, ClassVar, Literal

from lightning.pytorch import LightningDataModule
from torch.utils.data import DataLoader, Dataset

from zsar.datamodules.batch import ClassText, VideoBatch, VideoDecodeError
from zsar.datamodules.class_text.checked_names import too_few_classes
from zsar.datamodules.class_text.templates import fill_templates
from zsar.datamodules.class_text.text_files import read_class_text
from zsar.datamodules.clip_dataset import EvaluationClips, TrainingClips, check_one_test_view, collate
from zsar.datamodules.lists.checked_lists import read_excluded, refuse_missing, refuse_repeated_in
from zsar.datamodules.lists.splits import base_and_novel_classes, draw_training_videos, split_hash
from zsar.datamodules.lists.video_table import VideoTable
from zsar.datamodules.samplers import EvaluationSampler, TrainingSampler
from zsar.datamodules.settings import Clips, Loading, Split, Text
from zsar.datamodules.video_files.unreadable_files import refuse_undecoded, refuse_unreadable
from zsar.datamodules.views.further_views import Views
from zsar.datamodules.views.transforms import TestTransform, TrainTransform
from zsar.runtime.class_paths import class_path
from zsar.runtime.run_seed import run_seed

Subset = Literal["train", "test", "predict"]
_SET_OF = {"fit": "train", "validate": "val", "test": "test", "predict": "predict"}


def default_data_root() -> Path:
    """The folder that holds all data sets: $ZSAR_DATA, or `data` in the working directory."""
    return Path(os.environ.get("ZSAR_DATA", "data")).expanduser()


class TrimmedVideoDataModule(LightningDataModule):
    """Videos with one class each -> batches of frames, and the class text of each data loader.

    Attributes:
        for_testing_only: Whether there are no training videos.
        n_folds: How many official splits there are.
        flip_keeps_label: Whether a mirrored clip still shows its class; if so, half of the training clips are mirrored
            where `clips.augmentation.flip` does not say otherwise.
        sets: After `setup`, the videos of each set.
    """

    for_testing_only: ClassVar[bool] = False
    n_folds: ClassVar[int] = 1
    flip_keeps_label: ClassVar[bool] = True

    def __init__(
        self,
        *,
        data_root: Path | str | None = None,
        clips: Clips = Clips(),
        split: Split = Split(),
        text: Text = Text(),
        loading: Loading = Loading(),
    ) -> None:
        """Describes how the data are read; files are touched in `setup` only.

        Args:
            data_root: The folder that holds all data sets; null for $ZSAR_DATA, or ./data.
            clips: How frames are taken from a video.
            split: Which classes and videos are trained on and tested on.
            text: What models read of a class.
            loading: How videos become batches.

        Raises:
            ValueError: A number is out of range.
        """
        super().__init__()
        self.data_root = default_data_root() if data_root is None else Path(data_root).expanduser()
        self.clips = clips
        self.split = split
        self.text = text
        self.loading = loading
        if not 1 <= split.fold <= self.n_folds:
            raise ValueError(f"split.fold is {split.fold}, but {type(self).__name__} has {_folds(self.n_folds)}")
        augmentation = asdict(clips.augmentation)
        if augmentation["flip"] and not self.flip_keeps_label:
            raise ValueError(
                f"clips.augmentation.flip is {augmentation['flip']}, but a mirrored clip of {type(self).__name__} may "
                "show another class; leave it out, or set it to 0"
            )
        if augmentation["flip"] is None:
            augmentation["flip"] = 0.5 if self.flip_keeps_label else 0.0
        self._train_transform = TrainTransform(clips.image_size, **augmentation)
        self._test_transform = TestTransform(clips.image_size, n_crops=clips.n_test_crops)
        self._views = None if clips.views is None else self._checked(clips.views)
        self.sets: dict[str, VideoTable] = {}

    def _checked(self, views: Views) -> Views:
        check_one_test_view(self.clips.n_test_clips, self.clips.n_test_crops)
        return views.for_data_set(type(self).__name__, flip_keeps_label=self.flip_keeps_label)

    # --- what a data set defines ----------------------------------------------------------------------------------

    @property
    def class_names(self) -> Sequence[str]:
        """All class names, in label order."""
        raise NotImplementedError

    @property
    def tests_on_training_list(self) -> bool:
        """Whether one list is given for training and for testing, on purpose: then only a warning says so."""
        return False

    def list_videos(self, subset: Subset) -> VideoTable:
        """All videos of a subset with labels into `class_names`."""
        raise NotImplementedError

    @property
    def exact_name_of(self) -> Mapping[str, str]:
        """Class name -> the name as the data set's makers write it, for those that differ."""
        return {}

    def base_and_novel(self) -> tuple[Sequence[str], Sequence[str]]:
        """The base and the novel classes, each in the order that gives them their labels."""
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
        if self.split.protocol == "all_classes" or stage == "predict":
            return {_SET_OF[stage]: names}
        base, novel = self.base_and_novel()
        if stage == "test":
            return {"base": base, "novel": novel}
        return {_SET_OF[stage]: base}

    def setup(self, stage: str) -> None:
        """Lists the videos of a stage.

        Raises:
            FileNotFoundError: The data are not where they should be, or listed videos are missing.
            ValueError: A set is empty or has a single class, a video is listed twice, in a set or in two that this run
                has, or a split cannot be drawn. Before training, the test sets are looked at for that, too, as far as
                they are there.
        """
        listed = self.list_sets(stage)
        further = {} if stage == "predict" else self._other_sets(stage)
        refuse_repeated_in({**listed, **{name: table for name, table in further.items() if name not in listed}})
        classes = self.set_classes(stage)
        if stage == "fit" and self.split.protocol == "base_to_novel":
            classes = {**classes, **self.set_classes("test")}  # else the training would be for nothing
        if (problem := too_few_classes(classes)) is not None:
            raise ValueError(f"{type(self).__name__}: {problem}")
        for set_name, table in listed.items():
            if len(table) == 0 and (set_name != "val" or self.has_validation_set):
                raise ValueError(f"the set {set_name!r} of {type(self).__name__} under {self.data_root} has no videos")
        may_miss = stage == "predict" or (stage == "test" and self.loading.on_decode_error == "count_as_wrong")
        for set_name, table in listed.items():
            refuse_missing(table, set_name, only_warn=may_miss)
        self.sets.update(listed)

    def _other_sets(self, stage: str) -> dict[str, VideoTable]:
        """The sets that those of a stage must have no video of: what this run has, and before training the test sets.

        Whoever only trains need not have test lists; what is wrong with one is said, and stops the test.
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
        """The videos of each set of a stage, as listed: nothing is checked yet."""
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
        """Whether training clips are held out to choose a checkpoint by."""
        return self.split.held_out_fraction > 0

    def draw_training_sets(self, videos: VideoTable) -> tuple[VideoTable, VideoTable]:
        """Training and held-out videos, drawn from the (base) classes' training videos."""
        train, held_out = draw_training_videos(
            videos.all_keys(),
            videos.labels,
            seed=self.split.seed,
            shots=self.split.shots,
            held_out_fraction=self.split.held_out_fraction,
        )
        return videos.select(train), videos.select(held_out)

    def without_excluded(self, videos: VideoTable) -> VideoTable:
        """The videos that `split.exclude` does not name."""
        return videos.without(self._excluded)

    @cached_property
    def _excluded(self) -> frozenset[str]:
        return frozenset() if self.split.exclude is None else read_excluded(Path(self.split.exclude).expanduser())

    def class_text(self, stage: str) -> list[ClassText]:
        """The classes of each data loader of a stage, as text."""
        sets = self.set_classes(stage).items()
        if self.text.descriptions is not None:
            file = self.text.descriptions
            return [read_class_text(set_name, names, file, lead=self.text.lead) for set_name, names in sets]
        return [self._filled(set_name, names) for set_name, names in sets]

    def _filled(self, set_name: str, names: Sequence[str]) -> ClassText:
        exact = self.exact_name_of if self.text.names == "exact" else {}
        spoken = [exact.get(name, name) for name in names]
        return fill_templates(set_name, names, self.text.templates, spoken=spoken)

    @property
    def data_set(self) -> str:
        """The name of the data set in results: "ucf101", ..."""
        return type(self).__module__.rpartition(".")[2]

    def describe(self) -> dict[str, Any]:
        """What a result must say about the data: counts, split, sampling, views."""
        classes = {**self.set_classes("fit"), **self.set_classes("validate"), **self.set_classes("test")}
        labelled = {}
        for name in self.sets.keys() & classes.keys():
            keys, labels = self.sets[name].all_keys(), self.sets[name].labels.tolist()
            labelled[name] = [(key, classes[name][label]) for key, label in zip(keys, labels, strict=True)]
        return {
            "class_path": class_path(type(self)),
            "data_set": self.data_set,
            "protocol": self.split.protocol,
            "fold": self.split.fold,
            "n_excluded": len(self._excluded),
            "n_listed": {name: len(table) for name, table in self.sets.items()},
            "roots": {name: str(table.root.resolve()) for name, table in self.sets.items()},
            "split_hash": split_hash(labelled),
            "split_seed": self.split.seed,
            "shots": self.split.shots,
            "n_frames": self.clips.n_frames,
            "n_test_clips": self.clips.n_test_clips,
            "n_test_crops": self.clips.n_test_crops,
            "views": None if self._views is None else self._views.described(),
            "on_damage": self.loading.on_damage,
        }

    # --- data loaders ---------------------------------------------------------------------------------------------

    def train_dataloader(self) -> DataLoader[VideoBatch]:
        """Training clips of the (base) classes."""
        clips = TrainingClips(
            self.sets["train"],
            self._train_transform,
            n_frames=self.clips.n_frames,
            sampling=self.clips.train_sampling,
            seed=run_seed(),
            on_damage=self.loading.on_damage,
        )
        sampler = TrainingSampler(clips, seed=run_seed(), done=self._done(), **self._process())
        return self._loader(clips, self.loading.batch_size, sampler)

    def val_dataloader(self) -> list[DataLoader[VideoBatch]]:
        """Held-out clips of the (base) training classes; none where `held_out_fraction` is 0."""
        return [self._evaluation_loader("val", None)] if len(self.sets["val"]) else []

    def test_dataloader(self) -> list[DataLoader[VideoBatch]]:
        """The test set, or base and novel test sets.

        Raises:
            VideoDecodeError: Files are empty or no video, which shall not count as wrong: said before the work.
        """
        if self.loading.on_decode_error == "raise":
            for name in self.set_classes("test"):
                refuse_unreadable(self.sets[name], name)
        return [self._evaluation_loader(name, self._views) for name in self.set_classes("test")]

    def predict_dataloader(self) -> list[DataLoader[VideoBatch]]:
        """Videos whose class is unknown."""
        return [self._evaluation_loader("predict", self._views)]

    def on_before_batch_transfer(self, batch: VideoBatch, dataloader_idx: int) -> VideoBatch:
        """Ends a training that finds nothing it can decode; Lightning calls this.

        Raises:
            VideoDecodeError: Ten videos in a row could not be decoded.
        """
        if self.trainer is not None and self.trainer.training and batch.failed.any():
            raise VideoDecodeError(batch.undecodable[-1])
        return batch

    def refuse_undecoded(self, problems: Sequence[str]) -> None:
        """Ends a test of which videos could not be decoded, unless they shall count as wrong.

        Raises:
            VideoDecodeError: They shall not; the message has all of the problems.
        """
        if self.loading.on_decode_error == "raise":
            refuse_undecoded(problems)

    def on_after_batch_transfer(self, batch: VideoBatch, dataloader_idx: int) -> VideoBatch:
        """Makes those views of test videos that are made on the device; Lightning calls this."""
        return batch if batch.views is None or self._views is None else self._views.finish(batch)

    def _evaluation_loader(self, set_name: str, views: Views | None) -> DataLoader[VideoBatch]:
        clips = EvaluationClips(
            self.sets[set_name],
            self._test_transform,
            n_frames=self.clips.n_frames,
            n_clips=self.clips.n_test_clips,
            views=views,
            seed=run_seed(),
            on_damage=self.loading.on_damage,
        )
        batch_size = self.loading.test_batch_size or self.loading.batch_size
        return self._loader(clips, batch_size, EvaluationSampler(clips, **self._process()))

    def _done(self) -> tuple[int, int]:
        """The epoch in which a resumed run begins, and the videos of this process it has been trained on already."""
        if self.trainer is None:
            return 0, 0
        loop: Any = self.trainer.fit_loop
        epochs = loop.epoch_progress.current
        if epochs.ready == epochs.processed:  # saved after an epoch, whose batches are still counted
            return epochs.processed, 0
        n_done = loop.epoch_loop.batch_progress.current.processed * self.loading.batch_size
        is_whole = n_done >= len(self.sets["train"]) / self.trainer.world_size  # saved before the epoch was closed
        return (epochs.processed + 1, 0) if is_whole else (epochs.processed, n_done)

    def _process(self) -> dict[str, int]:
        return {"n_processes": self.trainer.world_size, "rank": self.trainer.global_rank} if self.trainer else {}

    def _loader(self, clips: Dataset[Any], batch_size: int, sampler: Any) -> DataLoader[VideoBatch]:  # noqa: ANN401
        make = partial(DataLoader, collate_fn=collate, drop_last=False, pin_memory=self._uses_cuda())
        return make(
            clips,
            batch_size=batch_size,
            sampler=sampler,
            num_workers=self.loading.n_workers,
            persistent_workers=self.loading.n_workers > 0,
        )

    def _uses_cuda(self) -> bool:
        return self.trainer is not None and self.trainer.strategy.root_device.type == "cuda"


def _folds(n: int) -> str:
    return "no official splits to choose from; leave it at 1" if n == 1 else f"the official splits 1 to {n}"
