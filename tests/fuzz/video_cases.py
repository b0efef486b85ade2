"""Small sound videos of many containers, and everything that reads a video, tried on what mutations make of them."""

from __future__ import annotations

import random
import zlib
from collections.abc import Callable, Sequence
from pathlib import Path

import av
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from tests.fuzz.byte_mutations import mutated
from tests.fuzz.container_mutations import mutations_of
from tests.fuzz.outcomes import READ, REFUSED, Fault, told
from tests.makers.videos.encoded_videos import X264, moving_picture, write_with_pts
from zsar.datamodules.diagnosis.decode_check import Clip, decode_clip
from zsar.datamodules.lists.video_table import VideoTable
from zsar.datamodules.video_files.decoding import VideoDecodeError, VideoReader
from zsar.datamodules.video_files.streaming import FrameStream, FrameStride
from zsar.datamodules.video_files.unreadable_files import refuse_unreadable
from zsar.datamodules.video_files.writing.preparing import prepare_video
from zsar.datamodules.video_files.writing.preparing_settings import PreparingSettings
from zsar.datamodules.video_files.writing.transcoding import TranscodingError

N_FRAMES, HEIGHT_PX, WIDTH_PX = 24, 48, 64
REFUSALS = (VideoDecodeError, TranscodingError)
_PREPARED_EVERY = 8  # of so many cases one is prepared, too
_COMPARED = 64  # frames of a video that are compared, at most
_COMPARED_PIXELS = 20_000_000  # of all of them: what is asked for must fit into memory, too
_VPX = {"deadline": "realtime", "cpu-used": "8", "g": "12"}


def _write(
    path: Path,
    codec: str,
    *,
    options: dict[str, str] | None = None,
    container: dict[str, str] | None = None,
    pixel_format: str = "yuv420p",
    sound: str | None = None,
) -> None:
    """A video of the moving picture, with or without a second of sound."""
    with av.open(str(path), "w", options={"fflags": "+bitexact", **(container or {})}) as out:
        video = out.add_stream(codec, rate=25, options=options or {})
        assert isinstance(video, av.VideoStream)
        video.width, video.height, video.pix_fmt, video.thread_count = WIDTH_PX, HEIGHT_PX, pixel_format, 1
        audio = None if sound is None else out.add_stream(sound, rate=16_000, layout="mono")
        for image in moving_picture(N_FRAMES, HEIGHT_PX, WIDTH_PX):
            out.mux(video.encode(av.VideoFrame.from_ndarray(image)))
        out.mux(video.encode(None))
        if isinstance(audio, av.AudioStream):
            samples = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.float32), format="fltp", layout="mono")
            samples.sample_rate = 16_000
            for number in range(15):
                samples.pts = 1024 * number
                out.mux(audio.encode(samples))
            out.mux(audio.encode(None))


def write_lossless(path: Path) -> None:
    """A video of which the container alone says how large the picture is."""
    _write(path, "ffv1")


SEEDS: dict[str, Callable[[Path], None]] = {
    "index_behind.mp4": lambda p: _write(p, "libx264", options=X264),  # with B-frames and an edit list
    "index_in_front.mp4": lambda p: _write(p, "libx264", options=X264, container={"movflags": "faststart"}),
    "with_sound.mp4": lambda p: _write(p, "libx264", options=X264, sound="aac"),
    "fragmented.mp4": lambda p: _write(
        p, "libx264", options=X264, container={"movflags": "frag_keyframe+empty_moov+default_base_moof"}
    ),
    "mpeg4.mov": lambda p: _write(p, "mpeg4", options={"bf": "2", "g": "8"}),
    "h264.mkv": lambda p: _write(p, "libx264", options=X264),
    "variable_rate.mkv": lambda p: write_with_pts(p, np.cumsum([20, 35, 90, 41, 12, 200, 33] * 3).tolist()),
    "lossless.mkv": write_lossless,
    "vp9.webm": lambda p: _write(p, "libvpx-vp9", options=_VPX | {"auto-alt-ref": "1", "lag-in-frames": "8"}),
    "vp8.webm": lambda p: _write(p, "libvpx", options=_VPX | {"auto-alt-ref": "1", "lag-in-frames": "8"}),
    "mpeg4_b_frames.avi": lambda p: _write(p, "mpeg4", options={"bf": "2", "g": "8"}),
    "mjpeg.avi": lambda p: _write(p, "mjpeg", pixel_format="yuvj420p"),
    "h264.ts": lambda p: _write(p, "libx264", options=X264),
    "mpeg2.mpg": lambda p: _write(p, "mpeg2video", options={"bf": "2", "g": "8"}),
    "flash.flv": lambda p: _write(p, "flv"),
    "animated.gif": lambda p: _write(p, "gif", pixel_format="rgb8"),
    "raw.h264": lambda p: _write(p, "libx264", options=X264),
}


def write_seeds(folder: Path) -> None:
    """Writes the sound videos."""
    for name, write in SEEDS.items():
        write(folder / name)


def mutate(name: str, content: bytes, draw: random.Random) -> bytes:
    """A sound video's bytes after mutations that suit its container."""
    return mutated(content, draw, mutations_of(Path(name).suffix))


def exercise(name: str, path: Path, number: int) -> tuple[str, str]:
    """Reads a video in all ways and compares what they give; of some a copy is prepared, too.

    Args:
        name: The sound video that it was made of.
        path: The file.
        number: Which mutation it is.

    Returns:
        Kind and detail of the outcome.
    """
    kind, detail = told(lambda: _read_all_ways(path), path, REFUSALS)
    if kind not in (READ, REFUSED) or number % _PREPARED_EVERY:
        return kind, detail
    prepared = told(lambda: _prepare(path), path, REFUSALS)
    # A copy of one size is what a video gets that changes its own, which is refused otherwise.
    if prepared[0] == READ and kind != READ and "frame size changes" not in detail:
        return "inconsistent", f"it is prepared, but not read: {detail}"
    return (kind, detail) if prepared[0] in (READ, REFUSED) else prepared


