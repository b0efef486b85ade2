"""Stored features and captions of all videos of a run, checked in advance: present, of this model, of this video.

Only headers are read; the rest of a file is checked when it is used.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from zsar.lightning_modules.localization.stored.caption_files import SUFFIX as CAPTIONS_SUFFIX
from zsar.lightning_modules.localization.stored.caption_files import (
    CaptionFileError,
    check_caption_source,
    read_captions,
)
from zsar.lightning_modules.localization.stored.feature_files import SUFFIX as FEATURES_SUFFIX
from zsar.lightning_modules.localization.stored.feature_files import FeatureFileError, check_source, read_source
from zsar.lightning_modules.localization.stored.frame_record import FrameRecord, frames_of_any_model
from zsar.lightning_modules.localization.stored.source_videos import VideoSource, replaced_video
from zsar.lightning_modules.localization.stored.stored_files import file_of_video
from zsar.runtime.shards.stored_videos import is_stored

_REMEDY = "extract it again, or restore the video that it was made from"


def check_stored_features(
    folder: Path,
    videos: Sequence[Any],
    *,
    frames: FrameRecord,
    backbone_hash: str,
    stride: str,
    on_damage: str = "raise",
) -> None:
    """Checks the feature files of a run.

    Args:
        folder: Their folder.
        videos: Each with `id`, and `path` if the video is available; otherwise it is not compared.
        frames: How frames are made in this run.
        backbone_hash: Hash of the model.
        stride: The stride of sampled frames.
        on_damage: "accept" if features of damaged frames may be used.

    Raises:
        FileNotFoundError: A file is missing.
        FeatureFileError: A file is damaged or has other frames, another model, stride or video; the message counts
            such files.
    """
    problems: list[FeatureFileError | FileNotFoundError] = []
    for video in videos:
        try:
            path = file_of_video(folder, video.id, FEATURES_SUFFIX)
            source = read_source(path)
            check_source(path, source, frames=frames, backbone_hash=backbone_hash, stride=stride)
            _check_damage(path, source, on_damage, FeatureFileError)
            for difference in _replaced(source, video):
                raise FeatureFileError(f"{path}: {difference}; {_REMEDY}")
        except (FeatureFileError, FileNotFoundError) as error:
            problems.append(error)
    _raise_first(problems, len(videos), "features")


def check_stored_captions(folder: Path, videos: Sequence[Any], *, geometry: str, on_damage: str = "raise") -> None:
    """Checks the existing caption files of a run; missing ones are reported when they are read.

    Args:
        folder: Their folder.
        videos: As for `check_stored_features`.
        geometry: How frames become square in this run. Size, filter and statistics are those of the model that
            wrote the captions, which may be another one.
        on_damage: "accept" if captions of damaged frames may be used.

    Raises:
        CaptionFileError: A file cannot be read, or was made from other frames or another video.
    """
    problems: list[CaptionFileError] = []
    for video in videos:
        path = file_of_video(folder, video.id, CAPTIONS_SUFFIX)
        if not path.is_file():
            continue
        try:
            source = read_captions(path).source
            if source is not None:  # captions made elsewhere say nothing of frames
                check_caption_source(path, source, frames=frames_of_any_model(geometry))
            _check_damage(path, source, on_damage, CaptionFileError)
            for difference in _replaced(source, video):
                raise CaptionFileError(f"{path}: {difference}; {_REMEDY}")
        except CaptionFileError as error:
            problems.append(error)
    _raise_first(problems, len(videos), "captions")


def check_caption_stride(folder: Path, videos: Sequence[Any], *, stride: str, remedy: str) -> None:
    """Checks that the caption files of a run describe the frames that the run wants captions of.

    Args:
        folder: Their folder.
        videos: Each with `id`.
        stride: The frames, as `CaptionSource.stride` names them. Captions made elsewhere do not say.
        remedy: What to do about another stride.

    Raises:
        CaptionFileError: A file cannot be read, or is of other frames.
    """
    for video in videos:
        path = file_of_video(folder, video.id, CAPTIONS_SUFFIX)
        source = read_captions(path).source if path.is_file() else None
        if source is not None and source.stride != stride:
            raise CaptionFileError(f"{path} has one caption per {source.stride}, not per {stride}; {remedy}")


def _check_damage(path: Path, source: VideoSource | None, on_damage: str, kind: type[ValueError]) -> None:
    if source is not None and source.n_damaged and on_damage == "raise":
        raise kind(
            f"{path}: it was made from {source.n_damaged} damaged frames; set on_damage to accept to use it, or leave "
            "the video out"
        )


def _replaced(source: Any, video: Any) -> Iterator[str]:  # noqa: ANN401 - a source of either kind, a data module's video
    """Yields the difference, if there is one."""
    path = getattr(video, "path", None)
    if source is not None and path is not None and is_stored(path):
        difference = replaced_video(source, path)
        if difference is not None:
            yield difference


def _raise_first(problems: Sequence[Exception], n_videos: int, product: str) -> None:
    if problems:
        more = f" ({len(problems)} of {n_videos} files of {product} do not fit)" if len(problems) > 1 else ""
        raise type(problems[0])(f"{problems[0]}{more}")
