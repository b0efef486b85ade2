"""Record -> decode -> sample -> transform: the dataset that data loader workers run.

What cannot be decoded is told in the sample, not raised: torch would make a traceback of sixty lines of an error in a
worker, and all that the run has computed would be lost with it.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import Dataset

from zsar.datamodules.batch import VideoBatch, VideoRecord, ViewBatch
from zsar.datamodules.lists.video_table import VideoTable
from zsar.datamodules.video_files.counted_frames import OnDamage
from zsar.datamodules.video_files.decoding import VideoDecodeError, VideoReader
from zsar.datamodules.video_files.frame_chunks import frame_chunks, small_frames
from zsar.datamodules.views.frame_sampling import centre_indices, multi_clip_indices, random_segment_indices
from zsar.datamodules.views.further_views import Views
from zsar.datamodules.views.transforms import TestTransform, TrainTransform
from zsar.runtime.seeds import derive_seed

_MOST_SUBSTITUTES = 10


@dataclass(frozen=True)
class CutViews:
    """The further views of a video, as far as they are cut from its frames.

    Attributes:
        frames: uint8 [n_cut, T, 3, H, W].
        weights: float32 [1 + K], those of all views.
        seed: The video's.
        seconds: What it took to decode the video and to cut all of its views.
    """

    frames: Tensor
    weights: Tensor
    seed: int
    seconds: float


@dataclass(frozen=True)
class Sample:
    """One video, decoded.

    Attributes:
        frames: uint8 [V, T, 3, H, W].
        label: 0-based, -1 for unknown.
        index: Row of the video in its table.
        failed: The video could not be decoded and its frames are blank.
        undecodable: Messages of videos that could not be decoded: this one's, or those of videos that it stands in for.
        views: Further views, where they are wanted.
        n_damaged: Damaged frames among those that were read for it, where they are accepted.
    """

    frames: Tensor
    label: int
    index: int
    failed: bool = False
    undecodable: tuple[str, ...] = ()
    views: CutViews | None = None
    n_damaged: int = 0


class TrainingClips(Dataset[Sample]):
    """One view of T frames of each video; a video that cannot be decoded is replaced by another and reported."""

    def __init__(
        self,
        table: VideoTable,
        transform: TrainTransform,
        *,
        n_frames: int,
        sampling: Literal["random", "centre"],
        seed: int,
        on_damage: OnDamage = "raise",
    ) -> None:
        """Keeps what clips are read with; a file is opened when its row is asked for.

        Args:
            table: The videos.
            transform: Frames [T, 3, h, w] -> [T, 3, H, W].
            n_frames: T.
            sampling: Where in each of T equal segments the frame is taken: at "random" or in the "centre".
            seed: Seed of the run.
            on_damage: Whether a damaged frame makes its video one that cannot be decoded, or is accepted.
        """
        self.table = table
        self._transform = transform
        self._n_frames = n_frames
        self._sampling = sampling
        self._seed = seed
        self._on_damage: OnDamage = on_damage

    def __len__(self) -> int:
        """Number of videos."""
        return len(self.table)

    def __getitem__(self, key: tuple[int, int] | int) -> Sample:
        """Reads a clip.

        Args:
            key: Index and epoch. All random numbers are derived from them and the run's seed. An index alone, which
                Lightning asks for with `overfit_batches`, is the clip of the first epoch, the same in all of them.

        Returns:
            The clip; a failed sample, whose one message says so, where ten videos in a row cannot be decoded.
        """
        index, epoch = key if isinstance(key, tuple) else (key, 0)
        failures: list[str] = []
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(derive_seed(self._seed, "clip", epoch, index))
            while len(failures) < _MOST_SUBSTITUTES:
                record = self.table[index]
                try:
                    frames, n_damaged = self._read(record)
                except VideoDecodeError as error:
                    failures.append(str(error))
                    index = int(torch.randint(len(self.table), ()))
                else:
                    return Sample(frames[None], record.label, index, undecodable=tuple(failures), n_damaged=n_damaged)
        problem = (
            f"{len(failures)} videos in a row could not be decoded; is the data root right? The last: {failures[-1]}"
        )
        size = self._transform.image_size
        return Sample(_blank(1, self._n_frames, size), record.label, index, failed=True, undecodable=(problem,))

    def _read(self, record: VideoRecord) -> tuple[Tensor, int]:
        """The clip, and how many of its frames are damaged."""
        with VideoReader(record.path, on_damage=self._on_damage) as reader:
            first, n_available = frames_of(reader, record)
            if self._sampling == "random":
                indices = random_segment_indices(n_available, self._n_frames)
            else:
                indices = centre_indices(n_available, self._n_frames)
            frames = small_frames(reader, first + indices, self._transform.drawn_crop())
            return self._transform.finish(frames), reader.n_damaged


class EvaluationClips(Dataset[Sample]):
    """All test views of each video, V = clips x crops, and further views by which methods adapt to it.

    Nothing is replaced, and nothing is random but the further views, whose random numbers come from the seed of the run
    and the video's key.
    """

    def __init__(
        self,
        table: VideoTable,
        transform: TestTransform,
        *,
        n_frames: int,
        n_clips: int,
        views: Views | None = None,
        seed: int = 0,
        on_damage: OnDamage = "raise",
    ) -> None:
        """Keeps what clips are read with; a file is opened when its row is asked for.

        Args:
            table: The videos.
            transform: Frames [T, 3, h, w] -> crops [K, T, 3, H, W].
            n_frames: T.
            n_clips: Views in time.
            views: Further views, for which there must be one test view, in time and in space; null for none.
            seed: Seed of the run, for the further views.
            on_damage: Whether a damaged frame makes its video one that cannot be decoded, or is accepted.

        Raises:
            ValueError: Further views, and more than one test view.
        """
        if views is not None:
            check_one_test_view(n_clips, transform.n_crops)
        self.table = table
        self._transform = transform
        self._n_frames = n_frames
        self._n_clips = n_clips
        self._views = views
        self._seed = seed
        self._on_damage: OnDamage = on_damage

    def __len__(self) -> int:
        """Number of videos."""
        return len(self.table)

    def __getitem__(self, index: int) -> Sample:
        """Reads all views of a video; they are blank, and the sample failed, where it cannot be decoded."""
        record = self.table[index]
        begin, seed = time.perf_counter(), derive_seed(self._seed, "views", self.table.key(index))
        failure: tuple[str, ...] = ()
        n_damaged = 0
        try:
            with VideoReader(record.path, on_damage=self._on_damage) as reader:
                if self._views is None:
                    frames, further = self._read(reader, record)
                else:
                    frames, further = self._read_views(reader, record, self._views, seed)
                n_damaged = reader.n_damaged
        except VideoDecodeError as error:
            failure = (str(error),)
            frames = self._blank(self._n_clips * self._transform.n_crops)
            further = None if self._views is None else self._blank(self._views.n_cut)
        views = None
        if self._views is not None and further is not None:
            views = CutViews(further, self._views.weights, seed, time.perf_counter() - begin)
        return Sample(frames, record.label, index, bool(failure), failure, views, n_damaged)

    def _read(self, reader: VideoReader, record: VideoRecord) -> tuple[Tensor, None]:
        first, n_available = frames_of(reader, record)
        indices = multi_clip_indices(n_available, self._n_frames, self._n_clips)
        # [V in time, T, V in space, 3, S, S]
        crops = small_frames(reader, first + indices, lambda frames: self._transform(frames).transpose(0, 1))
        return crops.transpose(1, 2).flatten(0, 1), None

    def _read_views(self, reader: VideoReader, record: VideoRecord, views: Views, seed: int) -> tuple[Tensor, Tensor]:
        """The test view and the further ones, of frames that are decoded once, whichever views they are in."""
        first, n_available = frames_of(reader, record)
        indices = centre_indices(n_available, self._n_frames)
        further = views.further_indices(n_available, self._n_frames, seed=seed)
        wanted, rows = torch.cat([indices[None], further]).unique(return_inverse=True)
        pairs = [
            (self._transform(frames)[0], views.shrink(frames, self._transform, seed=seed))
            for frames in frame_chunks(reader, first + wanted)
        ]
        shown, shrunk = (parts[0] if len(parts) == 1 else torch.cat(parts) for parts in zip(*pairs, strict=True))
        return shown[rows[0]][None], views.arrange(shrunk, rows[0], rows[1:], self._transform)

    def _blank(self, n_views: int) -> Tensor:
        return _blank(n_views, self._n_frames, self._transform.image_size)


def _blank(n_views: int, n_frames: int, size_px: int) -> Tensor:
    return torch.zeros(n_views, n_frames, 3, size_px, size_px, dtype=torch.uint8)


def check_one_test_view(n_clips: int, n_crops: int) -> None:
    """Refuses further views of videos that have several test views already.

    Raises:
        ValueError: There is more than one.
    """
    if (n_clips, n_crops) != (1, 1):
        raise ValueError(
            f"clips.views are made beside one test view, but clips.n_test_clips is {n_clips} and clips.n_test_crops is "
            f"{n_crops}; set both to 1, or clips.views to null"
        )


def frames_of(reader: VideoReader, record: VideoRecord) -> tuple[int, int]:
    """Which frames of a file a record means.

    Args:
        reader: The open file.
        record: The video, or a stretch of one.

    Returns:
        Index of the first frame, and how many there are: all those shown from the start of the stretch on and before
        its end, at least one.

    Raises:
        VideoDecodeError: The stretch begins after the last frame.
    """
    if record.segment_seconds is None:
        return 0, reader.n_frames
    start, end = record.segment_seconds
    times = reader.times_seconds
    if start > reader.duration_seconds:
        raise VideoDecodeError(
            f"{record.path}: the stretch from {start:g} to {end:g} s begins after the video's end at "
            f"{reader.duration_seconds:g} s"
        )
    first = min(int(np.searchsorted(times, start, side="left")), len(times) - 1)
    behind = int(np.searchsorted(times, end, side="left"))
    return first, max(1, behind - first)


def collate(samples: Sequence[Sample]) -> VideoBatch:
    """Stacks samples into a batch."""
    return VideoBatch(
        frames=torch.stack([s.frames for s in samples]),
        labels=torch.tensor([s.label for s in samples]),
        indices=torch.tensor([s.index for s in samples]),
        failed=torch.tensor([s.failed for s in samples]),
        undecodable=tuple(message for s in samples for message in s.undecodable),
        views=_collated([s.views for s in samples if s.views is not None]),
        n_damaged=sum(s.n_damaged for s in samples),
    )


def _collated(views: Sequence[CutViews]) -> ViewBatch | None:
    if not views:
        return None
    return ViewBatch(
        frames=torch.stack([v.frames for v in views]),
        weights=views[0].weights,
        seeds=torch.tensor([v.seed for v in views]),
        seconds=torch.tensor([v.seconds for v in views], dtype=torch.float32),
    )
