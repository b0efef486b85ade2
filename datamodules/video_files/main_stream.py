"""The main video stream of a container: the one that players show."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

from av.container import InputContainer
from av.stream import Disposition, Stream
from av.video.stream import VideoStream

from zsar.runtime.files.video_errors import VideoDecodeError

__all__ = ["is_real_video", "main_stream"]

# Pictures that accompany a video or a song, and layers that depend on another stream.
_NOT_A_VIDEO = Disposition.attached_pic | Disposition.timed_thumbnails | Disposition.still_image | Disposition.dependent


def is_real_video(stream: Stream) -> bool:
    """Whether a stream is a video, not a cover picture, thumbnail or dependent layer."""
    return stream.type == "video" and not stream.disposition & _NOT_A_VIDEO


def main_stream(container: InputContainer, path: str, count_packets: Callable[[], Counter[int]]) -> VideoStream:
    """The video stream that players show.

    Args:
        container: The open file.
        path: Its name, for errors.
        count_packets: Counts the packets of each video stream, by stream index; called only if there is a choice,
            since Matroska headers lack this number.

    Returns:
        The real, decodable video stream that ranks first by these criteria, in order: more than a single picture (MP4
        flags its first stream as default, even a picture); flagged as default; larger; more frames; earlier.

    Raises:
        VideoDecodeError: There is none.
    """
    real = [stream for stream in container.streams.video if is_real_video(stream)]
    decodable = [stream for stream in real if stream.codec_context is not None]
    if len(decodable) == 1:
        return decodable[0]
    if decodable:
        n_packets = count_packets()
        return max(decodable, key=lambda stream: _rank(stream, n_packets[stream.index]))
    if real:
        raise VideoDecodeError(f"{path}: this build of FFmpeg has no decoder for its video codec")
    kinds = ", ".join(sorted({stream.type for stream in container.streams})) or "nothing"
    raise VideoDecodeError(f"{path}: there is no video stream in it; it holds: {kinds}")


def _rank(stream: VideoStream, n_packets: int) -> tuple[bool, bool, int, int, int]:
    """Sort key of a stream, most important criterion first."""
    default = bool(stream.disposition & Disposition.default)
    codec = stream.codec_context
    return n_packets > 1, default, codec.width * codec.height, n_packets, -stream.index
