"""Record -> decode -> sample -> transform: the dataset that data loader workers run.

A decoding error is reported in the sample, not raised, which would end the run in a worker and lose its results so far.
"""

from __future__ import annotations

import time
from contextlib import AbstractContextManager

import torch
from torch import Tensor
from torch.utils.data import Dataset

from zsar.datamodules.batch import VideoRecord
from zsar.datamodules.choices.colour_changes import ColourChanges
from zsar.datamodules.lists.video_table import VideoTable
from zsar.datamodules.samples import CutViews, Sample
from zsar.datamodules.video_files.decoding import VideoDecodeError, VideoReader
from zsar.datamodules.video_files.decoding.recorded_frames import frame_rate_of, frames_of
from zsar.datamodules.video_files.frame_chunks import FrameSource, frame_chunks, small_frames
from zsar.datamodules.video_files.whole_decoding import OnDamage
from zsar.datamodules.views.frame_sampling import (
    Sampling,
    TrainSampling,
    multi_clip_indices,
    training_indices,
)
from zsar.datamodules.views.further_views import Views
from zsar.datamodules.views.strided_sampling import is_strided
from zsar.datamodules.views.transforms import TestTransform, TrainTransform
from zsar.runtime.seeds import derive_seed

_MOST_SUBSTITUTES = 10


class TrainingClips(Dataset[Sample]):
    """One view of T frames of each video. An undecodable video is replaced by another and reported."""

    def __init__(
        self,
        table: VideoTable,
        transform: TrainTransform,
        *,
        n_frames: int,
        sampling: TrainSampling,
        centres: Sampling = "t2l",
        seed: int,
        on_damage: OnDamage = "raise",
        leave_colours: bool = False,
    ) -> None:
        """Stores the settings; a file is opened when its row is requested.

        Args:
            table: The videos.
            transform: Frames [T, 3, h, w] -> [T, 3, H, W].
            n_frames: T.
            sampling: Where in each of T segments the frame is taken.
            centres: Which frame is the "centre" of a segment.
            seed: Seed of the run.
            on_damage: Whether a damaged frame makes its video undecodable, or is accepted.
            leave_colours: Whether colours are drawn only, to be made for a batch by `colours.with_colours_made`.
        """
        self.table = table
        self._transform = transform
        self._n_frames = n_frames
        self._sampling = sampling
        self._centres: Sampling = centres
        self._seed = seed
        self._on_damage: OnDamage = on_damage
        self._leave_colours = leave_colours

    def __len__(self) -> int:
        """Number of videos."""
        return len(self.table)

    def __getitem__(self, key: tuple[int, int] | int) -> Sample:
        """Reads a clip.

        Args:
            key: Index and epoch. All random numbers are derived from them and the run's seed. An index alone, which
                Lightning uses with `overfit_batches`, gives the clip of epoch 0 in every epoch.

        Returns:
            The clip; or a failed sample with one message if ten videos in a row cannot be decoded.
        """
        index, epoch = key if isinstance(key, tuple) else (key, 0)
        failures: list[str] = []
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(derive_seed(self._seed, "clip", epoch, index))
            while len(failures) < _MOST_SUBSTITUTES:
                record = self.table[index]
                try:
                    frames, colours, n_damaged = self._read(record)
                except VideoDecodeError as error:
                    failures.append(str(error))
                    index = int(torch.randint(len(self.table), ()))
                else:
                    return Sample(
                        frames[None],
                        record.label,
                        index,
                        undecodable=tuple(failures),
                        n_damaged=n_damaged,
                        colours=colours,
                    )
        problem = (
            f"{len(failures)} videos in a row could not be decoded; is the data root right? The last: {failures[-1]}"
        )
        size = self._transform.image_size
        return Sample(_blank(1, self._n_frames, size), record.label, index, failed=True, undecodable=(problem,))

    def _read(self, record: VideoRecord) -> tuple[Tensor, ColourChanges, int]:
        """The clip, the colours that are left to be made, and its number of damaged frames."""
        with VideoReader(record.path, on_damage=self._on_damage) as reader:
            first, n_available = frames_of(reader, record)
            rate = frame_rate_of(reader, record) if is_strided(self._centres) else None
            indices = training_indices(
                n_available, self._n_frames, sampling=self._sampling, centres=self._centres, frame_rate=rate
            )
            frames = small_frames(reader, first + indices, self._transform.drawn_crop())
            if self._leave_colours:
                return *self._transform.finish_but_colours(frames), reader.n_damaged
            return self._transform.finish(frames), (), reader.n_damaged


