"""Checks of a feature file before it is used: header, types and shapes, and frame times."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

MOST_FRAMES = 20_000_000
"""Maximum frames of a file: a week of video at 30 frames per second."""

_STORED = {"fp16": "F16", "fp32": "F32"}  # as safetensors calls these types
_LONGEST_SHOWN = 40  # characters of a value in a message


def value_in_header(header: Mapping[str, str], name: str, kind: str) -> Any:  # noqa: ANN401 - of the requested type
    """Parses a value of the header, which holds strings.

    Args:
        header: Strings by name.
        name: Which one.
        kind: The annotated type: "str", "int" or "float".

    Raises:
        ValueError: The value is missing, of another type, or negative.
    """
    if name not in header:
        raise ValueError(f"its header lacks {name}")
    text = header[name]
    if kind == "str":
        return text
    try:
        number = int(text) if kind == "int" else float(text)
    except ValueError:
        number = -1
    if number < 0:
        raise ValueError(f"{name} in its header is {text[:_LONGEST_SHOWN]!r}, not a number of at least 0")
    return number


def check_layout(file: Any, *, dtype: str) -> None:  # noqa: ANN401 - safetensors has no types
    """Checks types and shapes from the file's header, before tensors are read.

    Args:
        file: The result of `safe_open`.
        dtype: "fp16" or "fp32", as in the header.

    Raises:
        ValueError: They are not those of frame features and times.
    """
    if missing := {"features", "times_seconds"} - set(file.keys()):
        raise ValueError(f"it has no tensor {' and no tensor '.join(sorted(missing))}")
    features, times = file.get_slice("features"), file.get_slice("times_seconds")
    shape, stored = list(features.get_shape()), features.get_dtype()
    if len(shape) != 2 or 0 in shape:
        raise ValueError(f"features must be [N, W] of one frame or more; they are {shape}")
    if stored != _STORED.get(dtype):
        raise ValueError(f"features must be {dtype}, as its header says; they are {_torch_name(stored)}")
    if times.get_dtype() != "F64" or list(times.get_shape()) != shape[:1]:
        layout = f"{_torch_name(times.get_dtype()).removeprefix('torch.')} {list(times.get_shape())}"
        raise ValueError(f"times must be float64 [{shape[0]}], one per frame; they are {layout}")
    if shape[0] > MOST_FRAMES:
        raise ValueError(f"it has {shape[0]:,} frames, but at most {MOST_FRAMES:,} are allowed")


def check_times(times: NDArray[np.float64], *, duration_seconds: float, fps: float) -> None:
    """Checks the times of frames.

    Args:
        times: Of each frame, in seconds.
        duration_seconds: End of the video, as in the header.
        fps: Its frame rate, as in the header.

    Raises:
        ValueError: Times are not increasing, or not within the video.
    """
    wrong = np.flatnonzero(~((times >= 0) & np.isfinite(times)))
    if len(wrong):
        raise ValueError(f"frame {wrong[0]} is at {times[wrong[0]]} seconds; times must be 0 or more")
    falls = np.flatnonzero(np.diff(times) <= 0)
    if len(falls):
        i = int(falls[0])
        raise ValueError(f"times must increase, but frame {i + 1} at {times[i + 1]} follows one at {times[i]} seconds")
    if not math.isfinite(fps):
        raise ValueError(f"fps in its header is {fps}, not a finite number")
    if not times[-1] <= duration_seconds < math.inf:
        raise ValueError(f"the video ends at {duration_seconds} seconds, but a frame is at {times[-1]}")


def _torch_name(dtype: str) -> str:
    """A type as torch calls it: "F16" is "torch.float16"."""
    kinds = {"F": "torch.float", "I": "torch.int", "U": "torch.uint"}
    return f"{kinds[dtype[0]]}{dtype[1:]}" if dtype[:1] in kinds and dtype[1:].isdigit() else dtype
