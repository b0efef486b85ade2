"""Frame embeddings of one video in a safetensors file, with a record of their source.

Tensors: `embeddings` [V, T, D], fp16 or fp32, not L2-normalized; in files of a whole video, [1, N, D] and
`times_seconds` float64 [N], on the player's clock (`video_files.decoding`). The header states as JSON how the frames
were made, by which visual tower, and of which video, so that a run can check the file before it reads the tensors.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any, TypeVar

import torch
from safetensors import safe_open
from safetensors.torch import save
from torch import Tensor

from zsar.datamodules.stored_embeddings.tower_record import TowerRecord
from zsar.runtime.files.given_files import GivenFileError, check_given_file, kind_of_content
from zsar.runtime.files.utf8_paths import utf8_path
from zsar.runtime.files.whole_files import whole_file

FORMAT = "zsar frame embeddings"
FORMAT_VERSION = 1
SUFFIX = ".embeddings.safetensors"
DTYPES: Mapping[str, torch.dtype] = {"fp16": torch.float16, "fp32": torch.float32}
_AGAIN = "embed it again with `zsar embed` and --overwrite"
_LONGEST_CAUSE = 300  # characters; safetensors quotes what it cannot parse

Part = TypeVar("Part")


class EmbeddingFileError(ValueError):
    """An embedding file is missing, cannot be read or does not match the request; the message gives a remedy."""


@dataclass(frozen=True, kw_only=True)
class ClipRecord:
    """Which frames of a video were embedded, and how they were made.

    Attributes:
        geometry: How frames became square: in test views "views" (short side resized, squares cropped) or "squash"
            (both sides resized); of whole videos "crop" or "squash".
        resize_filter: The filter, with antialiasing.
        image_size: Height and width of a frame in pixels.
        short_side_px: Short side before cropping, in pixels; 0 if "squash".
        n_crops: Views in space.
        n_clips: Views in time.
        n_frames: T, frames of a view; 0 for all sampled frames of a whole video.
        sampling: Which frame of a segment is its middle, "t2l" or "mmaction"; empty for whole videos.
        stride: Which frames of a whole video were sampled: "1 frame", "0.5 seconds"; empty for views.
    """

    geometry: str
    resize_filter: str
    image_size: int
    short_side_px: int
    n_crops: int
    n_clips: int
    n_frames: int
    sampling: str
    stride: str


@dataclass(frozen=True, kw_only=True)
class VideoIdentity:
    """The video that was embedded.

    Attributes:
        name: Its name: the path in the given folder, or its key in the data set.
        file: Its path when it was embedded.
        n_bytes: Size of the file.
        quick_hash: `quick_hash` of the file.
        segment: "12.5 - 20 s" if it is a part of the file; empty for the whole.
        n_damaged: Number of damaged frames that were accepted.
    """

    name: str
    file: str
    n_bytes: int
    quick_hash: str
    segment: str
    n_damaged: int


@dataclass(frozen=True)
class EmbeddingRecord:
    """What a file states: the frames, the visual tower, the video, and the type of the tensor ("fp16" or "fp32")."""

    clips: ClipRecord
    tower: TowerRecord
    video: VideoIdentity
    dtype: str


@dataclass(frozen=True)
class StoredEmbeddings:
    """The content of a file.

    Attributes:
        embeddings: float32 [V, T, D].
        times_seconds: float64 [T], when each frame is shown; None for views.
        record: What the file states.
    """

    embeddings: Tensor
    times_seconds: Tensor | None
    record: EmbeddingRecord


def file_of(folder: Path, name: str) -> Path:
    """The file of a video: its whole name, folders and suffix included, so that no two videos share one.

    Raises:
        EmbeddingFileError: The name leads out of the folder.
    """
    parts = [part for part in name.split("/") if part not in ("", ".")]
    if ".." in parts or not parts:
        raise EmbeddingFileError(f"the video {name!r} leads out of the folder {folder}; list it by a path without ..")
    return folder.joinpath(*parts[:-1], f"{parts[-1]}{SUFFIX}")


def write_embeddings(
    path: Path, embeddings: Tensor, record: EmbeddingRecord, *, times_seconds: Tensor | None = None
) -> None:
    """Writes a file atomically: a killed run leaves no partial file.

    Args:
        path: The file; its folder is created; an existing file is replaced.
        embeddings: [V, T, D] on any device.
        record: What the file states.
        times_seconds: float64 [T], of whole videos.

    Raises:
        EmbeddingFileError: An embedding is NaN or infinite in the type of the file.
    """
    stored = embeddings.detach().to("cpu", DTYPES[record.dtype]).contiguous()
    if not stored.isfinite().all():
        remedy = "embed them with --dtype fp32" if record.dtype == "fp16" else "check the model's weights"
        raise EmbeddingFileError(f"embeddings of {record.video.name} are infinite or not numbers; {remedy}")
    tensors = {"embeddings": stored}
    if times_seconds is not None:
        tensors["times_seconds"] = times_seconds.to(torch.float64).contiguous()
    header = {"format": FORMAT, "format_version": str(FORMAT_VERSION), "record": json.dumps(asdict(record))}
    with whole_file(path) as unfinished:
        unfinished.write_bytes(save(tensors, metadata=header))


def read_record(path: Path) -> tuple[EmbeddingRecord, list[int]]:
    """Reads what a file states, and the shape of its embeddings, [V, T, D], without the tensors.

    Raises:
        EmbeddingFileError: There is no such file, or it is not a file of embeddings, damaged, or of another version.
    """
    content = _read(path, tensors=False)
    return content.record, list(content.embeddings.shape)


def read_embeddings(path: Path) -> StoredEmbeddings:
    """Reads a file.

    Raises:
        EmbeddingFileError: As `read_record`; or an embedding is NaN or infinite.
    """
    content = _read(path, tensors=True)
    if not content.embeddings.isfinite().all():
        raise EmbeddingFileError(f"{path}: embeddings in it are infinite or not numbers; {_AGAIN}")
    return content


def differences(stated: object, wanted: object) -> str | None:
    """Compares two records of one kind.

    Args:
        stated: Of a file.
        wanted: Of this run.

    Returns:
        The differences in words, with both values; None if there are none.
    """
    pairs = [(f.name, getattr(stated, f.name), getattr(wanted, f.name)) for f in fields(stated)]  # type: ignore[arg-type]
    different = [f"{name} is {old!r} in the file, but {new!r} is asked for" for name, old, new in pairs if old != new]
    return "; ".join(different) or None


def _read(path: Path, *, tensors: bool) -> StoredEmbeddings:
    if not path.exists():
        raise EmbeddingFileError(f"there is no embedding file {path}; make it with `zsar embed`")
    try:
        check_given_file(path, remedy=_AGAIN)
        with utf8_path(path) as opened, safe_open(opened, framework="pt") as file:
            record = _parsed(file.metadata() or {})
            stored = file.get_slice("embeddings")
            shape = list(stored.get_shape())
            if stored.get_dtype() != {"fp16": "F16", "fp32": "F32"}[record.dtype]:
                raise ValueError(f"its embeddings are {stored.get_dtype()}, its record states {record.dtype}")
            if len(shape) != 3 or 0 in shape:
                raise ValueError(f"embeddings must be [V, T, D], all above 0; they are {shape}")
            if not tensors:
                return StoredEmbeddings(torch.empty(shape, device="meta"), None, record)
            embeddings = file.get_tensor("embeddings").float()
            times = file.get_tensor("times_seconds").double() if record.clips.stride else None
        if times is not None:
            _check_times(times, shape)
    except (PermissionError, EmbeddingFileError):
        raise
    except Exception as error:  # safetensors documents no exceptions for invalid headers
        raise EmbeddingFileError(f"{path} cannot be read as embeddings ({_problem(path, error)}); {_AGAIN}") from error
    return StoredEmbeddings(embeddings, times, record)


def _check_times(times: Tensor, shape: list[int]) -> None:
    if list(times.shape) != [shape[1]] or shape[0] != 1:
        raise ValueError(f"a whole video has one time per frame; got {list(times.shape)} times for {shape}")
    if not times.isfinite().all() or (times < 0).any() or (times.diff() <= 0).any():
        raise ValueError("times must be finite, 0 or more, and increase")


def _problem(path: Path, error: Exception) -> str:
    if isinstance(error, GivenFileError):
        return error.what
    kind = None if isinstance(error, ValueError) else kind_of_content(path)
    return f"this is {kind}" if kind else str(error)[:_LONGEST_CAUSE]


def _parsed(header: Mapping[str, str]) -> EmbeddingRecord:
    if header.get("format") != FORMAT:
        raise ValueError("its header does not mark it as a file of embeddings")
    if header.get("format_version") != str(FORMAT_VERSION):
        raise ValueError(
            f"it has format_version {header.get('format_version')!r}, but this zsar reads {FORMAT_VERSION}"
        )
    content = json.loads(header["record"])
    if not isinstance(content, dict) or content.get("dtype") not in DTYPES:
        raise ValueError("its record has no dtype of fp16 or fp32")
    parts = {"clips": ClipRecord, "tower": TowerRecord, "video": VideoIdentity}
    return EmbeddingRecord(**{k: _part(kind, content.get(k)) for k, kind in parts.items()}, dtype=content["dtype"])


def _part(kind: type[Part], content: Any) -> Part:  # noqa: ANN401 - any JSON
    types = {field.name: int if field.type == "int" else str for field in fields(kind)}  # type: ignore[arg-type]
    if not isinstance(content, dict):
        raise ValueError(f"its record has no {kind.__name__}")
    for name, type_ in types.items():
        if type(content.get(name)) is not type_ or (type_ is int and content[name] < 0):
            raise ValueError(f"its record states no {name}, or not as {'text' if type_ is str else 'a number >= 0'}")
    return kind(**{name: content[name] for name in types})
