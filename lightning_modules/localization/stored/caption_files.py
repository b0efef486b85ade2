"""Captions of one video in a JSON file: made by `zsar extract --captions`, by another program, or by hand.

{"format_version": 1, "source": {...} or null, "captions": [[0.0, "a man on a horse"], [1.5, "a horse"], ...]}

Times are in seconds on the player's clock (`video_files.decoding`) and do not decrease; for older files without
`source.start_seconds` see `feature_files`. Only `captions` is required; `source` has the fields of `CaptionSource`, by
which a later run checks whether the file fits.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from zsar.lightning_modules.localization.stored.source_differences import source_differences
from zsar.runtime.files.given_files import GivenFileError, read_given_json
from zsar.runtime.files.whole_files import write_text_whole

FORMAT_VERSION = 1
_LONGEST_SHOWN = 80  # characters of a value in a message
SUFFIX = ".captions.json"
_AGAIN = "delete it and make it again with `zsar extract --captions`"
_REMEDY = "use the settings of the file, delete it to make it again, or use another folder"


class CaptionFileError(ValueError):
    """A caption file cannot be read or does not match the request; the message gives a remedy."""


@dataclass(frozen=True)
class CaptionSource:
    """What captions were generated from.

    Attributes:
        source_name: File name of the video.
        source_bytes: Its size.
        duration_seconds: End of its last frame, in seconds on the player's clock.
        stride: Which frames were captioned: "1.0 seconds", "25 frames".
        architecture: The model's architecture, an open_clip name.
        weights: Its weights as requested; empty if the architecture includes them.
        backbone_hash: `OpenClipBackbone.weights_hash`.
        generation: "beam_search" or "greedy".
        n_tokens: Maximum tokens per caption.
        source_hash: `quick_hash` of the video; empty in older files.
        start_seconds: When its first frame is shown; None in older files.
        n_damaged: Number of damaged frames that were accepted.
    """

    source_name: str
    source_bytes: int
    duration_seconds: float
    stride: str
    architecture: str
    weights: str
    backbone_hash: str
    generation: str
    n_tokens: int
    source_hash: str = ""
    start_seconds: float | None = None
    n_damaged: int = 0


@dataclass(frozen=True, eq=False)
class VideoCaptions:
    """Captions of one video, one or more.

    Attributes:
        times_seconds: float64 [n], when each described frame is shown, in seconds on the player's clock.
        texts: The n captions.
        source: What they were generated from; None if they were made elsewhere.
    """

    times_seconds: NDArray[np.float64]
    texts: tuple[str, ...]
    source: CaptionSource | None = None

    def __post_init__(self) -> None:
        """Checks times and texts.

        Raises:
            ValueError: There are no captions, lengths differ, or times are negative, NaN or decreasing.
        """
        times = self.times_seconds
        if times.ndim != 1 or len(times) != len(self.texts):
            raise ValueError(f"each caption has one time; got times {list(times.shape)} and {len(self.texts)} captions")
        if not self.texts:
            raise ValueError("there must be at least one caption")
        wrong = np.flatnonzero(~((times >= 0) & np.isfinite(times)))
        if len(wrong):
            raise ValueError(f"caption {wrong[0]} is at {times[wrong[0]]} seconds; times must be 0 or more")
        falls = np.flatnonzero(np.diff(times) < 0)
        if len(falls):
            i = int(falls[0])
            raise ValueError(
                f"captions must be sorted by time, but caption {i + 1} at {times[i + 1]} seconds follows one at "
                f"{times[i]} seconds"
            )

    def within(self, start_seconds: float, end_seconds: float) -> list[int]:
        """Selects the captions of a part of the video.

        Args:
            start_seconds: When the part begins, in seconds on the player's clock.
            end_seconds: When it ends, not before.

        Returns:
            Indices of the captions with start <= time < end; if there are none, that of the caption nearest in time
            to the middle, the earlier one in a tie.

        Raises:
            ValueError: The part ends before it begins, or a time is not a number.
        """
        if not start_seconds <= end_seconds:
            raise ValueError(f"a part of a video must not end before it begins; got {start_seconds} to {end_seconds}")
        times = self.times_seconds
        inside = np.flatnonzero((times >= start_seconds) & (times < end_seconds))
        if len(inside):
            return [int(i) for i in inside]
        return [int(np.abs(times - (start_seconds + end_seconds) / 2).argmin())]


def write_captions(path: Path, captions: VideoCaptions) -> None:
    """Writes a file atomically, one caption a line: a killed run leaves no partial file.

    Args:
        path: The file; its folder is created; an existing file is replaced.
        captions: The captions, and their source.
    """
    source = None if captions.source is None else asdict(captions.source)
    pairs = zip(captions.times_seconds.tolist(), captions.texts, strict=True)
    lines = ",\n".join(f"    {json.dumps(pair, ensure_ascii=False)}" for pair in pairs)
    content = (
        f'{{\n  "format_version": {FORMAT_VERSION},\n  "source": {json.dumps(source, ensure_ascii=False)},\n'
        f'  "captions": [\n{lines}\n  ]\n}}\n'
    )
    write_text_whole(path, content)


def read_captions(path: Path, *, backbone_hash: str | None = None) -> VideoCaptions:
    """Reads a caption file.

    Args:
        path: The file.
        backbone_hash: `weights_hash` of the model that must have generated them; None for any. Captions without a
            source were made elsewhere on purpose, and are accepted.

    Returns:
        Times and captions.

    Raises:
        FileNotFoundError: There is no such file.
        CaptionFileError: The file is not a caption file, has another version, no captions, or another model.
    """
    if not path.exists():
        raise FileNotFoundError(f"there is no caption file {path}; make it with `zsar extract --captions`")
    try:
        captions = _parse(read_given_json(path, what="file of captions", remedy=_AGAIN))
    except ValueError as error:
        what = error.what if isinstance(error, GivenFileError) else error
        raise CaptionFileError(
            f'{path} cannot be read as captions: {what}. It must be like {{"captions": [[1.5, "a man"]]}}; correct it, '
            f"or {_AGAIN}"
        ) from error
    if captions.source is not None:
        check_caption_source(path, captions.source, backbone_hash=backbone_hash)
    return captions


def check_caption_source(
    path: Path,
    source: CaptionSource | None,
    *,
    backbone_hash: str | None = None,
    stride: str | None = None,
    generation: str | None = None,
    n_tokens: int | None = None,
) -> None:
    """Compares the source of captions with the request; None is not compared.

    Args:
        path: The file, for the message.
        source: Its source, as stated in the file.
        backbone_hash: As in `CaptionSource`, like the others.
        stride: Which frames.
        generation: "beam_search" or "greedy".
        n_tokens: Maximum tokens per caption.

    Raises:
        CaptionFileError: A value differs (the message gives both), or the file has no source.
    """
    if source is None:
        raise CaptionFileError(f"{path} does not state the source of its captions; {_REMEDY}")
    expected = {
        "backbone_hash": backbone_hash,
        "stride": stride,
        "generation": generation,
        "n_tokens": n_tokens,
    }
    if (differences := source_differences(source, expected)) is not None:
        raise CaptionFileError(f"{path}: {differences}; {_REMEDY}")


# --- JSON content -----------------------------------------------------------------------------------------------------


def _parse(content: Any) -> VideoCaptions:  # noqa: ANN401 - any JSON value
    if not isinstance(content, dict) or not isinstance(content.get("captions"), list):
        raise ValueError('it has no list "captions"')
    if content.get("format_version", FORMAT_VERSION) != FORMAT_VERSION:
        raise ValueError(f"format_version is {content['format_version']!r}, but this zsar reads {FORMAT_VERSION}")
    pairs: Sequence[Any] = content["captions"]
    for i, pair in enumerate(pairs):
        if not (isinstance(pair, list) and len(pair) == 2 and _is_number(pair[0]) and isinstance(pair[1], str)):
            raise ValueError(f"caption {i} is {json.dumps(pair)[:_LONGEST_SHOWN]}, not a time in seconds and a text")
    times = np.array([pair[0] for pair in pairs], dtype=np.float64)
    return VideoCaptions(times, tuple(pair[1] for pair in pairs), _parse_source(content.get("source")))


def _parse_source(source: Any) -> CaptionSource | None:  # noqa: ANN401 - any JSON value
    if source is None:
        return None
    is_right: dict[str, Callable[[Any], bool]] = {
        "str": lambda x: isinstance(x, str),
        "int": lambda x: type(x) is int,
        "float": _is_finite,
        "float | None": lambda x: x is None or _is_finite(x),
    }
    of_older_files = {"source_hash": "", "start_seconds": None, "n_damaged": 0}  # which they lack
    known = {**of_older_files, **source} if isinstance(source, dict) else {}
    for field in fields(CaptionSource):
        if not is_right[str(field.type)](known.get(field.name)):
            raise ValueError(f'"source" must be null, or have {field.name} ({field.type}) besides the other fields')
    return CaptionSource(**{field.name: known[field.name] for field in fields(CaptionSource)})


def _is_number(value: Any) -> bool:  # noqa: ANN401 - any JSON value
    return type(value) in (int, float)


def _is_finite(value: Any) -> bool:  # noqa: ANN401 - any JSON value
    return _is_number(value) and math.isfinite(value)
