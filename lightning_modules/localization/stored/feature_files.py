"""Frame features of one video in a safetensors file, with a record of their source.

Tensors: `features` [N, W], fp16 or fp32, before the model's projection; `times_seconds` float64 [N]. The header has the
fields of `FeatureSource` as strings, so a later run can check the file before it reads it.

Times are in seconds on the player's clock (`video_files.decoding`). Files of version 1 do not state how their frames
were made; they are rejected with the command that makes them again.
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
from zsar.lightning_modules.localization.stored.frame_record import FrameRecord
from zsar.lightning_modules.localization.stored.older_files import command_for
from zsar.lightning_modules.localization.stored.source_differences import source_differences
from zsar.runtime.files.given_files import GivenFileError, check_given_file, kind_of_content
from zsar.runtime.files.utf8_paths import utf8_path
from zsar.runtime.files.whole_files import whole_file

FORMAT_VERSION = 2
SUFFIX = ".safetensors"
DTYPES: Mapping[str, torch.dtype] = {"fp16": torch.float16, "fp32": torch.float32}
_CHECKED_TOGETHER = 65_536  # frames
_LONGEST_SHOWN = 40  # characters of a value in a message
_LONGEST_CAUSE = 500  # characters; safetensors quotes what it cannot parse
_AGAIN = "extract it again with `zsar extract` and --overwrite"
_REMEDY = f"use the settings of the file, or {_AGAIN}, or into another --output folder"


class FeatureFileError(ValueError):
    """A feature file cannot be read or does not match the request; the message gives a remedy."""


@dataclass(frozen=True, kw_only=True)
class FeatureSource(FrameRecord):
    """What a feature file was made from, besides the record of its frames.

    Attributes:
        source_name: File name of the video.
        source_bytes: Its size.
        n_frames: Number of frames of the whole video.
        duration_seconds: End of its last frame, in seconds on the player's clock.
        fps: Its mean frame rate, n_frames / (duration_seconds - start_seconds).
        stride: Which frames were sampled: "1 frame", "4 frames", "0.5 seconds".
        architecture: The model's architecture, an open_clip name.
        weights: Its weights as requested; empty if the architecture includes them.
        backbone_hash: `OpenClipBackbone.weights_hash`.
        dtype: "fp16" or "fp32".
        source_hash: `quick_hash` of the video.
        start_seconds: When its first frame is shown.
        n_damaged: Number of damaged frames that were accepted.
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
    dtype: str
    source_hash: str
    start_seconds: float
    n_damaged: int = 0


@dataclass(frozen=True)
class VideoFeatures:
    """The content of a file: `features` [N, W], memory-mapped; `times_seconds` float64 [N]; the source."""

    features: Tensor
    times_seconds: NDArray[np.float64]
    source: FeatureSource


