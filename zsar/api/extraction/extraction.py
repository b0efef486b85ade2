"""Makes one file per video: videos are decoded in processes and passed through a model on one device.

What is made is defined by an `Extraction`: features (`feature_extraction.py`) or captions (`caption_extraction.py`).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Generator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import ClassVar, TypeAlias

import torch
from torch import Tensor

from zsar.datamodules.choices.frame_statistics import FrameStatistics
from zsar.datamodules.choices.geometry import Geometry
from zsar.datamodules.video_files.decoding import VideoDecodeError
from zsar.datamodules.video_files.streaming import FrameStride, VideoChunk, VideoOpened, stream_videos
from zsar.datamodules.video_files.whole_decoding import OnDamage
from zsar.lightning_modules.localization.stored.source_videos import VideoSource
from zsar.lightning_modules.open_clip_towers.open_clip_backbone import OpenClipBackbone
from zsar.runtime.files.file_names import name_problem


@dataclass(frozen=True)
class VideoJob:
    """One video: its path, its name in messages, and its output file."""

    source: Path
    name: str
    destination: Path


class VideoContent(ABC):
    """The features or captions of one video so far.

    Attributes:
        n_damaged: Number of its accepted damaged frames; known after the last frame.
    """

    n_damaged: int = 0

    @abstractmethod
    def add(self, frames: Tensor) -> None:
        """Adds the next frames, uint8 [n, 3, S, S]."""

    @abstractmethod
    def write(self) -> None:
        """Writes the file, after the last frame."""


@dataclass(frozen=True, kw_only=True)
class Extraction(ABC):
    """What is made of videos, and how; holds only settings, so that it can be sent to a process.

    Attributes:
        architecture: The model's architecture; see `build_clip`.
        weights: Its weights.
        stride: Which frames are used.
        geometry: How they become square; see `frame_geometry`.
        batch_size: Frames per forward pass, at most.
        n_workers: Decoding processes per device; 0 decodes in the model's process.
        on_damage: How damaged frames are handled; see `VideoReader`.
        frame_statistics: What they are normalized with; see `ClipSettings`.
    """

    product: ClassVar[str]  # in messages: "features"
    failure: ClassVar[str]  # in messages, for a video that could not be decoded: "not extracted"
    suffix: ClassVar[str]  # of the files

    architecture: str
    weights: str | None
    stride: FrameStride
    geometry: Geometry
    batch_size: int
    n_workers: int
    on_damage: OnDamage = "raise"
    frame_statistics: FrameStatistics = "model"

    @property
    def frames_at_once(self) -> int:
        """Frames per forward pass."""
        return self.batch_size

    @abstractmethod
    def check_model(self, backbone: OpenClipBackbone) -> None:
        """Checks that the model is suitable.

        Raises:
            BackboneError: It is not.
        """

    @abstractmethod
    def check_finished(self, job: VideoJob, backbone: OpenClipBackbone) -> None:
        """Checks that an existing file was made with the same settings.

        Raises:
            FeatureFileError, CaptionFileError: It is damaged, or of another model or setting.
        """

    @abstractmethod
    def source_of(self, job: VideoJob) -> VideoSource | None:
        """The source recorded in an existing file; None if there is none."""

    @abstractmethod
    def begin(self, job: VideoJob, opened: VideoOpened, backbone: OpenClipBackbone) -> VideoContent:
        """Begins a video."""


@dataclass(frozen=True)
class FramesDone:
    """`n` more frames are processed."""

    n: int


@dataclass(frozen=True)
class VideoDone:
    """A video is finished, with `n_damaged` accepted damaged frames, or failed with a problem."""

    name: str
    problem: str | None = None
    n_damaged: int = 0


Report: TypeAlias = FramesDone | VideoDone


def extract_videos(
    backbone: OpenClipBackbone, jobs: Sequence[VideoJob], extraction: Extraction
) -> Generator[Report, None, None]:
    """Makes the files of videos, on the model's device.

    Args:
        backbone: The model.
        jobs: The videos.
        extraction: The extraction.

    Yields:
        FramesDone for every batch, VideoDone for every video.

    Raises:
        ValueError: The batch does not fit into the device's memory.
        OSError: A file cannot be written.
    """
    problems = {job: name_problem(job.destination) for job in jobs}
    yield from (VideoDone(job.name, problem) for job, problem in problems.items() if problem is not None)
    left = [job for job, problem in problems.items() if problem is None]
    while left:
        done: set[VideoJob] = set()
        try:
            yield from _extract_until_a_crash(backbone, left, extraction, done)
            return
        except (VideoDecodeError, RuntimeError) as error:
            if not _is_of_a_process(error):
                raise
            # Videos begin in order; each that had begun is retried alone, to find the one that crashes.
            n_begun = len(done) + max(1, extraction.n_workers)
            suspects = [job for job in left[:n_begun] if job not in done]
            for job in suspects:
                yield from _extract_alone(backbone, job, extraction)
            left = [job for job in left if job not in done and job not in suspects]


def _extract_alone(backbone: OpenClipBackbone, job: VideoJob, extraction: Extraction) -> Generator[Report, None, None]:
    """Makes the file of a video that may crash its decoding process."""
    try:
        yield from _extract_until_a_crash(backbone, [job], replace(extraction, n_workers=1), set())
    except (VideoDecodeError, RuntimeError) as error:
        if not _is_of_a_process(error):
            raise
        yield VideoDone(job.name, "the process that decoded it died: the decoder crashed, or memory ran out")


def _is_of_a_process(error: Exception) -> bool:
    """Whether the error means that a decoding process died; problems of a video are in VideoEnded."""
    return isinstance(error, VideoDecodeError) or "DataLoader worker" in str(error)


def _extract_until_a_crash(
    backbone: OpenClipBackbone, jobs: Sequence[VideoJob], extraction: Extraction, done: set[VideoJob]
) -> Generator[Report, None, None]:
    """Makes the files of videos, and adds those that finished or failed to a set.

    Raises:
        VideoDecodeError, RuntimeError: A decoding process died, which torch may report anywhere.
    """
    begun: dict[int, _Begun] = {}
    events = stream_videos(
        [job.source for job in jobs],
        backbone.image_size[0],
        geometry=extraction.geometry,
        resize_filter=backbone.resize_filter,
        stride=extraction.stride,
        chunk_size=extraction.frames_at_once,
        n_workers=extraction.n_workers,
        on_damage=extraction.on_damage,
    )
    for event in events:
        job = jobs[event.video]
        if isinstance(event, VideoOpened):
            begun[event.video] = _Begun(extraction.begin(job, event, backbone), len(event.times_seconds))
        elif isinstance(event, VideoChunk):
            begun[event.video].add(event.frames)
            yield FramesDone(len(event.frames))
        else:
            if event.problem is None:
                begun[event.video].content.n_damaged = event.n_damaged
            problem = event.problem or _write(begun[event.video], job)
            begun.pop(event.video, None)
            done.add(job)
            yield VideoDone(job.name, problem, event.n_damaged)


def _write(begun: _Begun, job: VideoJob) -> str | None:
    """Writes the file of a video; returns the problem if the video itself can no longer be read."""
    try:
        begun.write(job)
    except OSError as error:
        if str(error.filename) != str(job.source):
            raise
        return str(error.strerror)
    return None


@dataclass
class _Begun:
    """A video that is being read."""

    content: VideoContent
    n_left: int

    def add(self, frames: Tensor) -> None:
        try:
            self.content.add(frames)
        except torch.OutOfMemoryError as error:
            raise ValueError(
                f"{len(frames)} frames at once do not fit into the device's memory; give a smaller --batch_size"
            ) from error
        self.n_left -= len(frames)

    def write(self, job: VideoJob) -> None:
        if self.n_left:
            raise RuntimeError(f"{job.source}: {self.n_left} frames did not come; this is an error of zsar")
        self.content.write()
