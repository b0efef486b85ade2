"""A copy of a video with something drawn onto each frame: same size, same times, its sound where it can be copied."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from av.video.frame import PictureType, VideoFrame
from numpy.typing import NDArray

from zsar.datamodules.video_files.decode_limits import MOST_PIXELS
from zsar.datamodules.video_files.decoding import VideoDecodeError, VideoReader
from zsar.datamodules.video_files.writing.copied_sound import CopiedSound
from zsar.datamodules.video_files.writing.frame_fitting import FrameFitter
from zsar.datamodules.video_files.writing.mp4_writing import Mp4Writer, TranscodingError, whole_ticks

__all__ = ["DrawnCopy", "Patch", "write_drawn_copy"]

# Options of libx264: visually close to the source. `frame_duration` keeps the duration of the last frame.
_X264 = {"preset": "veryfast", "crf": "20", "bf": "3", "flags": "+frame_duration", "x264-params": "b-pyramid=none"}
# BT.601, limited range: rows are luma, blue and red difference; columns are red, green and blue.
_YUV = np.array([[65.481, 128.553, 24.966], [-37.797, -74.203, 112.0], [112.0, -93.786, -18.214]]) / 255
_YUV_ZERO = np.array([16.0, 128.0, 128.0])


@dataclass(frozen=True, eq=False)
class Patch:
    """A picture that is drawn onto a part of a frame.

    Attributes:
        left_px: Its place, even.
        top_px: Its place, even.
        rgba: uint8 [h, w, 4], even sides; alpha 0 leaves the frame unchanged, 255 covers it.
    """

    left_px: int
    top_px: int
    rgba: NDArray[np.uint8]


@dataclass(frozen=True)
class DrawnCopy:
    """A finished copy.

    Attributes:
        width_px: Its width.
        height_px: Its height.
        n_frames: Its frames.
        sound: "copied"; "none" if the source has none; else the codec that .mp4 files cannot hold.
    """

    width_px: int
    height_px: int
    n_frames: int
    sound: str


def write_drawn_copy(
    reader: VideoReader,
    destination: Path,
    make_patches: Callable[[int, int], Callable[[float], Sequence[Patch]]],
    *,
    source: str | Path,
    on_frame: Callable[[int, int], object] | None = None,
) -> DrawnCopy:
    """Writes the copy, frame by frame in bounded memory. After an error, the caller removes the partial file.

    Args:
        reader: The open video; its `on_damage` applies.
        destination: The .mp4 file to write; its folder must exist.
        make_patches: Called with width and height of the copy; returns what is drawn at a time, in seconds on the
            player's clock.
        source: The path of the video, for its sound.
        on_frame: Called after each frame with the number of finished frames and that of all.

    Returns:
        A description of the copy.

    Raises:
        VideoDecodeError: A frame of the source cannot be decoded.
        TranscodingError: The encoder rejects the frames, or they are too far apart.
        OSError: The destination cannot be written, for example because the disk is full.
    """
    times = reader.times_seconds
    clock, pts = whole_ticks(times, reader.duration_seconds, reader.clocks)
    fitter, painter = FrameFitter(MOST_PIXELS), _Painter()
    with ExitStack() as stack:
        sound = _opened_sound(stack, source, starts_late=pts[0] > 0)
        copied = sound if sound is not None and sound.is_copied else None
        writer = Mp4Writer(destination, clock, _X264, starts_late=pts[0] > 0, sound=copied, threads=0)
        stack.callback(writer.abandon)
        patches_at = None
        for i, frame in enumerate(reader.decoded_frames()):
            fitted = fitter.fitted(frame)
            if patches_at is None:
                patches_at = make_patches(*fitter.size_px)
                is_turned = (frame.width > frame.height) != (fitted.width > fitted.height)
                writer.pixel_aspect = _plausible(1 / reader.pixel_aspect if is_turned else reader.pixel_aspect)
            writer.write(painter.painted(fitted, patches_at(float(times[i]))), pts[i], pts[i + 1] - pts[i])
            if on_frame is not None:
                on_frame(i + 1, len(times))
        writer.finish()
    codec = None if sound is None else sound.codec
    return DrawnCopy(*fitter.size_px, len(times), "copied" if copied is not None else codec or "none")


def _plausible(pixel_aspect: Fraction) -> Fraction:
    """The shape of a pixel; 1 for one that no screen has, which the encoder may reject."""
    return pixel_aspect.limit_denominator(1000) if Fraction(1, 8) <= pixel_aspect <= 8 else Fraction(1)


def _opened_sound(stack: ExitStack, source: str | Path, *, starts_late: bool) -> CopiedSound:
    try:
        return stack.enter_context(CopiedSound(source, starts_late=starts_late))
    except (av.FFmpegError, OSError) as error:
        raise VideoDecodeError(f"{source}: {error.strerror or error} (while opening its sound)") from error


class _Painter:
    """Blends patches into yuv420p frames; keeps the converted patches, since most are drawn onto many frames."""

    def __init__(self) -> None:
        self._converted: dict[int, tuple[Patch, list[tuple[NDArray[np.float32], NDArray[np.float32]]]]] = {}

    def painted(self, frame: VideoFrame, patches: Sequence[Patch]) -> VideoFrame:
        """The frame with the patches; all else is unchanged."""
        if not patches:
            return frame
        planes = frame.to_ndarray().astype(np.uint8, copy=False)  # [H * 3 / 2, W]: luma, then both chroma planes
        height, width = frame.height, frame.width
        luma, blue, red = np.split(planes.reshape(-1), [height * width, height * width * 5 // 4])
        half = (height // 2, width // 2)
        for patch in patches:
            parts = zip(
                (luma.reshape(height, width), blue.reshape(half), red.reshape(half)),
                self._parts(patch),
                (1, 2, 2),
                strict=True,
            )
            for plane, (keep, add), halved in parts:
                top, left = patch.top_px // halved, patch.left_px // halved
                part = plane[top : top + add.shape[0], left : left + add.shape[1]]
                if part.shape != add.shape:
                    raise TranscodingError(
                        f"a patch of {patch.rgba.shape[1]}x{patch.rgba.shape[0]} px leaves the frame"
                    )
                part[:] = part * keep + add
        painted = VideoFrame.from_ndarray(planes, format="yuv420p")
        painted.colorspace, painted.color_range = frame.colorspace, frame.color_range
        painted.pict_type = PictureType.NONE
        return painted

    def _parts(self, patch: Patch) -> list[tuple[NDArray[np.float32], NDArray[np.float32]]]:
        """For each plane, what is kept of the frame, and what is added to it."""
        known = self._converted.get(id(patch))
        if known is None or known[0] is not patch:
            if len(self._converted) > 64:
                self._converted.clear()
            self._converted[id(patch)] = known = (patch, _converted(patch.rgba))
        return known[1]


def _converted(rgba: NDArray[np.uint8]) -> list[tuple[NDArray[np.float32], NDArray[np.float32]]]:
    alpha = rgba[..., 3:].astype(np.float32) / 255
    yuv = ((rgba[..., :3] @ _YUV.T + _YUV_ZERO) * alpha).astype(np.float32)
    height, width = rgba.shape[:2]
    halved_alpha = alpha.reshape(height // 2, 2, width // 2, 2).mean(axis=(1, 3))
    halved = yuv.reshape(height // 2, 2, width // 2, 2, 3).mean(axis=(1, 3))
    luma = (1 - alpha[..., 0], yuv[..., 0] + 0.5)  # + 0.5 rounds
    return [luma, *((1 - halved_alpha, halved[..., c] + 0.5) for c in (1, 2))]
