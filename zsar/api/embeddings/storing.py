"""Embeds the test views of videos and stores them, one file a video."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import torch
from torch import Tensor
from torch.utils.data import DataLoader, Subset

from zsar.datamodules.batch import VideoBatch, VideoRecord
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
