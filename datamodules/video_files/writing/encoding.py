"""Writes frames to a small video file, for rendered data sets and tests (PyAV)."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from av.container import OutputContainer
from av.video.frame import VideoFrame
from av.video.reformatter import VideoReformatter
from av.video.stream import VideoStream
from numpy.typing import NDArray
from torch import Tensor

from zsar.runtime.files.whole_files import whole_file

# Visually lossless, and so fast that a small clip costs little more than starting the encoder. Without macroblock-tree
# rate control, with which x264 sometimes encodes the same small frames differently (11 of 2,800 clips of 32 x 32 px).
X264_OPTIONS: Mapping[str, str] = {"crf": "18", "preset": "veryfast", "x264-params": "mbtree=0"}


def write_video(
    path: str | Path,
    frames: NDArray[np.uint8] | Tensor,
    *,
    frames_per_second: float | Fraction,
    codec: str = "libx264",
    pixel_format: str = "yuv420p",
    options: Mapping[str, str] = X264_OPTIONS,
) -> None:
    """Writes a video; the suffix determines the container (.mp4, .mkv, .avi, ...).

    The file is written under a temporary name and then renamed. With the same build of FFmpeg, the same frames and
    settings give the same bytes, since the encoder runs in one thread and stores nothing random.

    Args:
        path: The file; its folder must exist, an existing file is replaced.
        frames: RGB, uint8: an array [T, H, W, 3] or a tensor [T, 3, H, W]; T >= 1.
        frames_per_second: The frame rate, constant.
        codec: FFmpeg's name of the encoder.
        pixel_format: FFmpeg's name of the pixel format, which the encoder must support.
        options: Options of the encoder. The default suits libx264.

    Raises:
        ValueError: The frames have another type or shape, there are none, their height or width is odd although the
            pixel format halves the colour resolution, or the frame rate is not positive.
        RuntimeError: FFmpeg cannot encode or write them; the message names the file and the cause.
    """
    array = _frames_last(frames)
    if "420" in pixel_format and (array.shape[1] % 2 or array.shape[2] % 2):
        raise ValueError(f"{pixel_format} needs an even height and width; got frames of {array.shape[1:3]} px")
    if not frames_per_second > 0:
        raise ValueError(f"frames_per_second must be positive; got {frames_per_second}")
    path = Path(path)
    rate = Fraction(frames_per_second).limit_denominator(100_000)
    container_options = {"fflags": "+bitexact"}
    with whole_file(path) as unfinished:
        try:
            with av.open(f"file:{unfinished}", mode="w", container_options=container_options) as container:
                _encode(container, array, rate, codec, pixel_format, options)
        except (av.FFmpegError, TypeError, ValueError) as error:
            raise RuntimeError(f"cannot write {path} with {codec} ({pixel_format}): {error}") from error


def _encode(
    container: OutputContainer,
    array: NDArray[np.uint8],
    rate: Fraction,
    codec: str,
    pixel_format: str,
    options: Mapping[str, str],
) -> None:
    stream = container.add_stream(codec, rate=rate, options=dict(options))
    if not isinstance(stream, VideoStream):
        raise ValueError("it is not a video codec")
    stream.height, stream.width = array.shape[1:3]
    stream.pix_fmt = pixel_format
    stream.thread_count = 1
    converter = VideoReformatter()  # one for all frames, since setting it up costs more than converting a small frame
    for number, image in enumerate(array):
        frame = converter.reformat(VideoFrame.from_ndarray(image), format=pixel_format, threads=1)
        frame.pts, frame.time_base = number, 1 / rate
        container.mux(stream.encode(frame))
    container.mux(stream.encode(None))


def _frames_last(frames: NDArray[np.uint8] | Tensor) -> NDArray[np.uint8]:
    """Contiguous uint8 [T, H, W, 3]."""
    shape, dtype = list(frames.shape), str(frames.dtype).removeprefix("torch.")
    colours = 1 if isinstance(frames, Tensor) else 3
    if len(shape) != 4 or shape[colours] != 3 or dtype != "uint8" or 0 in shape:
        raise ValueError(
            "frames must be a uint8 array [T, H, W, 3] or a uint8 tensor [T, 3, H, W] with T >= 1; "
            f"got {type(frames).__name__} {dtype} {shape}"
        )
    array = frames.permute(0, 2, 3, 1).cpu().numpy() if isinstance(frames, Tensor) else frames
    return np.ascontiguousarray(array)
