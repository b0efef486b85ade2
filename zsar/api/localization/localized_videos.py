"""Finds actions in many videos: each is searched as soon as it is decoded and its features are computed."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from zsar.api.extraction.extraction import FramesDone, VideoJob, extract_videos
from zsar.api.extraction.unfinished_jobs import unfinished_jobs
from zsar.api.localization.frames_with_times import FramesWithTimes
from zsar.api.localization.localization import Curve, Localization, Segment
from zsar.api.localization.search import Search
from zsar.api.localization.smoothed_scores import smoothed
from zsar.datamodules.untrimmed_frames import UntrimmedVideo, frames_at
from zsar.datamodules.video_files.decoding import VideoDecodeError
from zsar.lightning_modules.localization import contract
from zsar.lightning_modules.localization.contract import UntrimmedFeatures
from zsar.lightning_modules.localization.finite_scores import check_localizations
from zsar.lightning_modules.localization.stored.feature_files import (
    FeatureFileError,
    finite_features,
    read_features,
)
from zsar.lightning_modules.training.finite_numbers import NotFiniteError


@dataclass(frozen=True)
class SearchedVideo:
    """A video file to search.

    Attributes:
        name: Its name in output files, on which the random draws of a method depend.
        path: The file.
        features: Its feature file, which is made if it is not there.
    """

    name: str
    path: Path
    features: Path


def localized(
    search: Search, videos: Sequence[SearchedVideo]
) -> Generator[FramesDone | tuple[int, Localization], None, None]:
    """Finds actions in video files.

    Args:
        search: What is searched for.
        videos: The files; two may have the same feature file if they are the same.

    Yields:
        FramesDone for every batch of decoded frames; the row and the localization of each video, in the order in which
        they are done.

    Raises:
        FeatureFileError: A feature file is of another model or other frames; before any work is done.
        ValueError: A prompt has more tokens than the text tower reads, or a batch does not fit into memory.
        OSError: A file cannot be written.
    """
    rows: dict[Path, list[int]] = {}
    for row, video in enumerate(videos):
        rows.setdefault(video.features, []).append(row)
    jobs = [VideoJob(videos[of[0]].path, str(of[0]), destination) for destination, of in rows.items()]
    backbone = search.ready.localizer.backbone
    try:
        left = unfinished_jobs(jobs, search.features, backbone)
    except FeatureFileError as error:
        raise FeatureFileError(f"{error} (or give another --features folder, or none)") from error
    waiting = {job.name for job in left}
    for job in jobs:
        if job.name not in waiting:
            yield from ((row, _searched(search, videos[row])) for row in rows[job.destination])
    with closing(extract_videos(backbone, left, search.features)) as reports:
        for report in reports:
            if isinstance(report, FramesDone):
                yield report
                continue
            for row in rows[videos[int(report.name)].features]:
                video = videos[row]
                if report.problem is None:
                    yield row, _searched(search, video)
                else:
                    yield row, failed(video.name, str(video.path), report.problem)


def failed(name: str, path: str | None, problem: str) -> Localization:
    """A video without an answer.

    Args:
        name: Its name.
        path: The file.
        problem: Why, without the path.
    """
    error = problem if path is None else f"{path}: {problem.removeprefix(f'{path}: ')}"
    return Localization(path, 0.0, 0.0, (), (), {}, error, name=name)


def _searched(search: Search, video: SearchedVideo) -> Localization:
    """The localization of a video with a feature file."""
    stored = read_features(video.features)
    shown = partial(
        frames_at,
        UntrimmedVideo(video.name, video.path, None),
        image_size=search.ready.localizer.backbone.image_size[0],
        geometry=search.features.geometry,
        resize_filter=search.ready.localizer.backbone.resize_filter,
        on_damage=search.features.on_damage,
    )
    seen = _seen(
        search,
        video.name,
        finite_features(video.features, stored),
        torch.from_numpy(stored.times_seconds),
        duration_seconds=stored.source.duration_seconds,
        frames_at=shown,
    )
    return _found(search, seen, str(video.path), fps=stored.source.fps, n_damaged=stored.source.n_damaged)


def localized_frames(search: Search, frames: FramesWithTimes) -> Localization:
    """Finds actions in frames in memory.

    Args:
        search: What is searched for.
        frames: The frames.
    """
    backbone = search.ready.localizer.backbone
    square_at, square_at_times = (
        partial(
            made,
            image_size=backbone.image_size[0],
            geometry=search.features.geometry,
            resize_filter=backbone.resize_filter,
        )
        for made in (frames.square_at, frames.square_at_times)
    )
    indices = search.features.stride.indices(frames)
    collected = search.features.collected(backbone, len(indices))
    for start in range(0, len(indices), search.features.frames_at_once):
        part = indices[start : start + search.features.frames_at_once]
        collected.add(square_at(part))
    seen = _seen(
        search,
        "frames",
        collected.finished(),
        torch.from_numpy(frames.times_seconds[indices]),
        duration_seconds=frames.duration_seconds,
        frames_at=square_at_times,
    )
    return _found(search, seen, None, fps=frames.fps, n_damaged=0)


def _seen(
    search: Search,
    name: str,
    features: Tensor,
    times_seconds: Tensor,
    *,
    duration_seconds: float,
    frames_at: Callable[[Sequence[float]], Tensor],
) -> UntrimmedFeatures:
    return UntrimmedFeatures(
        id=name,
        features=features.to(search.ready.localizer.device, torch.float32),
        times_seconds=times_seconds,
        duration_seconds=duration_seconds,
        frames_at=frames_at,
        captions_folder=search.captions,
    )


def _found(search: Search, seen: UntrimmedFeatures, path: str | None, *, fps: float, n_damaged: int) -> Localization:
    localizer = search.ready.localizer
    interval = float(seen.frame_seconds.median())
    try:
        with smoothed(localizer, search.ready.smooth_seconds, frame_seconds=interval):
            (answers,) = localizer.localize([seen], [search.text], seed=search.seed)
            check_localizations(seen.id, answers)
            settings = _described(search)
    except (VideoDecodeError, NotFiniteError) as error:  # in frames decoded for captions, or in scores
        return failed(seen.id, path, str(error))
    names, (found,) = search.text.names, answers.values()
    return Localization(
        path=path,
        duration_seconds=seen.duration_seconds,
        fps=fps,
        segments=_segments(found.detections, names),
        suppressed=_segments(found.suppressed, names),
        curves=tuple(Curve(names[c.label], c.scores, c.threshold) for c in found.curves),
        settings=settings,
        times_seconds=seen.times_seconds,
        class_names=names,
        pseudo_labels=None if found.pseudo_labels is None else tuple(names[label] for label in found.pseudo_labels),
        n_steps=found.n_steps,
        n_damaged=n_damaged,
        name=seen.id,
    )


def _segments(detections: Sequence[contract.Detection], names: Sequence[str]) -> tuple[Segment, ...]:
    return tuple(
        Segment(d.segment.start_seconds, d.segment.end_seconds, names[d.label], d.segment.score) for d in detections
    )


def _described(search: Search) -> dict[str, Any]:
    """The model and all settings, JSON-serializable."""
    ready, features = search.ready, search.features
    return {
        "prompts": search.text.source,
        "model": {
            "architecture": ready.architecture,
            "weights": ready.weights,
            "backbone_hash": features.model_hash(ready.localizer.backbone),
            **({} if (tokenizer := ready.localizer.backbone.text.tokenizer_hash) is None else {"tokenizer": tokenizer}),
        },
        "settings": {
            **ready.localizer.described_settings(seed=search.seed),
            "stride": str(features.stride),
            "geometry": features.geometry,
            "feature_dtype": features.dtype,
        },
    }
