"""Chosen frames of a video file: exactly those that full decoding gives, at a fraction of its cost (PyAV).

Frame i is the i-th frame, from 0, in the order in which a player shows them. Two ways lead to it:

* `_TimedFrames`, for files whose time stamps can be trusted: the packets are listed without decoding them, which gives
  every frame's time and the keyframe that it depends on. Each group of wanted frames is decoded from its keyframe on,
  without the frames that nothing refers to (`skip_frame = "NONREF"`), and every frame is identified by its time stamp.
* `_CountedFrames`, for all others (AVI with reordered or packed B-frames, raw streams, interlaced fields, VP8, ...):
  everything is decoded in order and counted.

The first way hands over to the second as soon as the decoder returns something that the list of packets did not
foretell. Either way only the wanted frames are converted to RGB, which is what costs most after decoding itself.
FFmpeg's log stays silent, as PyAV leaves it; what went wrong is in the `VideoDecodeError`.
"""

from __future__ import annotations

import operator
import os
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import groupby, islice, pairwise
from pathlib import Path
from types import TracebackType
from typing import NamedTuple

import av
import numpy as np
import torch
from av.buffer import Buffer
from av.container import InputContainer
from av.packet import Packet
from av.stream import Disposition
from av.video.frame import VideoFrame
from av.video.reformatter import VideoReformatter
from av.video.stream import VideoStream
from numpy.typing import NDArray
from torch import Tensor

# Codecs of which every packet holds exactly one shown frame. (VP8, for one, has packets that show nothing.)
_ONE_FRAME_PER_PACKET = {"h264", "hevc", "av1", "vp9", "mpeg4", "mpeg2video", "mpeg1video", "mjpeg", "ffv1"}
# Of those, the ones whose decoder heeds `skip_frame` between two packets. (dav1d reads it at the start only.)
_SKIPS_WHILE_DECODING = {"h264", "hevc", "mpeg4", "mpeg2video", "mpeg1video"}
# An MPEG-4 packet of at most this size may be a place holder for a frame that is packed into the packet before.
_MPEG4_PLACE_HOLDER_BYTES = 19
# Frames decoded for counting are kept, as the decoder gives them, if all of them take no more than this: then reading
# them needs no second decoding. (UCF-101 and HMDB-51, which are counted, take 20 MiB a video.)
_KEPT_BYTES = 64 * 2**20
# The values of `field_order` (new in PyAV 18) that do not say "interlaced", where a packet may hold half a frame.
_PROGRESSIVE = (0, 1)


class VideoDecodeError(RuntimeError):
    """A video file that cannot be read; its message names the file and the cause.

    It is made from the message alone, so that it passes unharmed through pickling and through data loader workers,
    which rebuild an exception from one string.
    """


