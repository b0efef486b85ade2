"""Frames to a small video file: how the rendered benchmark, and the tests, make the videos that they read (PyAV)."""

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

# Visually lossless, and quick enough that starting the encoder is what a small clip costs. Without macroblock-tree rate
# control, with which x264 now and then codes the same small frames differently (11 of 2,800 clips of 32 x 32 px).
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
    """Writes a video; its container is the one that the suffix names (.mp4, .mkv, .avi, ...).

    The file appears whole or not at all: it is written beside its place and then renamed. The same frames and settings
    give the same bytes with one build of FFmpeg, as the encoder runs in one thread and nothing random is stored.

    Args:
        path: The file; its folder must exist, a file of that name is replaced.
        frames: RGB, uint8: an array [T, H, W, 3] or a tensor [T, 3, H, W]; T >= 1.
        frames_per_second: The frame rate, constant.
        codec: FFmpeg's name of the encoder.
        pixel_format: FFmpeg's name of the format that is encoded, of which the encoder must be capable.
        options: The encoder's own options. The default suits libx264.

    Raises:
        ValueError: The frames have another type or shape, there is none, their height or width is odd where the pixel
            format halves colours, or the frame rate is not positive.
        RuntimeError: FFmpeg cannot encode or write them; the message names the file and the cause.
    """
    array = _frames_last(frames)
    if "420" in pixel_format and (array.shape[1] % 2 or array.shape[2] % 2):
        raise ValueError(f"{pixel_format} needs an even height and width; got frames of {array.shape[1:3]} px")
    if not frames_per_second > 0:
        raise ValueError(f"frames_per_second must be positive; got {frames_per_second}")
    path = Path(path)
    rate = Fraction(frames_per_second).limit_denominator(100_000)
    options_of_container = {"fflags": "+bitexact"}
    with whole_file(path) as unfinished:
        try:
            with av.open(f"file:{unfinished}", mode="w", container_options=options_of_container) as container:
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
        raise ValueError("this is no video codec")
    stream.height, stream.width = array.shape[1:3]
    stream.pix_fmt = pixel_format
    stream.thread_count = 1
    converter = VideoReformatter()  # one for all frames: setting it up costs more than converting a small frame
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