class EvaluationClips(Dataset[Sample]):
    """All test views of each video, V = clips x crops, and further views for methods that adapt to it.

    No video is replaced. Only the further views are random; their random numbers are derived from the run's seed and
    the video's key.
    """

    def __init__(
        self,
        table: VideoTable,
        transform: TestTransform,
        *,
        n_frames: int,
        n_clips: int,
        sampling: Sampling = "t2l",
        views: Views | None = None,
        seed: int = 0,
        on_damage: OnDamage = "raise",
    ) -> None:
        """Stores the settings; a file is opened when its row is requested.

        Args:
            table: The videos.
            transform: Frames [T, 3, h, w] -> crops [K, T, 3, H, W].
            n_frames: T.
            n_clips: Views in time.
            sampling: Which frame of a segment is its middle.
            views: Further views, which require a single test view; None for none.
            seed: Seed of the run, for the further views.
            on_damage: Whether a damaged frame makes its video undecodable, or is accepted.

        Raises:
            ValueError: Further views with more than one test view.
        """
        if views is not None:
            check_one_test_view(n_clips, transform.n_crops)
        self.table = table
        self._transform = transform
        self._n_frames = n_frames
        self._n_clips = n_clips
        self._sampling: Sampling = sampling
        self._views = views
        self._seed = seed
        self._on_damage: OnDamage = on_damage

    def __len__(self) -> int:
        """Number of videos."""
        return len(self.table)

    def __getitem__(self, index: int) -> Sample:
        """Reads all views of a video; if it cannot be decoded, they are blank and the sample is marked as failed."""
        record = self.table[index]
        begin, seed = time.perf_counter(), derive_seed(self._seed, "views", self.table.key(index))
        failure: tuple[str, ...] = ()
        try:
            with self.opened(index) as reader:
                if self._views is None:
                    frames, further = self._read(reader, record)
                else:
                    frames, further = self._read_views(reader, record, self._views, seed)
                n_damaged = reader.n_damaged
        except VideoDecodeError as error:
            failure, n_damaged = (str(error),), 0
            n_views, size = self._n_clips * self._transform.n_crops, self._transform.image_size
            frames, further = _blank(n_views, self._n_frames, size), None
            if self._views is not None:
                further = _blank(self._views.n_cut, self._views.frames_per_view(self._n_frames), size)
        views = None
        if self._views is not None and further is not None:
            views = CutViews(further, self._views.weights, seed, time.perf_counter() - begin)
        return Sample(frames, record.label, index, bool(failure), failure, views, n_damaged)

    def opened(self, index: int) -> AbstractContextManager[FrameSource]:
        """The open video of a row."""
        return VideoReader(self.table[index].path, on_damage=self._on_damage)

    def _read(self, reader: FrameSource, record: VideoRecord) -> tuple[Tensor, None]:
        first, n_available = frames_of(reader, record)
        indices = self._test_views(reader, record, n_available)
        crops = small_frames(reader, first + indices, lambda frames: self._transform(frames).transpose(0, 1))
        return crops.transpose(1, 2).flatten(0, 1), None  # from [V in time, T, V in space, 3, S, S]

    def _test_views(self, reader: FrameSource, record: VideoRecord, n_available: int) -> Tensor:
        rate = frame_rate_of(reader, record) if is_strided(self._sampling) else None
        return multi_clip_indices(n_available, self._n_frames, self._n_clips, sampling=self._sampling, frame_rate=rate)

    def _read_views(self, reader: FrameSource, record: VideoRecord, views: Views, seed: int) -> tuple[Tensor, Tensor]:
        """The test view and the further ones; a frame is decoded once however many views use it."""
        first, n_available = frames_of(reader, record)
        indices = self._test_views(reader, record, n_available)[0]
        further = views.further_indices(n_available, self._n_frames, seed=seed, sampling=self._sampling)
        wanted, rows = torch.cat([indices, further.flatten()]).unique(return_inverse=True)
        test, others = rows[: len(indices)], rows[len(indices) :].view(further.shape)
        pairs = [
            (self._transform(frames)[0], views.shrink(frames, self._transform, seed=seed))
            for frames in frame_chunks(reader, first + wanted)
        ]
        shown, shrunk = (parts[0] if len(parts) == 1 else torch.cat(parts) for parts in zip(*pairs, strict=True))
        return shown[test][None], views.arrange(shrunk, test, others, self._transform)


def _blank(n_views: int, n_frames: int, size_px: int) -> Tensor:
    return torch.zeros(n_views, n_frames, 3, size_px, size_px, dtype=torch.uint8)


def check_one_test_view(n_clips: int, n_crops: int) -> None:
    """Checks that videos with further views have a single test view.

    Raises:
        ValueError: There is more than one.
    """
    if (n_clips, n_crops) != (1, 1):
        raise ValueError(
            f"clips.views require a single test view, but clips.n_test_clips is {n_clips} and clips.n_test_crops is "
            f"{n_crops}; set both to 1, or clips.views to null"
        )