class VideoReader:
    """Reads chosen frames of one video file; a context manager.

    The decoder lives as long as the reader: open one per video, inside the process that reads from it, and close it.
    Frames come upright: quarter turns and mirrorings of the container's display matrix are applied, other angles
    are not. A video whose frame size changes between two frames of one request is refused.
    """

    def __init__(self, path: str | Path, *, threads: int = 1) -> None:
        """Opens the file and lists its packets.

        Args:
            path: The file.
            threads: Decoder threads; 0 leaves the number to FFmpeg, which suits a single video in the main process
                but never a data loader's worker.

        Raises:
            VideoDecodeError: The file cannot be opened, or holds no video.
            ValueError: `threads` is negative.
        """
        if threads < 0:
            raise ValueError(f"threads must be 0 (FFmpeg's choice) or more; got {threads}")
        self._path = os.fspath(path)
        self._threads = threads
        with _errors_name(self._path, "opening it"):
            self._video = _OpenVideo(self._path, threads)
        self._frames: _TimedFrames | _CountedFrames = self._counted()
        try:
            with _errors_name(self._path, "listing its packets"):
                index = _index_packets(self._video)
            if index is not None:
                self._frames = _TimedFrames(self._video, index)
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> VideoReader:
        """The reader itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Closes the file."""
        self.close()

    def close(self) -> None:
        """Closes the file and frees the decoder; frames read before stay valid."""
        self._video.close()
        if isinstance(self._frames, _CountedFrames):
            self._frames.kept.clear()

    @property
    def n_frames(self) -> int:
        """The number of frames: of packets where they can be trusted, else counted by decoding everything.

        Raises:
            VideoDecodeError: A frame cannot be decoded (only where frames are counted).
        """
        return len(self.times_seconds)

    @property
    def times_seconds(self) -> NDArray[np.float64]:
        """float64 [n_frames]: when each frame is shown, in seconds after the first one, increasing.

        Where time stamps are missing or do not increase, the frames are spaced by the container's frame rate.

        Raises:
            VideoDecodeError: As for `n_frames`; or there are neither time stamps nor a frame rate.
        """
        with _errors_name(self._path, "counting its frames"):
            return self._frames.times_seconds()

    @property
    def duration_seconds(self) -> float:
        """When the last frame ends, in seconds after the first one begins."""
        times = self.times_seconds
        with _errors_name(self._path, "reading its frame rate"):
            return float(times[-1]) + self._frames.last_frame_seconds()

    def frames_at_indices(self, indices: Iterable[int]) -> Tensor:
        """The frames at some indices, in the order asked for.

        Args:
            indices: T indices from 0, in any order; equal ones cost nothing extra.

        Returns:
            uint8 [T, 3, H, W], RGB, channels last in memory (which is what resizing is fastest on).

        Raises:
            IndexError: An index is negative, or not below the number of frames.
            ValueError: No index is given.
            VideoDecodeError: A frame cannot be decoded, or its size differs from the others'.
        """
        order = [operator.index(i) for i in indices]
        if not order:
            raise ValueError(f"no frame indices given for {self._path}")
        wanted = sorted(set(order))
        images: dict[int, NDArray[np.uint8]] = {}
        if wanted[0] >= 0:
            with _errors_name(self._path, "decoding it"):
                images = self._images(wanted)
        if (i := wanted[0] if wanted[0] < 0 else wanted[-1]) not in images:
            limit = self.n_frames
            raise IndexError(f"frame index {i} is out of range: {self._path} has {limit} frames (0 to {limit - 1})")
        sizes: dict[tuple[int, ...], int] = {}
        for i in wanted:
            sizes.setdefault(images[i].shape[:2], i)
        if len(sizes) > 1:
            found = ", ".join(f"{w}x{h} px at frame {i}" for (h, w), i in sizes.items())
            raise VideoDecodeError(f"{self._path}: the frame size changes within the video: {found}")
        return torch.from_numpy(np.stack([images[i] for i in order])).permute(0, 3, 1, 2)

    def frames_at_times(self, seconds: Iterable[float]) -> Tensor:
        """The frames that are on the screen at some times, as `frames_at_indices` gives them.

        That is the last frame whose time is not after the one asked for. Containers round times to ticks of their
        clock, so half a tick (at most 1 ms) is allowed. The last frame stays on for ever.

        Args:
            seconds: T times, in seconds after the first frame.

        Raises:
            ValueError: A time is negative or not a number, or none is given.
            VideoDecodeError: As for `frames_at_indices`.
        """
        asked = np.asarray(list(seconds), dtype=np.float64)
        if not (asked >= 0).all():
            raise ValueError(f"times must be 0 or more seconds after the first frame; got {asked.tolist()}")
        tick = _tick_seconds(self._video.stream)
        found = np.searchsorted(self.times_seconds, asked + min(tick / 2, 1e-3), side="right") - 1
        return self.frames_at_indices(found.tolist())

    def _images(self, wanted: Sequence[int]) -> dict[int, NDArray[np.uint8]]:
        """RGB [H, W, 3] of the wanted frames (increasing indices); without those that lie behind the end."""
        try:
            return self._frames.images(wanted)
        except _UntrustworthyError:
            listed, self._frames = self.n_frames, self._counted()
            images = self._frames.images(wanted)
            if wanted[-1] not in images:
                raise VideoDecodeError(
                    f"{self._path}: frame {wanted[-1]} is missing: the container lists {listed} frames, "
                    f"of which only {self.n_frames} can be decoded"
                ) from None
            return images

    def _counted(self) -> _CountedFrames:
        return _CountedFrames(self._path, self._threads)


def read_frames(path: str | Path, indices: Iterable[int], *, threads: int = 1) -> Tensor:
    """The frames of a video at some indices: `VideoReader.frames_at_indices` for a file that is read once.

    Args:
        path: The file.
        indices: T indices from 0, in any order, repeated or not.
        threads: Decoder threads; 0 leaves the number to FFmpeg.

    Returns:
        uint8 [T, 3, H, W], RGB.

    Raises:
        VideoDecodeError: The file cannot be read.
        IndexError: An index is out of range.
    """
    with VideoReader(path, threads=threads) as reader:
        return reader.frames_at_indices(indices)


class _UntrustworthyError(Exception):
    """The decoder does not return what the list of packets says."""


