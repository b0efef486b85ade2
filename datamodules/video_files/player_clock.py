"""Where a video begins on the player's clock (`video_files.decoding` defines it)."""

from __future__ import annotations

from fractions import Fraction

from av.stream import Stream
from av.video.stream import VideoStream

from zsar.datamodules.video_files.main_stream import is_real_video
from zsar.datamodules.video_files.video_file import OpenVideo

__all__ = ["first_shown_ticks", "start_seconds"]


def first_shown_ticks(video: OpenVideo, first_pts: int | None, first_dts: int | None) -> int | None:
    """When a video's first frame is shown according to its container, in ticks of its stream.

    Args:
        video: The video.
        first_pts: The time stamp of its first frame; None if it has none.
        first_dts: The decoding time of its first packet; None if it has none.

    Returns:
        The time stamp; for AVI, which stores no presentation times, the decoding time of the first packet, since the
        time stamps that FFmpeg derives there are late by the number of reordered B-frames.
    """
    return first_dts if video.container.format.name == "avi" and first_dts is not None else first_pts


def start_seconds(video: OpenVideo, first_ticks: int | None) -> float:
    """When a video's first frame is shown, in seconds after the container's start; never negative.

    Args:
        video: The video.
        first_ticks: From `first_shown_ticks`; None means the container's start.
    """
    tick = video.stream.time_base
    if first_ticks is None or not tick:
        return 0.0
    first = first_ticks * tick
    starts = [start for stream in video.container.streams if (start := _start(stream, video.stream)) is not None]
    return float(first - min([first, *starts]))


def _start(stream: Stream, main: VideoStream) -> Fraction | None:
    """When a stream starts by its header and first packets; None if unknown, or if players ignore it.

    FFmpeg has already moved the start of sound past the samples that prime its decoder.
    """
    counts = stream.type == "audio" or (stream.type == "video" and is_real_video(stream) and stream.index != main.index)
    if not counts or stream.start_time is None or not stream.time_base:
        return None
    return stream.start_time * stream.time_base
