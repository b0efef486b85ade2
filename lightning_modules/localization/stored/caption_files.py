"""Captions of one video in a JSON file: made by `zsar extract --captions`, by another program, or by hand.

{"format_version": 2, "source": {...} or null, "captions": [[0.0, "a man on a horse"], [1.5, "a horse"], ...]}

Times are in seconds on the player's clock (`video_files.decoding`) and do not decrease. Only `captions` is required;
`source` has the fields of `CaptionSource`, by which a later run checks whether the file fits. A source of version 1
does not state how its frames were made, and is rejected with the command that makes the file again.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

import numpy as np

from zsar.lightning_modules.localization.stored.older_files import command_for
from zsar.lightning_modules.localization.stored.source_differences import source_differences
from zsar.lightning_modules.localization.stored.video_captions import CaptionSource, VideoCaptions
from zsar.runtime.files.given_files import GivenFileError, read_given_json
from zsar.runtime.files.whole_files import write_text_whole

FORMAT_VERSION = 2
_LONGEST_SHOWN = 80  # characters of a value in a message
SUFFIX = ".captions.json"
_AGAIN = "delete it and make it again with `zsar extract --captions`"
_REMEDY = "use the settings of the file, delete it to make it again, or use another folder"


class CaptionFileError(ValueError):
    """A caption file cannot be read or does not match the request; the message gives a remedy."""


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
        content = read_given_json(path, what="file of captions", remedy=_AGAIN)
        _check_version(path, content)
        captions = _parse(content)
    except CaptionFileError:
        raise
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
    frames: Mapping[str, object] | None = None,
    backbone_hash: str | None = None,
    stride: str | None = None,
    generation: str | None = None,
    n_tokens: int | None = None,
) -> None:
    """Compares the source of captions with the request; None is not compared.

    Args:
        path: The file, for the message.
        source: Its source, as stated in the file.
        frames: How the captioned frames must have been made, by field of `FrameRecord`.
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
        **(frames or {}),
        "backbone_hash": backbone_hash,
        "stride": stride,
        "generation": generation,
        "n_tokens": n_tokens,
    }
    if (differences := source_differences(source, expected)) is not None:
        raise CaptionFileError(f"{path}: {differences}; {_REMEDY}")


# --- JSON content -----------------------------------------------------------------------------------------------------


def _check_version(path: Path, content: Any) -> None:  # noqa: ANN401 - any JSON value
    """Checks the version; one's own captions, without a source, are the same in all versions."""
    if not isinstance(content, dict) or content.get("format_version", FORMAT_VERSION) == FORMAT_VERSION:
        return
    version, source = content["format_version"], content.get("source")
    if version != 1:
        raise ValueError(f"format_version is {version!r}, but this zsar reads {FORMAT_VERSION}")
    if source is not None:
        command = command_for(path, source if isinstance(source, dict) else {}, captions=True)
        raise CaptionFileError(
            f"{path} does not state how its frames were made (format_version 1); make it again: {command}"
        )


def _parse(content: Any) -> VideoCaptions:  # noqa: ANN401 - any JSON value
    if not isinstance(content, dict) or not isinstance(content.get("captions"), list):
        raise ValueError('there is no list "captions" in it')
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
    }
    known = source if isinstance(source, dict) else {}
    for field in fields(CaptionSource):
        if not is_right[str(field.type)](known.get(field.name)):
            raise ValueError(f'"source" must be null, or have {field.name} ({field.type}) besides the other fields')
    return CaptionSource(**{field.name: known[field.name] for field in fields(CaptionSource)})


def _is_number(value: Any) -> bool:  # noqa: ANN401 - any JSON value
    return type(value) in (int, float)


def _is_finite(value: Any) -> bool:  # noqa: ANN401 - any JSON value
    return _is_number(value) and math.isfinite(value)