class _OpenVideo:
    """An open container, its first real video stream and the settings of its decoder."""

    def __init__(self, path: str, threads: int) -> None:
        if os.path.isfile(path) and os.path.getsize(path) == 0:
            raise VideoDecodeError(f"{path}: the file is empty")
        # "file:" keeps FFmpeg from taking a name like "a:b.mp4" for a protocol. Titles in odd encodings are harmless.
        self.container: InputContainer = av.open(f"file:{path}", mode="r", metadata_errors="replace")
        try:
            self.stream = _video_stream(self.container, path)
        except BaseException:
            self.container.close()
            raise
        self.codec = self.stream.codec_context
        self.codec.thread_count = threads
        self.codec.thread_type = "SLICE" if threads == 1 else "AUTO"

    def packets(self) -> Iterator[Packet[VideoStream]]:
        """The stream's packets from where the container stands; without empty ones, which would end the decoder."""
        return (packet for packet in self.container.demux(self.stream) if packet.size)

    def close(self) -> None:
        self.container.close()


def _video_stream(container: InputContainer, path: str) -> VideoStream:
    """The first video stream that is not a cover picture."""
    for stream in container.streams.video:
        if not stream.disposition & Disposition.attached_pic:
            if stream.codec_context is None:
                raise VideoDecodeError(f"{path}: this build of FFmpeg has no decoder for its video codec")
            return stream
    kinds = ", ".join(sorted({stream.type for stream in container.streams})) or "nothing"
    raise VideoDecodeError(f"{path}: there is no video stream in it; it holds: {kinds}")


class _Keyframe(NamedTuple):
    pts: int
    position: int  # of its packet, in decoding order
    seek_to: int  # a time stamp from which a container finds this packet, or one before it


class _PacketIndex(NamedTuple):
    pts: list[int]  # of the shown frames, increasing; ticks of the stream's time base
    positions: dict[int, int]  # pts -> place of its packet in decoding order, for shown and discarded packets
    keyframes: list[_Keyframe]  # pts and position increase
    last_duration: int  # of the last shown frame, in ticks; 0 where unknown


def _index_packets(video: _OpenVideo) -> _PacketIndex | None:
    """Lists the packets without decoding them; None where frames cannot be identified by their time stamps."""
    pts: list[int | None] = []
    shown: list[tuple[int, int]] = []
    keyframes: list[_Keyframe] = []
    smallest = 2**63
    for position, packet in enumerate(_without_torn_end(video.packets())):
        pts.append(packet.pts)
        smallest = min(smallest, packet.size)
        if packet.pts is None:
            continue
        if not packet.is_discard:  # an edit list hides these, the decoder drops them after use as references
            shown.append((packet.pts, packet.duration or 0))
        if packet.is_keyframe:
            seek_to = packet.pts if packet.dts is None else min(packet.pts, packet.dts)
            keyframes.append(_Keyframe(packet.pts, position, seek_to))
    if not pts:
        raise ValueError("it holds no video frames")
    known = [p for p in pts if p is not None]
    trusted = (
        len(set(known)) == len(pts)
        and bool(shown and keyframes)
        # Decoding must be able to begin with the first packet, and nothing shown may come before it.
        and keyframes[0].position == 0
        and keyframes[0].pts == min(known)
        and keyframes == sorted(keyframes)
        and _stream_is_trusted(video, in_order=known == sorted(known), smallest_bytes=smallest)
    )
    if not trusted:
        return None
    shown.sort()
    positions = {p: position for position, p in enumerate(known)}
    return _PacketIndex([p for p, _ in shown], positions, keyframes, shown[-1][1])


def _without_torn_end(packets: Iterator[Packet[VideoStream]]) -> Iterator[Packet[VideoStream]]:
    """Leaves out the last packet if the end of the file cuts it off: there is no frame in it."""
    previous = next(packets, None)
    for packet in packets:
        if previous is not None:
            yield previous
        previous = packet
    if previous is not None and not previous.is_corrupt:
        yield previous


def _stream_is_trusted(video: _OpenVideo, *, in_order: bool, smallest_bytes: int) -> bool:
    """Whether each packet of this kind of stream holds one frame, and its time stamp is that frame's."""
    codec = video.codec.codec.canonical_name
    if codec not in _ONE_FRAME_PER_PACKET or getattr(video.codec, "field_order", 0) not in _PROGRESSIVE:
        return False
    if codec == "mpeg4" and smallest_bytes <= _MPEG4_PLACE_HOLDER_BYTES:
        return False
    # AVI has no time stamps: FFmpeg makes them up, rightly only where frames are stored in the order they are shown.
    return in_order or video.container.format.name != "avi"


