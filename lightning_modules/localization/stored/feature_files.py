"""Frame features of one video in a safetensors file, with all that tells what they were made of.

Tensors: `features` [N, W], fp16 or fp32, before the model's projection; `times_seconds` float64 [N]. The header has the
fields of `FeatureSource` as strings, so that a later run sees whether the file is what it needs before it reads it.

Times are in seconds on the player's clock (`video_files.decoding`). Files of before zsar wrote `start_seconds` count
them from the video's first frame: the same, unless its sound starts first. They are read as they are; where the video
is at hand and starts late, `zsar extract` and `zsar localize` make them again and say so.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors import safe_open
from safetensors.torch import save
from torch import Tensor

from zsar.lightning_modules.localization.stored.feature_file_checks import check_layout, check_times, value_in_header
from zsar.lightning_modules.localization.stored.source_differences import source_differences
from zsar.runtime.files.given_files import GivenFileError, check_given_file, kind_of_content
from zsar.runtime.files.utf8_paths import utf8_path
from zsar.runtime.files.whole_files import whole_file

FORMAT_VERSION = 1
SUFFIX = ".safetensors"
DTYPES: Mapping[str, torch.dtype] = {"fp16": torch.float16, "fp32": torch.float32}
_CHECKED_TOGETHER = 65_536  # frames
_LONGEST_SHOWN = 40  # characters of a value in a message
_LONGEST_CAUSE = 500  # characters; safetensors quotes what it does not understand
_AGAIN = "extract it again by `zsar extract` with --overwrite"
_REMEDY = f"give the settings of the file, or {_AGAIN}, or into another --output folder"


class FeatureFileError(ValueError):
    """A file of frame features cannot be read, or is not what is asked for; the message says what to do."""


@dataclass(frozen=True)
class FeatureSource:
    """What a file of features was made of.

    Attributes:
        source_name: File name of the video.
        source_bytes: Its size.
        n_frames: Frames of the whole video.
        duration_seconds: When its last frame ends, in seconds on the player's clock.
        fps: Its mean frame rate, n_frames / (duration_seconds - start_seconds).
        stride: Which frames were taken: "1 frame", "4 frames", "0.5 seconds".
        architecture: The model's architecture, an open_clip name.
        weights: Its weights as they were asked for; empty where the architecture brings them.
        backbone_hash: `OpenClipBackbone.weights_hash`.
        image_size: Height and width of the frames that the model saw, in pixels.
        dtype: "fp16" or "fp32".
        source_hash: `quick_hash` of the video; empty in files of before zsar wrote it.
        start_seconds: When its first frame is shown; None in files of before zsar wrote it.
        n_damaged: How many of the frames are damaged and were accepted.
    """

    source_name: str
    source_bytes: int
    n_frames: int
    duration_seconds: float
    fps: float
    stride: str
    architecture: str
    weights: str
    backbone_hash: str
    image_size: int
    dtype: str
    source_hash: str = ""
    start_seconds: float | None = None
    n_damaged: int = 0


@dataclass(frozen=True)
class VideoFeatures:
    """What a file holds: `features` [N, W], memory-mapped; `times_seconds` float64 [N]; what it was made of."""

    features: Tensor
    times_seconds: NDArray[np.float64]
    source: FeatureSource


def write_features(path: Path, features: Tensor, times_seconds: NDArray[np.float64], source: FeatureSource) -> None:
    """Writes a file in one step: a killed run leaves no half of one.

    Args:
        path: The file; its folder is made, a file of that name is replaced.
        features: [N, W] on the CPU, of the type that the source names.
        times_seconds: When each of the N frames is shown, in seconds on the player's clock.
        source: What they were made of.

    Raises:
        ValueError: Types or numbers of features and times do not fit.
        FeatureFileError: A feature is infinite or not a number.
    """
    if features.ndim != 2 or len(features) != len(times_seconds) or features.dtype != DTYPES[source.dtype]:
        raise ValueError(
            f"features must be {source.dtype} [N, W] with as many times; got {features.dtype} "
            f"{list(features.shape)} and {len(times_seconds)} times"
        )
    if not features.isfinite().all():
        remedy = "; `zsar extract` them with --dtype fp32" if source.dtype == "fp16" else ", so the model is broken"
        raise FeatureFileError(f"features of {source.source_name} are infinite or not numbers{remedy}")
    header = {"format_version": str(FORMAT_VERSION), **{key: str(value) for key, value in asdict(source).items()}}
    times = torch.from_numpy(np.array(times_seconds, dtype=np.float64))
    with whole_file(path) as unfinished:
        unfinished.write_bytes(save({"features": features.contiguous(), "times_seconds": times}, metadata=header))


def read_source(path: Path) -> FeatureSource:
    """What a file was made of, without reading the features.

    Raises:
        FileNotFoundError: There is no such file.
        FeatureFileError: It is no file of features, damaged, or of another version.
    """
    return _open(path).source


def read_features(
    path: Path,
    *,
    backbone_hash: str | None = None,
    stride: str | None = None,
    dtype: str | None = None,
    width: int | None = None,
) -> VideoFeatures:
    """Reads a file of features, after checking that it is what is asked for.

    Args:
        path: The file.
        backbone_hash: `weights_hash` of the model that the features must be of; None for any.
        stride: Frames that must have been taken, as `FeatureSource` has it; None for any.
        dtype: "fp16" or "fp32"; None for any.
        width: W, that of the model; None for any.

    Returns:
        Features and times; the features are read from disk when they are used, by `finite_features`.

    Raises:
        FileNotFoundError: There is no such file.
        FeatureFileError: It is no file of features, damaged, of another version, or not what is asked for.
    """
    content = _open(path)
    check_source(path, content.source, backbone_hash=backbone_hash, stride=stride, dtype=dtype)
    if width is not None and content.features.shape[1] != width:
        raise FeatureFileError(
            f"{path}: its features have a width of {content.features.shape[1]}, but those of the model {width}; "
            f"{_REMEDY}"
        )
    return content


def finite_features(path: Path, content: VideoFeatures) -> Tensor:
    """The features of a file, which are all read for it.

    Args:
        path: The file, for the message.
        content: What `read_features` gave.

    Raises:
        FeatureFileError: Some are infinite or not numbers.
    """
    if not all(part.isfinite().all() for part in content.features.split(_CHECKED_TOGETHER)):
        raise FeatureFileError(f"{path}: features in it are infinite or not numbers; {_AGAIN}")
    return content.features


def check_source(
    path: Path,
    source: FeatureSource,
    *,
    backbone_hash: str | None = None,
    stride: str | None = None,
    dtype: str | None = None,
) -> None:
    """Compares what a file was made of with what is asked for; None is not compared.

    Args:
        path: The file, for the message.
        source: What it was made of.
        backbone_hash: As `FeatureSource` has it; so are the others.
        stride: Which frames.
        dtype: "fp16" or "fp32".

    Raises:
        FeatureFileError: Something differs: both values are named.
    """
    asked = {"backbone_hash": backbone_hash, "stride": stride, "dtype": dtype}
    if (said := source_differences(source, asked)) is not None:
        raise FeatureFileError(f"{path}: {said}; {_REMEDY}")


def _open(path: Path) -> VideoFeatures:
    if not path.exists():
        raise FileNotFoundError(f"there is no file of features {path}; make it by `zsar extract`")
    try:
        check_given_file(path, remedy=_AGAIN)
        with utf8_path(path) as opened, safe_open(opened, framework="pt") as file:
            header = file.metadata() or {}
            if header.get("format_version") != str(FORMAT_VERSION):
                raise FeatureFileError(_wrong_version(path, header))
            source = _parse(header)
            check_layout(file, dtype=source.dtype)
            features, times = file.get_tensor("features"), file.get_tensor("times_seconds").numpy()
        check_times(times, duration_seconds=source.duration_seconds, fps=source.fps)
    except (PermissionError, FeatureFileError):
        raise
    except Exception as error:  # safetensors has no list of what it raises on headers that lie
        raise FeatureFileError(f"{path} cannot be read as features ({_said(path, error)}); {_AGAIN}") from error
    return VideoFeatures(features, times, source)


def _wrong_version(path: Path, header: Mapping[str, str]) -> str:
    if "format_version" not in header:
        return f"{path}: its header does not say that it holds features; {_AGAIN}"
    version = header["format_version"][:_LONGEST_SHOWN]
    return f"{path} has format_version {version}, but this zsar reads {FORMAT_VERSION}; {_AGAIN}"


def _said(path: Path, error: Exception) -> str:
    """What is wrong with a file: ours, else what it is in place of features, else what safetensors says."""
    if isinstance(error, GivenFileError):
        return error.what
    kind = None if isinstance(error, ValueError) else kind_of_content(path)
    said = str(error) if isinstance(error, ValueError) else repr(error)
    return f"this is {kind}" if kind else said if len(said) <= _LONGEST_CAUSE else f"{said[:_LONGEST_CAUSE]}..."


def _parse(header: Mapping[str, str]) -> FeatureSource:
    known = {"source_hash": "", "start_seconds": "None", "n_damaged": "0", **header}  # which older files do not have
    return FeatureSource(**{f.name: value_in_header(known, f.name, str(f.type)) for f in fields(FeatureSource)})
