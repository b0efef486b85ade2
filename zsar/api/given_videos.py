"""The videos that a user gives from Python, files or frames, as batches of test views decoded in workers."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset, Subset

from zsar.datamodules.video_files.decoding import VideoDecodeError, VideoReader
from zsar.datamodules.video_files.frame_chunks import small_frames
from zsar.datamodules.video_files.whole_decoding import OnDamage
from zsar.datamodules.views.frame_sampling import multi_clip_indices
from zsar.datamodules.views.transforms import TestTransform
from zsar.lightning_modules.recognition.video_text_model import VideoTextModel
from zsar.runtime.processes.cpu_count import cpu_count

Video = str | Path | Tensor
"""A file, or RGB frames uint8 [T, 3, H, W]."""
_FEW = 4  # videos that are read in this process: starting workers takes as long


@dataclass(frozen=True)
class ViewSettings:
    """Which frames of a video a model sees.

    Attributes:
        image_size: S, height and width of a frame in pixels.
        n_frames: T, frames of a clip.
        n_clips: Clips of a video, spread over it.
        on_damage: Whether a damaged frame makes its video undecodable, or is accepted.
    """

    image_size: int
    n_frames: int
    n_clips: int = 1
    on_damage: OnDamage = "raise"


@dataclass(frozen=True)
class ViewBatch:
    """Videos that go through a model together.

    Attributes:
        rows: Which of the given videos, in order.
        frames: uint8 [B, V, T, 3, S, S] of those that were decoded.
        decoded: Rows of these videos, B of `rows`.
        errors: Why the others could not be decoded, by row.
        n_damaged: Number of accepted damaged frames, by row.
    """

    rows: tuple[int, ...]
    frames: Tensor
    decoded: tuple[int, ...]
    errors: dict[int, str]
    n_damaged: dict[int, int]


def listed_videos(videos: Video | Sequence[Video]) -> tuple[bool, Sequence[Video]]:
    """Whether a caller gives a single video, and the videos as a list."""
    if isinstance(videos, str | Path | Tensor):
        return True, [videos]
    return False, list(videos)


def frames_per_clip(model: VideoTextModel, asked: int | None) -> int:
    """The frames of a clip: as many as asked for, else as many as the model was trained with, else 8."""
    return asked or int(getattr(model, "n_frames", 8))


def view_settings(
    model: VideoTextModel, *, frames: int | None, clips: int, on_damage: OnDamage = "raise"
) -> ViewSettings:
    """The frames that a model sees of each video.

    Args:
        model: The model.
        frames: Frames of a clip; None for as many as the model was trained with, or 8.
        clips: Clips of a video.
        on_damage: What to do with damaged frames.

    Raises:
        ValueError: A number is below 1.
    """
    for name, number in (("frames", frames), ("clips", clips)):
        if number is not None and number < 1:
            raise ValueError(f"{name} must be at least 1; got {number}")
    return ViewSettings(model.backbone.image_size[0], frames_per_clip(model, frames), clips, on_damage)


def view_batches(
    videos: Sequence[Video],
    settings: ViewSettings,
    *,
    batch_size: int,
    n_workers: int | None = None,
    is_on_cpu: bool = False,
) -> Iterator[ViewBatch]:
    """Reads the test views of videos, in order.

    Workers and a model on the CPU share its processors. By default, the first batch is then decoded in this process,
    and workers are started for the others only if that took more processor time than what the caller did with it.

    Args:
        videos: Files, or frames uint8 [T, 3, H, W].
        settings: Which frames.
        batch_size: Videos of a batch.
        n_workers: Processes that decode; 0 decodes in this one; None for one for each processor where they are of use.
        is_on_cpu: Whether the model that the batches go through runs on the CPU.

    Raises:
        ValueError: `batch_size` or `n_workers` is out of range, or given frames have another layout.
    """
    if batch_size < 1:
        raise ValueError(f"batch_size must be at least 1; got {batch_size}")
    if n_workers is not None and n_workers < 0:
        raise ValueError(f"n_workers must be at least 0; got {n_workers}")
    for video in videos:
        if isinstance(video, Tensor):
            _check_frames(video)
    rows = range(len(videos))
    if n_workers is None and is_on_cpu and rows:
        began = time.process_time()
        (batch,) = _decoded(videos, rows[:batch_size], settings, batch_size=batch_size, n_workers=0)
        decoded = time.process_time()
        yield batch
        rows = rows[batch_size:]
        if decoded - began <= time.process_time() - decoded:
            n_workers = 0
    if n_workers is None:
        n_files = sum(not isinstance(videos[row], Tensor) for row in rows)
        n_workers = 0 if n_files <= _FEW else min(cpu_count(), n_files)
    yield from _decoded(videos, rows, settings, batch_size=batch_size, n_workers=n_workers)


def _decoded(
    videos: Sequence[Video], rows: Sequence[int], settings: ViewSettings, *, batch_size: int, n_workers: int
) -> Iterator[ViewBatch]:
    """The views of some of the videos."""
    views = _Views(videos, settings, threads=0 if n_workers == 0 else 1)
    loader: DataLoader[ViewBatch] = DataLoader(
        Subset(views, rows),  # type: ignore[arg-type] # it makes batches
        batch_size=batch_size,
        num_workers=n_workers,
        collate_fn=partial(_collate, settings),
    )
    yield from loader


@dataclass(frozen=True)
class _Read:
    row: int
    frames: Tensor | None
    error: str | None = None
    n_damaged: int = 0


class _Views(Dataset[_Read]):
    """The test views of each video; an undecodable one is reported in its place."""

    def __init__(self, videos: Sequence[Video], settings: ViewSettings, *, threads: int) -> None:
        self._videos, self._settings, self._threads = videos, settings, threads
        self._transform = TestTransform(settings.image_size)

    def __len__(self) -> int:
        return len(self._videos)

    def __getitem__(self, row: int) -> _Read:
        video, n_frames, n_clips = self._videos[row], self._settings.n_frames, self._settings.n_clips
        if isinstance(video, Tensor):
            chosen = video[multi_clip_indices(len(video), n_frames, n_clips).flatten()]
            return _Read(row, self._transform(chosen)[0].unflatten(0, (n_clips, n_frames)))
        try:
            with VideoReader(Path(video), threads=self._threads, on_damage=self._settings.on_damage) as reader:
                indices = multi_clip_indices(reader.n_frames, n_frames, n_clips)
                frames = small_frames(reader, indices, lambda part: self._transform(part)[0])
                return _Read(row, frames, n_damaged=reader.n_damaged)
        except (VideoDecodeError, MemoryError) as error:
            return _Read(row, None, str(error) or f"{video}: not enough memory for its frames")


def _collate(settings: ViewSettings, read: Sequence[_Read]) -> ViewBatch:
    views = [video.frames for video in read if video.frames is not None]
    size = (0, settings.n_clips, settings.n_frames, 3, settings.image_size, settings.image_size)
    return ViewBatch(
        rows=tuple(video.row for video in read),
        frames=torch.stack(views) if views else torch.empty(size, dtype=torch.uint8),
        decoded=tuple(video.row for video in read if video.frames is not None),
        errors={video.row: video.error for video in read if video.error is not None},
        n_damaged={video.row: video.n_damaged for video in read},
    )


def _check_frames(frames: Tensor) -> None:
    if frames.dtype != torch.uint8 or frames.ndim != 4 or frames.shape[1] != 3 or not len(frames):
        raise ValueError(
            f"frames must be uint8 RGB [T, 3, H, W] with T >= 1; got {frames.dtype} {list(frames.shape)}. Floats from "
            "0 to 1 become (frames * 255).round().byte(), and frames [T, H, W, 3] frames.permute(0, 3, 1, 2)"
        )