class _TimedFrames:
    """Frames that are found by their time stamps."""

    def __init__(self, video: _OpenVideo, index: _PacketIndex) -> None:
        self._video = video
        self._index = index
        self._skips = _skipping_is_exact(video)
        self._converter = _RGBConverter()

    def times_seconds(self) -> NDArray[np.float64]:
        return _seconds(self._index.pts, self._video.stream)

    def last_frame_seconds(self) -> float:
        return self._index.last_duration * _tick_seconds(self._video.stream) or _frame_seconds(self._video.stream)

    def images(self, wanted: Sequence[int]) -> dict[int, NDArray[np.uint8]]:
        """RGB [H, W, 3] of the frames at increasing indices: a run of decoding from each keyframe that is needed."""
        images: dict[int, NDArray[np.uint8]] = {}
        if wanted[-1] >= len(self._index.pts):
            return images
        # A frame that is shown before a keyframe may be stored after it, but then it refers to the keyframe before.
        keyframe_pts = [keyframe.pts for keyframe in self._index.keyframes]
        nearest = groupby(wanted, key=lambda i: bisect_right(keyframe_pts, self._index.pts[i]) - 1)
        for k, run in nearest:
            images |= self._run(self._index.keyframes[k], list(run))
        return images

    def _run(self, keyframe: _Keyframe, wanted: Sequence[int]) -> dict[int, NDArray[np.uint8]]:
        """Decodes from a keyframe up to the wanted frames that depend on it, and converts these."""
        targets = {self._index.pts[i]: i for i in wanted}
        images: dict[int, NDArray[np.uint8]] = {}
        sent: list[int] = []
        returned: list[int] = []
        for frame in self._decode(keyframe, targets, sent):
            if frame.pts is None:
                raise _UntrustworthyError
            if frame.pts < keyframe.pts:  # shown before the keyframe: refers to what was not decoded here
                continue
            returned.append(frame.pts)
            if frame.pts in targets:
                images[targets[frame.pts]] = self._converter.rgb(frame)
        expected = {pts for pts in sent if pts >= keyframe.pts}
        if self._skips:  # then some are missing, and which only the decoder knows
            expected &= set(returned)
        if returned != sorted(expected | set(targets)):
            raise _UntrustworthyError
        return images

    def _decode(self, keyframe: _Keyframe, targets: Iterable[int], sent: list[int]) -> Iterator[VideoFrame]:
        """Decodes the packets from a keyframe to the last target, in decoding order; then empties the decoder.

        The time stamps of the packets whose frames are shown are appended to `sent`.
        """
        codec = self._video.codec
        positions = {self._index.positions[pts] for pts in targets}
        if min(positions) < keyframe.position:
            raise _UntrustworthyError
        for position, packet in enumerate(self._packets_from(keyframe), start=keyframe.position):
            if packet.pts is None or self._index.positions.get(packet.pts) != position:
                raise _UntrustworthyError
            if not packet.is_discard:
                sent.append(packet.pts)
            if self._skips:
                codec.skip_frame = "DEFAULT" if position in positions else "NONREF"
            yield from codec.decode(packet)
            if position == max(positions):
                break
        yield from codec.decode(None)

    def _packets_from(self, keyframe: _Keyframe) -> Iterator[Packet[VideoStream]]:
        """The packets from a keyframe on. Seeking may land before it: containers are not exact, nor need they be."""
        try:
            self._video.container.seek(keyframe.seek_to, stream=self._video.stream)
        except av.FFmpegError:  # some containers cannot seek
            raise _UntrustworthyError from None
        packets = self._video.packets()
        for packet in packets:
            if packet.pts == keyframe.pts:
                yield packet
                yield from packets
        # Where it was not found, `_run` misses its frames and says so.


def _skipping_is_exact(video: _OpenVideo) -> bool:
    """Whether the frames that `skip_frame = "NONREF"` drops are those that no other frame is predicted from."""
    codec = video.codec.codec.canonical_name
    if video.container.format.name == "avi":
        return False  # its time stamps are not to be relied on unless every frame is seen to come back in order
    if codec != "hevc":
        return codec in _SKIPS_WHILE_DECODING
    # FFmpeg drops HEVC's sub-layer non-reference pictures, which a higher temporal layer may refer to. The hvcC record
    # (version 1, 23 bytes or more) of MP4 and Matroska says how many layers there are: bits 3 to 5 of byte 21.
    record = video.codec.extradata or b""
    return len(record) >= 23 and record[0] == 1 and (record[21] >> 3) & 7 == 1


