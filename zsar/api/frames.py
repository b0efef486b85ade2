"""`zsar.read_frames`: the frames of a video at given times."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from torch import Tensor

from zsar.datamodules.video_files.decoding import VideoReader
from zsar.datamodules.video_files.whole_decoding import OnDamage


def read_frames(
    video: str | Path,
    *,
    times: Sequence[float] | None = None,
    indices: Sequence[int] | None = None,
    on_damage: OnDamage = "raise",
) -> Tensor:
    """Reads frames of a video; decodes only what they need.

    Args:
        video: A video file.
        times: In seconds on the player's clock, in any order: the frame on screen at each; before the first frame the
            first one, after the last the last one.
        indices: Numbers of frames from 0, in any order; give either these or times.
        on_damage: "raise" treats damaged frames as undecodable, "accept" returns them as decoded.

    Returns:
        uint8 [T, 3, H, W], RGB, upright.

    Raises:
        VideoDecodeError: The file cannot be read.
        IndexError: An index is out of range.
        ValueError: Neither times nor indices are given, both are, or a time is negative or not a number.
    """
    if (times is None) == (indices is None):
        raise ValueError("give either times=[...] in seconds or indices=[...] from 0")
    with VideoReader(Path(video).expanduser(), threads=0, on_damage=on_damage) as reader:
        chosen = reader.indices_at_times(list(times)).tolist() if times is not None else list(indices or ())
        return reader.frames_at_indices(chosen)
