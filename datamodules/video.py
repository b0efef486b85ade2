"""TrimmedVideoDataModule: the base of every data set of trimmed videos.

A data set defines its classes and lists its videos (`class_names`, `list_videos`). `TrimmedSets` chooses the videos and
classes of a run, `EmbeddedSets` reads their stored embeddings. This module turns them into batches: sampling,
views, data loaders.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any, ClassVar

from torch.utils.data import DataLoader, Dataset

from zsar.datamodules.batch import VideoBatch
from zsar.datamodules.clip_dataset import EvaluationClips, TrainingClips, check_one_test_view
from zsar.datamodules.samplers import EvaluationSampler, TrainingSampler
from zsar.datamodules.samples import collate
from zsar.datamodules.settings import Clips, Loading, Split, Text
from zsar.datamodules.stored_embeddings.embedded_sets import EmbeddedSets
from zsar.datamodules.video_files.unreadable_files import refuse_undecoded, refuse_unreadable
from zsar.datamodules.views.colours import with_colours_made
from zsar.datamodules.views.further_views import Views
from zsar.datamodules.views.transforms import TrainTransform
from zsar.runtime.files.video_errors import VideoDecodeError
from zsar.runtime.run_seed import run_seed


class TrimmedVideoDataModule(EmbeddedSets):
    """Videos with their classes -> batches of frames, and the class text of each data loader.

    Attributes:
        flip_keeps_label: Whether a mirrored clip still shows its class; if so, half of the training clips are mirrored
            unless `clips.augmentation.flip` is set.
    """

    flip_keeps_label: ClassVar[bool] = True

    def __init__(
        self,
        *,
        data_root: Path | str | None = None,
        clips: Clips = Clips(),
        split: Split = Split(),
        text: Text = Text(),
        loading: Loading = Loading(),
        embeddings: Path | str | None = None,
    ) -> None:
        """Describes how the data are read; files are touched in `setup` only.

        Args:
            data_root: The folder that holds all data sets; null for $ZSAR_DATA, or ./data.
            clips: How frames are taken from a video.
            split: Which classes and videos are used for training and for testing.
            text: How classes are described to models.
            loading: How videos become batches.
            embeddings: Folder that `zsar embed` wrote: its embeddings, of the same visual tower, are tested instead of
                decoded frames; null to decode. Training always decodes. Relative to the working directory.

        Raises:
            ValueError: A number is out of range.
        """
        super().__init__(
            data_root=data_root, clips=clips, split=split, text=text, loading=loading, embeddings=embeddings
        )
        augmentation = asdict(clips.augmentation)
        if augmentation["flip"] and not self.flip_keeps_label:
            raise ValueError(
                f"clips.augmentation.flip is {augmentation['flip']}, but a mirrored clip of {type(self).__name__} may "
                "show another class; leave it out, or set it to 0"
            )
        if augmentation["flip"] is None:
            augmentation["flip"] = 0.5 if self.flip_keeps_label else 0.0
        TrainTransform(clips.image_size or 1, **augmentation)  # whose errors need no model
        self._augmentation = augmentation
        self._views = None if clips.views is None else self._checked(clips.views)

    def _checked(self, views: Views) -> Views:
        check_one_test_view(self.clips.n_test_clips, self.clips.n_test_crops)
        return views.for_data_set(type(self).__name__, flip_keeps_label=self.flip_keeps_label)

    def describe(self) -> dict[str, Any]:
        """What results report about the data: counts, split, sampling, views."""
        return {
            **super().describe(),
            "n_frames": self.clips.n_frames,
            "n_test_clips": self.clips.n_test_clips,
            "n_test_crops": self.clips.n_test_crops,
            "sampling": self.clips.sampling,
            **self.described_pixels(),
            "views": None if self._views is None else self._views.described(),
            "on_damage": self.loading.on_damage,
            "embeddings": self.described_embeddings(),
        }

    @property
    def train_transform(self) -> TrainTransform:
        """How the frames of a training clip are cropped and augmented."""
        return TrainTransform(self.frame_pixels.image_size, **self._augmentation)

    def train_dataloader(self) -> DataLoader[VideoBatch]:
        """Training clips of the (base) classes; on a GPU their colours are left to be made there.

        Raises:
            ValueError: No batch is full, and incomplete ones are dropped.
        """
        clips = self.training_clips(leave_colours=self._uses_cuda())
        sampler = TrainingSampler(clips, seed=run_seed(), done=self._done(), **self._process())
        if self.loading.drop_incomplete and sampler.num_samples < self.loading.batch_size:
            raise ValueError(
                f"no training batch is full: {sampler.num_samples} videos per process, loading.batch_size is "
                f"{self.loading.batch_size}; use smaller batches, or set loading.drop_incomplete to false"
            )
        drop_last = self.loading.drop_incomplete
        return self._loader(clips, self.loading.batch_size, sampler, of_set="train", drop_last=drop_last)

    def val_dataloader(self) -> list[DataLoader[VideoBatch]]:
        """Held-out clips of the (base) training classes; none if `held_out_fraction` is 0."""
        return [self._evaluation_loader("val", None)] if len(self.sets["val"]) else []

    def test_dataloader(self) -> list[DataLoader[VideoBatch]]:
        """The test set, or base and novel test sets.

        Raises:
            VideoDecodeError: Files are empty or not videos, and `loading.on_decode_error` is "raise".
        """
        if self.loading.on_decode_error == "raise" and self.reads_files:
            tested = {name: self.sets[name] for name in self.set_classes("test")}
            for name, table in self.lists_of(tested).items():
                refuse_unreadable(table, name)
        return [self._evaluation_loader(name, self._views) for name in self.set_classes("test")]

    def predict_dataloader(self) -> list[DataLoader[VideoBatch]]:
        """Videos whose class is unknown."""
        return [self._evaluation_loader("predict", self._views)]

    def on_before_batch_transfer(self, batch: VideoBatch, dataloader_idx: int) -> VideoBatch:
        """Ends a training that can decode nothing; Lightning calls this.

        Raises:
            VideoDecodeError: Ten videos in a row could not be decoded.
        """
        if self.trainer is not None and self.trainer.training and batch.failed.any():
            raise VideoDecodeError(batch.undecodable[-1])
        return batch

    def refuse_undecoded(self, problems: Sequence[str]) -> None:
        """Ends a test in which videos could not be decoded, unless they count as wrong.

        Raises:
            VideoDecodeError: They do not count as wrong; the message lists all problems.
        """
        if self.loading.on_decode_error == "raise":
            refuse_undecoded(problems)

    def on_after_batch_transfer(self, batch: VideoBatch, dataloader_idx: int) -> VideoBatch:
        """Makes what is left to the device, further views or colours of training clips; Lightning calls this."""
        if batch.colours:
            return with_colours_made(batch)
        return batch if batch.views is None or self._views is None else self._views.finish(batch)

    def _evaluation_loader(self, set_name: str, views: Views | None) -> DataLoader[VideoBatch]:
        clips = self.evaluation_clips(set_name, views) if self.embeddings is None else self.stored_clips(set_name)
        batch_size = self.loading.test_batch_size or self.loading.batch_size
        sampler = EvaluationSampler(clips, **self._process())
        return self._loader(clips, batch_size, sampler, of_set=set_name)

    def training_clips(self, *, leave_colours: bool = False) -> TrainingClips:
        """The training clips, decoded and augmented.

        Args:
            leave_colours: Whether colours are drawn only; `on_after_batch_transfer` makes them on the device.
        """
        return TrainingClips(
            self.sets["train"],
            self.train_transform,
            n_frames=self.clips.n_frames,
            sampling=self.clips.train_sampling,
            centres=self.clips.sampling,
            seed=run_seed(),
            on_damage=self.loading.on_damage,
            leave_colours=leave_colours,
        )

    def evaluation_clips(self, set_name: str, views: Views | None = None) -> EvaluationClips:
        """The test views of a set's videos, decoded.

        Args:
            set_name: A set of `sets`.
            views: Further views; None for none.
        """
        return EvaluationClips(
            self.sets[set_name],
            self.test_transform,
            n_frames=self.clips.n_frames,
            n_clips=self.clips.n_test_clips,
            sampling=self.clips.sampling,
            views=views,
            seed=run_seed(),
            on_damage=self.loading.on_damage,
        )

    def _done(self) -> tuple[int, int]:
        """The epoch in which a resumed run begins, and how many videos of it this process has already trained on."""
        if self.trainer is None:
            return 0, 0
        loop: Any = self.trainer.fit_loop
        epochs = loop.epoch_progress.current
        if epochs.ready == epochs.processed:  # saved after an epoch; its batches are still counted
            return epochs.processed, 0
        n_done = loop.epoch_loop.batch_progress.current.processed * self.loading.batch_size
        left = math.ceil(len(self.sets["train"]) / self.trainer.world_size) - n_done
        # An epoch without further batches was saved before it was closed.
        is_whole = left < (self.loading.batch_size if self.loading.drop_incomplete else 1)
        return (epochs.processed + 1, 0) if is_whole else (epochs.processed, n_done)

    def _process(self) -> dict[str, int]:
        return {"n_processes": self.trainer.world_size, "rank": self.trainer.global_rank} if self.trainer else {}

    def _loader(
        self,
        clips: Dataset[Any],
        batch_size: int,
        sampler: Any,  # noqa: ANN401
        *,
        of_set: str,
        drop_last: bool = False,
    ) -> DataLoader[VideoBatch]:
        stack = partial(collate, label_sets=self.sets[of_set].label_sets)
        make = partial(DataLoader, collate_fn=stack, drop_last=drop_last, pin_memory=self._uses_cuda())
        return make(
            clips,
            batch_size=batch_size,
            sampler=sampler,
            num_workers=self.loading.n_workers,
            # Ten test sets would keep ten times as many.
            persistent_workers=of_set in ("train", "val") and self.loading.n_workers > 0,
        )

    def _uses_cuda(self) -> bool:
        return self.trainer is not None and self.trainer.strategy.root_device.type == "cuda"
