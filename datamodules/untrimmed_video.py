"""UntrimmedVideoDataModule: the base of the data sets of untrimmed videos, in which actions are found in time.

Batches hold row numbers, not frames: a video is minutes long, and each model decides which frames it needs. The data
module lists the test videos, their instances with times, and the class text (`untrimmed_sets`), and gives frames of a
video on request.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from torch import Tensor
from torch.utils.data import DataLoader

from zsar.datamodules import untrimmed_frames
from zsar.datamodules.choices.frame_pixels import ResizeFilter
from zsar.datamodules.lists.splits import split_hash
from zsar.datamodules.lists.tested_sets import TestedSet
from zsar.datamodules.samplers import EvaluationSampler
from zsar.datamodules.untrimmed_sets import UntrimmedSets
from zsar.datamodules.video_files.streaming import FrameStream
from zsar.datamodules.video_files.unreadable_files import refuse_undecoded
from zsar.datamodules.views.frame_geometry import RESIZE_FILTER
from zsar.runtime.class_paths import class_path


class UntrimmedVideoDataModule(UntrimmedSets):
    """The videos of a split, their instances and their classes, the frames of videos, and rows for data loaders."""

    def open_frames(
        self, row: int, *, image_size: int, chunk_size: int, resize_filter: ResizeFilter = RESIZE_FILTER
    ) -> FrameStream:
        """The frames of a video that `stride` chooses, in order and in bounded memory; see `untrimmed_frames`.

        Args:
            row: Row of `videos`.
            image_size: S, height and width of the output frames, in pixels.
            chunk_size: Number of frames per chunk.
            resize_filter: How frames are resized, with antialiasing.

        Returns:
            A context manager whose `chunks()` are uint8 [n, 3, S, S] with times in seconds.
        """
        video = self.videos[row]
        return untrimmed_frames.open_frames(
            video,
            stride=self.stride,
            image_size=image_size,
            geometry=self.geometry,
            resize_filter=resize_filter,
            chunk_size=chunk_size,
            on_damage=self.on_damage,
        )

    def frames_at(
        self,
        row: int,
        times_seconds: Sequence[float],
        *,
        image_size: int,
        resize_filter: ResizeFilter = RESIZE_FILTER,
    ) -> Tensor:
        """The frames of a video on screen at given times; see `untrimmed_frames`.

        Args:
            row: Row of `videos`.
            times_seconds: n times, in seconds on the player's clock, in any order.
            image_size: S, height and width of the output frames, in pixels.
            resize_filter: How frames are resized, with antialiasing.

        Returns:
            uint8 [n, 3, S, S].
        """
        return untrimmed_frames.frames_at(
            self.videos[row],
            times_seconds,
            image_size=image_size,
            geometry=self.geometry,
            resize_filter=resize_filter,
            on_damage=self.on_damage,
        )

    def refuse_undecoded(self, problems: Sequence[str]) -> None:
        """Ends a test in which videos could not be decoded: mAP must cover all videos that are not excluded.

        Raises:
            VideoDecodeError: There are problems; the message lists all of them.
        """
        refuse_undecoded(
            problems,
            "Get them again, or exclude them: --data.split.exclude, a CSV file with a column `video`; "
            "one's own files out of --data.videos and the annotations",
        )

    @property
    def data_set(self) -> str:
        """The name of the data set in results: "thumos14_untrimmed", ..."""
        return type(self).__module__.rpartition(".")[2]

    def describe(self) -> dict[str, Any]:
        """After `setup`, what results report about the data: split, frames, classes and counts of each set."""
        sets = dict(zip(self._set_names("test"), self.tested_sets, strict=True))
        return {
            "class_path": class_path(type(self)),
            "data_set": self.data_set,
            "split": self.split.name,
            "split_number": self.split.number,
            "split_lists": None if self.split.lists is None else str(self.split.lists),
            "split_seed": self.split.seed,
            "split_hash": split_hash({name: self._labelled(tested) for name, tested in sets.items()}),
            "stride": str(self.stride),
            "geometry": self.geometry,
            "on_damage": self.on_damage,
            "features": self._below_root(self.features_folder),
            "captions": self._below_root(self.captions_folder),
            "n_videos": len(self.videos),
            "n_excluded": len(self._excluded),
            "n_listed": {name: len(tested.rows) for name, tested in sets.items()},
            "roots": {name: str(self.videos_folder.resolve()) for name in sets},
            "tested_sets": {
                name: {
                    "number": tested.number,
                    "class_names": list(tested.class_names),
                    "n_instances": len(tested.instances),
                    "n_dropped_instances": tested.n_dropped_instances,
                }
                for name, tested in sets.items()
            },
        }

    def _below_root(self, folder: Path | None) -> str | None:
        """A folder relative to the data root, which differs between machines."""
        return None if folder is None else os.path.relpath(folder, self.data_root)

    def _labelled(self, tested: TestedSet) -> list[tuple[str, str]]:
        """(id, class) of every instance of a set; (id, "") for a video without instances."""
        pairs = [(self.videos[i.video].id, tested.class_names[i.label]) for i in tested.instances]
        return pairs + [(self.videos[row].id, "") for row in tested.rows - {i.video for i in tested.instances}]

    # --- data loaders ---------------------------------------------------------------------------------------------

    def test_dataloader(self) -> DataLoader[Tensor]:
        """Rows of `videos`, int64 [B], each once, divided among the processes without padding."""
        rows: Any = range(len(self.videos))
        process = {"n_processes": self.trainer.world_size, "rank": self.trainer.global_rank} if self.trainer else {}
        return DataLoader(rows, batch_size=self.batch_size, sampler=EvaluationSampler(rows, **process))

    def predict_dataloader(self) -> DataLoader[Tensor]:
        """The same rows."""
        return self.test_dataloader()
