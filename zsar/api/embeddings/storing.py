"""Embeds the frames of videos and stores them, one file a video: the test views of clips, or frames of whole videos."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import torch
from torch import Tensor
from torch.utils.data import DataLoader, Subset

from zsar.datamodules.batch import VideoBatch, VideoDecodeError, VideoRecord
from zsar.datamodules.clip_dataset import EvaluationClips
from zsar.datamodules.samples import Sample, collate
from zsar.datamodules.stored_embeddings.embedding_files import (
    ClipRecord,
    EmbeddingFileError,
    EmbeddingRecord,
    differences,
    read_record,
    write_embeddings,
)
from zsar.datamodules.stored_embeddings.stored_clips import identity_of
from zsar.datamodules.stored_embeddings.tower_record import TowerRecord
from zsar.datamodules.video_files.streaming import FrameStride, VideoChunk, VideoOpened, stream_videos
from zsar.datamodules.video_files.whole_decoding import OnDamage
from zsar.datamodules.views.frame_geometry import RESIZE_FILTER, Geometry, square_frames
from zsar.lightning_modules.recognition.video_text_model import VideoTextModel
from zsar.runtime.files.file_names import name_problem

Dtype = Literal["fp16", "fp32"]


@dataclass(frozen=True)
class EmbeddingJob:
    """One video to embed: its row in the clips, its name, its file of embeddings, and the video."""

    row: int
    name: str
    path: Path
    video: VideoRecord


@dataclass(frozen=True)
class Stored:
    """A video that is done: its number of accepted damaged frames, or the problem that it has no embeddings for."""

    name: str
    problem: str | None = None
    n_damaged: int = 0


@dataclass(frozen=True, kw_only=True)
class Storing:
    """How embeddings are made and stored.

    Attributes:
        model: The model, in evaluation mode, on its device.
        tower: Its visual tower.
        clips: Which frames are embedded.
        dtype: Type of the stored tensor.
        frames_per_pass: Frames per forward pass of the model.
        n_workers: Processes that decode; 0 decodes in this one.
    """

    model: VideoTextModel
    tower: TowerRecord
    clips: ClipRecord
    dtype: Dtype = "fp16"
    frames_per_pass: int = 64
    n_workers: int = 0

    def unfinished(self, jobs: Sequence[EmbeddingJob]) -> list[EmbeddingJob]:
        """The videos without a file, or with a file of another video of that name.

        Raises:
            EmbeddingFileError: A file is damaged, or was made with other settings or another model.
        """
        return [job for job in jobs if not self._is_finished(job)]

    def _is_finished(self, job: EmbeddingJob) -> bool:
        if name_problem(job.path) is not None or not job.path.exists():
            return False
        record, _ = read_record(job.path)
        remedy = "give the same settings, --overwrite, or another --output folder"
        if (different := differences(record.clips, self.clips)) is not None:
            raise EmbeddingFileError(f"{job.path}: {different}; {remedy}")
        if record.tower.identity != self.tower.identity:
            raise EmbeddingFileError(
                f"{job.path}: it was made by {record.tower.described}, not by {self.tower.described}; {remedy}"
            )
        if record.dtype != self.dtype:
            raise EmbeddingFileError(f"{job.path}: dtype is {record.dtype}, but {self.dtype} is asked for; {remedy}")
        try:
            now = identity_of(job.video, job.name)
        except OSError:
            return False  # reported when it is read
        before = record.video
        return (before.n_bytes, before.quick_hash, before.segment) == (now.n_bytes, now.quick_hash, now.segment)

    def record_of(self, job: EmbeddingJob, n_damaged: int) -> EmbeddingRecord:
        """What the file of a video states."""
        video = identity_of(job.video, job.name, n_damaged=n_damaged)
        return EmbeddingRecord(self.clips, self.tower, video, self.dtype)


@torch.inference_mode()
def embed_views(model: VideoTextModel, frames: Tensor, *, frames_per_pass: int) -> Tensor:
    """Embeds decoded views.

    Args:
        model: The model, in evaluation mode.
        frames: uint8 [B, V, T, 3, H, W] on any device.
        frames_per_pass: Frames per forward pass of the model; a view is never split, since its frames may interact.

    Returns:
        float32 [B, V, T, D] on the CPU, not L2-normalized.
    """
    views = frames.flatten(0, 1)
    parts = views.split(max(1, frames_per_pass // frames.shape[2]))
    embedded = [model.embed_views(part[:, None].to(model.device))[:, 0].float().cpu() for part in parts]
    return torch.cat(embedded).unflatten(0, frames.shape[:2])


def store_clips(clips: EvaluationClips, jobs: Sequence[EmbeddingJob], storing: Storing) -> Iterator[Stored]:
    """Embeds the test views of videos and writes their files.

    Args:
        clips: The clips, decoded in workers.
        jobs: Which of them, and where to.
        storing: How.

    Yields:
        Each video, as its file is written or it could not be decoded.

    Raises:
        OSError: A file cannot be written.
        EmbeddingFileError: An embedding is not finite.
    """
    left = []
    for job in jobs:
        if (problem := name_problem(job.path)) is not None:
            yield Stored(job.name, problem)
        else:
            left.append(job)
    if not left:
        return
    of_row = {job.row: job for job in left}
    record = storing.clips
    batch_size = max(1, storing.frames_per_pass // (record.n_clips * record.n_crops * record.n_frames))
    loader = DataLoader(
        Subset(clips, list(of_row)), batch_size=batch_size, num_workers=storing.n_workers, collate_fn=_with_damage
    )
    for batch, n_damaged in loader:
        embeddings = embed_views(storing.model, batch.frames, frames_per_pass=storing.frames_per_pass)
        problems = iter(batch.undecodable)
        for i, row in enumerate(batch.indices.tolist()):
            job = of_row[row]
            if batch.failed[i]:
                yield Stored(job.name, next(problems))
                continue
            write_embeddings(job.path, embeddings[i], storing.record_of(job, n_damaged[i]))
            yield Stored(job.name, n_damaged=n_damaged[i])


def _with_damage(samples: Sequence[Sample]) -> tuple[VideoBatch, list[int]]:
    return collate(samples), [sample.n_damaged for sample in samples]


@dataclass
class _Whole:
    """A whole video that is being read."""

    times: Tensor
    parts: list[Tensor] = field(default_factory=list)


def store_whole(
    jobs: Sequence[EmbeddingJob], storing: Storing, *, stride: FrameStride, geometry: Geometry, on_damage: OnDamage
) -> Iterator[Stored]:
    """Embeds frames of whole videos, one by one, with their times, and writes their files.

    Args:
        jobs: The videos.
        storing: How.
        stride: Which frames.
        geometry: How they become square.
        on_damage: How damaged frames are handled.

    Yields:
        Each video, as its file is written or it could not be decoded.

    Raises:
        OSError: A file cannot be written.
        EmbeddingFileError: An embedding is not finite.
    """
    left = [job for job in jobs if name_problem(job.path) is None]
    yield from (Stored(job.name, name_problem(job.path)) for job in jobs if name_problem(job.path) is not None)
    begun: dict[int, _Whole] = {}
    events = stream_videos(
        [job.video.path for job in left],
        storing.clips.image_size,
        geometry=geometry,
        stride=stride,
        chunk_size=storing.frames_per_pass,
        n_workers=storing.n_workers,
        on_damage=on_damage,
    )
    try:
        for event in events:
            if isinstance(event, VideoOpened):
                begun[event.video] = _Whole(torch.as_tensor(event.times_seconds))
            elif isinstance(event, VideoChunk):
                frames = event.frames[None, :, None]  # each frame is a view, so that any number goes through together
                embedded = embed_views(storing.model, frames, frames_per_pass=storing.frames_per_pass)
                begun[event.video].parts.append(embedded[0, :, 0])
            else:
                job, whole = left[event.video], begun.pop(event.video, None)
                if event.problem is None and whole is not None:
                    record = storing.record_of(job, event.n_damaged)
                    write_embeddings(job.path, torch.cat(whole.parts)[None], record, times_seconds=whole.times)
                yield Stored(job.name, event.problem, event.n_damaged)
    except (VideoDecodeError, RuntimeError) as error:
        if isinstance(error, VideoDecodeError) or "DataLoader worker" in str(error):
            raise ValueError(
                "a process that decodes died: a decoder crashed, or memory ran out; finished videos are kept: give a "
                "smaller --n_workers and rerun the same command"
            ) from error
        raise


def whole_video_record(image_size: int, *, geometry: Geometry, stride: FrameStride) -> ClipRecord:
    """Which frames of whole videos are embedded, as their files state it.

    Args:
        image_size: Height and width of a frame in pixels.
        geometry: How frames become square.
        stride: Which frames.
    """
    from zsar.datamodules.views.transforms import TestTransform

    assert square_frames(geometry, image_size)  # checks both
    short_side = TestTransform(image_size).short_side if geometry == "crop" else 0
    return ClipRecord(
        geometry=geometry,
        resize_filter=RESIZE_FILTER,
        image_size=image_size,
        short_side_px=short_side,
        n_crops=1,
        n_clips=1,
        n_frames=0,
        sampling="",
        stride=str(stride),
    )


def embeds_single_frames(model: VideoTextModel) -> bool:
    """Whether a model embeds each frame alone, so that a whole video can be embedded frame by frame."""
    return type(model).embed_frames is VideoTextModel.embed_frames