class _CountedFrames:
    """Frames that are found by decoding everything and counting."""

    def __init__(self, path: str, threads: int) -> None:
        self._path = path
        self._threads = threads
        self._times: NDArray[np.float64] | None = None
        self._last_seconds = 0.0
        self.kept: list[VideoFrame] = []

    def times_seconds(self) -> NDArray[np.float64]:
        if self._times is None:
            self._times = self._count()
        return self._times

    def last_frame_seconds(self) -> float:
        self.times_seconds()
        return self._last_seconds

    def images(self, wanted: Sequence[int]) -> dict[int, NDArray[np.uint8]]:
        """RGB [H, W, 3] of the frames at increasing indices, without those that lie behind the end."""
        converter = _RGBConverter()
        targets = set(wanted)
        frames = islice(self.kept or _decode_all(self._path, self._threads), wanted[-1] + 1)
        return {i: converter.rgb(frame) for i, frame in enumerate(frames) if i in targets}

    def _count(self) -> NDArray[np.float64]:
        """Decodes everything: the times of the frames, and the frames themselves where they are not too large."""
        pts: list[int | None] = []
        kept: list[VideoFrame] = []
        room = _KEPT_BYTES
        for frame in _decode_all(self._path, self._threads):
            pts.append(frame.pts)
            room -= sum(plane.buffer_size for plane in frame.planes)
            if room >= 0:
                kept.append(frame)
            else:
                kept.clear()
        self.kept = kept
        if not pts:
            raise ValueError("not one of its frames can be decoded")
        video = _OpenVideo(self._path, self._threads)
        try:
            self._last_seconds = _frame_seconds(video.stream)
            known = [p for p in pts if p is not None]
            if len(known) < len(pts) or any(a >= b for a, b in pairwise(known)):
                return np.arange(len(pts), dtype=np.float64) * self._last_seconds
            return _seconds(known, video.stream)
        finally:
            video.close()


def _decode_all(path: str, threads: int) -> Iterator[VideoFrame]:
    """Every frame of a file in the order the decoder shows them; opens the file anew, as raw streams cannot seek."""
    video = _OpenVideo(path, threads)
    try:
        for packet in video.packets():
            yield from video.codec.decode(packet)
        yield from video.codec.decode(None)
    finally:
        video.close()


def _frame_seconds(stream: VideoStream) -> float:
    rate = stream.average_rate or stream.guessed_rate
    if not rate:
        raise ValueError("it has no frame rate")
    return float(1 / rate)


def _tick_seconds(stream: VideoStream) -> float:
    return float(stream.time_base or 0)


def _seconds(pts: Sequence[int], stream: VideoStream) -> NDArray[np.float64]:
    ticks = np.asarray(pts, dtype=np.int64)
    return np.asarray((ticks - ticks[0]) * _tick_seconds(stream), dtype=np.float64)


class _RGBConverter:
    """Converts frames to upright RGB; one for many frames of a video, as setting one up costs more than using it."""

    def __init__(self) -> None:
        self._reformatter = VideoReformatter()

    def rgb(self, frame: VideoFrame) -> NDArray[np.uint8]:
        """uint8 [H, W, 3]."""
        # One thread: swscale's own would compete with the other workers', and loses time on frames of this size.
        rgb = self._reformatter.reformat(frame, format="rgb24", threads=1).to_ndarray().astype(np.uint8, copy=False)
        return _upright(rgb, frame)


def _upright(rgb: NDArray[np.uint8], frame: VideoFrame) -> NDArray[np.uint8]:
    """Applies the frame's display matrix, as far as it moves pixels onto pixels.

    The matrix (a, b, u; c, d, v; ...) takes the pixel (x, y) to (a x + c y, b x + d y), up to a shift.
    """
    matrix = frame.side_data.get("DISPLAYMATRIX")
    if not isinstance(matrix, Buffer):
        return rgb
    a, b, _, c, d = np.frombuffer(memoryview(matrix), dtype=np.int32)[:5].tolist()
    if a == d == 0 and b and c:
        rgb, x_sign, y_sign = rgb.transpose(1, 0, 2), c, b
    elif b == c == 0 and a and d:
        x_sign, y_sign = a, d
    else:
        return rgb
    return rgb[:: -1 if y_sign < 0 else 1, :: -1 if x_sign < 0 else 1]


@contextmanager
def _errors_name(path: str, step: str) -> Iterator[None]:
    """Turns what PyAV may raise into a `VideoDecodeError` that names the file, the step and the cause."""
    try:
        yield
    except (av.FFmpegError, OSError, ValueError, MemoryError) as error:
        cause = getattr(error, "strerror", None) or str(error) or type(error).__name__
        raise VideoDecodeError(f"{path}: {cause} (while {step})") from error
