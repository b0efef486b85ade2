"""Features of a list of videos: decoded in processes, embedded on one device or on several, a file written for each."""

from __future__ import annotations

import multiprocessing
import os
import queue
import threading
from collections.abc import Generator, Sequence
from dataclasses import dataclass
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any, TypeAlias

import torch
from torch import Tensor

from datamodules.decoding import VideoDecodeError
from datamodules.streaming import FrameStride, VideoChunk, VideoOpened, stream_videos
from lightning_modules.feature_files import DTYPES, FeatureSource, write_features
from lightning_modules.networks.frame_features import features_of_uint8, visual_projection
from lightning_modules.networks.open_clip_backbone import OpenClipBackbone


@dataclass(frozen=True)
class FeatureJob:
    """One video: its path, what it is called in messages, and the file of its features."""

    source: Path
    name: str
    destination: Path


@dataclass(frozen=True)
class ExtractionSettings:
    """How features are made.

    Attributes:
        architecture: The model's architecture; see `build_clip`.
        weights: Its weights.
        stride: Which frames.
        dtype: "fp16" or "fp32", how features are stored; they are computed in fp32.
        batch_size: Frames that are embedded together.
        n_workers: Decoding processes of each device; 0 decodes where features are computed.
    """

    architecture: str
    weights: str | None
    stride: FrameStride
    dtype: str
    batch_size: int
    n_workers: int


@dataclass(frozen=True)
class FramesDone:
    """So many more frames are embedded."""

    n: int


@dataclass(frozen=True)
class VideoDone:
    """A video is finished, or a problem ended it."""

    name: str
    problem: str | None = None


Report: TypeAlias = FramesDone | VideoDone


def extract_videos(
    backbone: OpenClipBackbone, jobs: Sequence[FeatureJob], settings: ExtractionSettings
) -> Generator[Report, None, None]:
    """Makes the files of features of videos, on the device that the model is on.

    Args:
        backbone: The model.
        jobs: The videos.
        settings: How.

    Yields:
        FramesDone for every batch, VideoDone for every video.

    Raises:
        VideoDecodeError: A decoding process died.
        ValueError: The device has no memory for the batch.
        OSError: A file cannot be written.
    """
    width, size = visual_projection(backbone).shape[0], backbone.image_size[0]
    begun: dict[int, _Collected] = {}
    paths = [job.source for job in jobs]
    events = stream_videos(
        paths, size, stride=settings.stride, chunk_size=settings.batch_size, n_workers=settings.n_workers
    )
    try:
        for event in events:
            if isinstance(event, VideoOpened):
                begun[event.video] = _Collected(event, width, settings.dtype)
            elif isinstance(event, VideoChunk):
                begun[event.video].add(_embed(backbone, event.frames))
                yield FramesDone(len(event.frames))
            else:
                if event.problem is None:
                    begun[event.video].write(jobs[event.video], backbone, settings)
                begun.pop(event.video, None)
                yield VideoDone(jobs[event.video].name, event.problem)
    except VideoDecodeError as error:  # of the processes; a video's own problem is in VideoEnded
        reading = ", ".join(jobs[video].name for video in begun) or "the first videos"
        raise VideoDecodeError(
            f"{error}. It was reading one of: {reading}. Finished videos are kept: run the same command again, with "
            "--n-workers 1 if memory is short, or without the video that crashes it"
        ) from error