def _read_all_ways(path: Path) -> str:
    """Reads forward, by index, by time and as a stream, each with a reader of its own."""
    with VideoReader(path) as reader:
        n_frames, times, duration = reader.n_frames, reader.times_seconds, reader.duration_seconds
    _check_times(n_frames, times, duration)
    chosen = _chosen(path, n_frames)
    forward, error = _forward(path, chosen)
    for wanted in (chosen, chosen[-1:], chosen[len(chosen) // 2 :: -3]):
        _compare_by_index(path, wanted, forward, error if wanted is chosen else None)
    if error is not None:
        raise error
    if len(chosen) == n_frames:
        _read_other_ways(path, duration)
    return f"{n_frames} frames"


def _read_other_ways(path: Path, duration: float) -> None:
    """What was read forward as a whole must be read in all other ways, too."""
    _same_verdict("frames at times", lambda: _at_times(path, (0.0, duration / 2, duration)))
    for stride in (FrameStride(3), FrameStride(None, 0.1)):
        _same_verdict(f"a stream of every {stride}", lambda stride=stride: _stream(path, stride))  # type: ignore[misc]
    _same_verdict("opening it", lambda: refuse_unreadable(VideoTable(path.parent, [path.name], [0]), "fuzz"))
    problem = decode_clip(Clip(str(path), None, 8, 2))[1]
    if problem is not None:
        raise Fault("inconsistent", f"read forward, but the doctor says {problem}")


def _check_times(n_frames: int, times: NDArray[np.float64], duration: float) -> None:
    if n_frames < 1 or times.shape != (n_frames,) or times.dtype != np.float64:
        raise Fault("inconsistent", f"{n_frames} frames, times {times.dtype} {list(times.shape)}")
    if not (np.isfinite(times).all() and times[0] >= 0 and (np.diff(times) > 0).all()):
        raise Fault("inconsistent", f"times are not finite, 0 or more and increasing: {times[:30].tolist()}")
    if not times[-1] <= duration < np.inf:
        raise Fault("inconsistent", f"the last frame is shown at {times[-1]} s, and the video ends at {duration} s")


def _chosen(path: Path, n_frames: int) -> list[int]:
    """Which frames are compared: all of a small video, fewer where they are many or large."""
    with VideoReader(path) as reader:
        first = reader.frames_at_indices([0])
    n_most = max(1, min(_COMPARED, _COMPARED_PIXELS // (first.shape[2] * first.shape[3])))
    return sorted({round(i) for i in np.linspace(0, n_frames - 1, min(n_most, n_frames)).tolist()})


def _forward(path: Path, chosen: Sequence[int]) -> tuple[dict[int, int], VideoDecodeError | None]:
    """Checksums of the frames by index, as far as they can be read forward; and what ended it early."""
    sums: dict[int, int] = {}
    try:
        with VideoReader(path) as reader:
            for i, frame in zip(chosen, reader.frames_forward(chosen), strict=True):
                sums[i] = _checksum(frame)
    except VideoDecodeError as error:
        return sums, error
    return sums, None


def _compare_by_index(path: Path, wanted: Sequence[int], forward: dict[int, int], error: Exception | None) -> None:
    try:
        with VideoReader(path) as reader:
            frames = reader.frames_at_indices(wanted)
    except VideoDecodeError as refusal:
        if forward.keys() >= set(wanted) and error is None:
            raise Fault("inconsistent", f"frames {wanted[:5]} are read forward, but not by index: {refusal}") from None
        return
    if frames.dtype != torch.uint8 or frames.ndim != 4 or frames.shape[:2] != (len(wanted), 3) or 0 in frames.shape:
        raise Fault("inconsistent", f"frames are {frames.dtype} {list(frames.shape)}")
    if error is not None:
        raise Fault("inconsistent", f"frames {wanted[:5]} are read by index, but not forward: {error}")
    other = [i for i, frame in zip(wanted, frames, strict=True) if forward.get(i, _checksum(frame)) != _checksum(frame)]
    if other:
        raise Fault("inconsistent", f"frames {other[:5]} of {len(wanted)} asked for are others than those read forward")


def _same_verdict(way: str, read: Callable[[], object]) -> None:
    """What was read forward must be read in another way, too."""
    try:
        read()
    except VideoDecodeError as error:
        raise Fault("inconsistent", f"read forward, but {way} is refused: {error}") from error


def _at_times(path: Path, seconds: Sequence[float]) -> Tensor:
    with VideoReader(path) as reader:
        return reader.frames_at_times(seconds)


def _stream(path: Path, stride: FrameStride) -> None:
    with FrameStream(path, 32, geometry="squash", stride=stride, chunk_size=8) as stream:
        n_given = sum(len(frames) for frames, _ in stream.chunks())
        if n_given != len(stream):
            raise Fault("inconsistent", f"a stream of {len(stream)} frames gives {n_given}")


def _prepare(path: Path) -> str:
    copy = path.with_name("copy.mp4")
    try:
        made = prepare_video(path, copy, PreparingSettings(short_side_px=32))
    finally:
        copy.unlink(missing_ok=True)
    return f"{made.n_frames} frames prepared"


def _checksum(frame: Tensor) -> int:
    return zlib.crc32(frame.contiguous().numpy().tobytes())