def write_features(path: Path, features: Tensor, times_seconds: NDArray[np.float64], source: FeatureSource) -> None:
    """Writes a file atomically: a killed run leaves no partial file.

    Args:
        path: The file; its folder is created; an existing file is replaced.
        features: [N, W] on the CPU, of the source's dtype.
        times_seconds: When each of the N frames is shown, in seconds on the player's clock.
        source: What they were made from.

    Raises:
        ValueError: Types or lengths of features and times do not match.
        FeatureFileError: A feature is NaN or infinite.
    """
    if features.ndim != 2 or len(features) != len(times_seconds) or features.dtype != DTYPES[source.dtype]:
        raise ValueError(
            f"features must be {source.dtype} [N, W] and as many times; got {features.dtype} "
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
    """Reads the source of a file, without the features.

    Raises:
        FileNotFoundError: There is no such file.
        FeatureFileError: The file is not a feature file, damaged, or of another version.
    """
    return _open(path).source


def read_features(
    path: Path,
    *,
    frames: FrameRecord | None = None,
    backbone_hash: str | None = None,
    stride: str | None = None,
    dtype: str | None = None,
    width: int | None = None,
) -> VideoFeatures:
    """Reads a feature file, after checking that it matches the request.

    Args:
        path: The file.
        frames: How its frames must have been made; None for any.
        backbone_hash: `weights_hash` of the required model; None for any.
        stride: Required stride, as in `FeatureSource`; None for any.
        dtype: "fp16" or "fp32"; None for any.
        width: W of the model; None for any.

    Returns:
        Features and times; the features are read from disk when used, by `finite_features`.

    Raises:
        FileNotFoundError: There is no such file.
        FeatureFileError: The file is not a feature file, damaged, of another version, or does not match the request.
    """
    content = _open(path)
    check_source(path, content.source, frames=frames, backbone_hash=backbone_hash, stride=stride, dtype=dtype)
    if width is not None and content.features.shape[1] != width:
        raise FeatureFileError(
            f"{path}: its features have a width of {content.features.shape[1]}, but those of the model {width}; "
            f"{_REMEDY}"
        )
    return content


def finite_features(path: Path, content: VideoFeatures) -> Tensor:
    """Reads all features of a file, and checks that they are finite.

    Args:
        path: The file, for the message.
        content: The result of `read_features`.

    Raises:
        FeatureFileError: Some are NaN or infinite.
    """
    if not all(part.isfinite().all() for part in content.features.split(_CHECKED_TOGETHER)):
        raise FeatureFileError(f"{path}: features in it are infinite or not numbers; {_AGAIN}")
    return content.features


def check_source(
    path: Path,
    source: FeatureSource,
    *,
    frames: FrameRecord | None = None,
    backbone_hash: str | None = None,
    stride: str | None = None,
    dtype: str | None = None,
) -> None:
    """Compares the source of a file with the request; None is not compared.

    Args:
        path: The file, for the message.
        source: Its source.
        frames: How its frames must have been made.
        backbone_hash: As in `FeatureSource`, like the others.
        stride: Which frames were sampled.
        dtype: "fp16" or "fp32".

    Raises:
        FeatureFileError: A value differs; the message gives both.
    """
    how = {} if frames is None else asdict(frames)
    expected = {**how, "backbone_hash": backbone_hash, "stride": stride, "dtype": dtype}
    if (differences := source_differences(source, expected)) is not None:
        raise FeatureFileError(f"{path}: {differences}; {_REMEDY}")


def _open(path: Path) -> VideoFeatures:
    if not path.exists():
        raise FileNotFoundError(f"there is no feature file {path}; make it with `zsar extract`")
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
    except Exception as error:  # safetensors documents no exceptions for invalid headers
        raise FeatureFileError(f"{path} cannot be read as features ({_problem(path, error)}); {_AGAIN}") from error
    return VideoFeatures(features, times, source)


def _wrong_version(path: Path, header: Mapping[str, str]) -> str:
    if "format_version" not in header:
        return f"{path}: its header does not mark it as a feature file; {_AGAIN}"
    version = header["format_version"][:_LONGEST_SHOWN]
    if version == "1":
        command = command_for(path, header)
        return f"{path} does not state how its frames were made (format_version 1); make it again: {command}"
    return f"{path} has format_version {version}, but this zsar reads {FORMAT_VERSION}; {_AGAIN}"


def _problem(path: Path, error: Exception) -> str:
    """The problem with a file: zsar's own message, else the actual kind of file, else safetensors' message."""
    if isinstance(error, GivenFileError):
        return error.what
    kind = None if isinstance(error, ValueError) else kind_of_content(path)
    if kind:
        return f"this is {kind}"
    problem = str(error) if isinstance(error, ValueError) else repr(error)
    return problem if len(problem) <= _LONGEST_CAUSE else f"{problem[:_LONGEST_CAUSE]}..."


def _parse(header: Mapping[str, str]) -> FeatureSource:
    return FeatureSource(**{f.name: value_in_header(header, f.name, str(f.type)) for f in fields(FeatureSource)})