class _Collected:
    """Features of a video so far; room for all of them is taken at once, in the type that is stored."""

    def __init__(self, opened: VideoOpened, width: int, dtype: str) -> None:
        self._opened = opened
        self._features = torch.empty(len(opened.times_seconds), width, dtype=DTYPES[dtype])
        self._n = 0

    def add(self, features: Tensor) -> None:
        self._features[self._n : self._n + len(features)] = features.to(self._features.dtype).cpu()
        self._n += len(features)

    def write(self, job: FeatureJob, backbone: OpenClipBackbone, settings: ExtractionSettings) -> None:
        opened = self._opened
        if self._n != len(self._features):
            raise RuntimeError(
                f"{job.source}: {self._n} of {len(self._features)} frames came; this is an error of zsar"
            )
        source = FeatureSource(
            source_name=job.source.name,
            source_bytes=job.source.stat().st_size,
            n_frames=opened.n_video_frames,
            duration_seconds=opened.duration_seconds,
            fps=opened.n_video_frames / opened.duration_seconds,
            stride=str(settings.stride),
            architecture=settings.architecture,
            weights=settings.weights or "",
            backbone_hash=backbone.weights_hash,
            image_size=backbone.image_size[0],
            dtype=settings.dtype,
        )
        write_features(job.destination, self._features, opened.times_seconds, source)


def _embed(backbone: OpenClipBackbone, frames: Tensor) -> Tensor:
    try:
        return features_of_uint8(backbone, frames)
    except torch.OutOfMemoryError as error:
        raise ValueError(
            f"{len(frames)} frames at once do not fit into the device's memory; give a smaller --batch-size"
        ) from error


# --- several devices --------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Failure:
    """What ended the process of a device."""

    message: str


def extract_on_devices(
    devices: Sequence[str], jobs: Sequence[FeatureJob], settings: ExtractionSettings
) -> Generator[Report, None, None]:
    """Makes the files of features in one process for each device; video i belongs to device i modulo their number.

    Args:
        devices: torch's names of the devices.
        jobs: The videos.
        settings: How.

    Yields:
        As `extract_videos`.

    Raises:
        ValueError: A process failed; the message says why. The others are ended, finished videos are kept.
    """
    context = multiprocessing.get_context("spawn")  # CUDA cannot be used in a forked process
    reports: Any = context.Queue()
    shares = [jobs[i :: len(devices)] for i in range(len(devices))]
    processes = [
        context.Process(target=_run_share, args=(device, list(share), settings, reports))
        for device, share in zip(devices, shares, strict=True)
        if share
    ]
    for process in processes:
        process.start()
    try:
        left = len(jobs)
        while left:
            report = _next_report(reports, processes)
            left -= isinstance(report, VideoDone)
            yield report
    finally:
        for process in processes:
            process.join(timeout=5 if not left else 0)
            if process.is_alive():
                process.terminate()
                process.join()


def _next_report(reports: Any, processes: Sequence[BaseProcess]) -> Report:  # noqa: ANN401 - a queue of any context
    while True:
        dead = [p for p in processes if p.exitcode not in (None, 0)]  # before the queue is looked at for the last time
        try:
            report = reports.get(timeout=0.5)
        except queue.Empty:
            if dead:
                raise ValueError(
                    f"the process of a device died (exit status {dead[0].exitcode}), for lack of memory perhaps; "
                    "finished videos are kept: run the same command again"
                ) from None
            continue
        if isinstance(report, _Failure):
            raise ValueError(report.message)
        return report


def _run_share(device: str, jobs: list[FeatureJob], settings: ExtractionSettings, reports: Any) -> None:  # noqa: ANN401
    """The process of one device."""
    threading.Thread(target=_end_with_parent, daemon=True).start()
    try:
        backbone = load_backbone(settings, device)
        for report in extract_videos(backbone, jobs, settings):
            reports.put(report)
    except Exception as error:
        reports.put(_Failure(f"{device}: {error or type(error).__name__}"))


def load_backbone(settings: ExtractionSettings, device: str) -> OpenClipBackbone:
    """The model, frozen and in evaluation mode.

    Raises:
        BackboneError: It cannot be built, or has no features before a projection.
    """
    backbone = OpenClipBackbone(settings.architecture, settings.weights).eval().requires_grad_(False)
    visual_projection(backbone)
    assert backbone.weights_hash  # remembered from here on, before the weights go to the device
    return backbone.to(device)


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    assert parent is not None
    parent.join()
    os._exit(1)
