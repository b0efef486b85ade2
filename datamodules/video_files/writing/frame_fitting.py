"""Makes decoded frames upright, small and of one size for the encoder of a copy (PyAV).

The frame size of a stream may change, for example in recordings of broadcasts and in joined files. A copy has the size
of its first frame; a frame of another size is shown whole and undistorted in it, with black bars if its shape differs,
as in a player's window.
"""

from __future__ import annotations

import numpy as np
from av.video.frame import PictureType, VideoFrame
from av.video.reformatter import ColorRange, Colorspace, Interpolation, VideoReformatter

from zsar.datamodules.video_files.video_file import RGBConverter

# FFmpeg's number for RGB, without luma and chroma, which no yuv420p frame can have.
_COLORSPACE_RGB = 0
# FFmpeg's numbers of the two luma-chroma colour spaces, and its converter's names for them.
_CONVERTERS_COLORSPACE = {1: Colorspace.ITU709, 5: Colorspace.ITU601, 6: Colorspace.ITU601}
_BLACK_LUMA, _BLACK_CHROMA = 16, 128  # of limited range


def scaled_size(width_px: int, height_px: int, short_side_px: int) -> tuple[int, int]:
    """The size of a copy: never enlarged, even, and with the shape of the source.

    Args:
        width_px: Width of the source.
        height_px: Height of the source.
        short_side_px: Maximum short side; even.

    Returns:
        Width and height. If the source is small enough, odd sides lose one pixel (a side of 1 px becomes 2).
    """
    short = min(width_px, height_px)
    if short <= short_side_px:
        return max(2, width_px // 2 * 2), max(2, height_px // 2 * 2)
    width, height = ((2 * side * short_side_px + 2 * short) // (4 * short) * 2 for side in (width_px, height_px))
    return width, height


def fitted_size(size_px: tuple[int, int], into_px: tuple[int, int]) -> tuple[int, int]:
    """The largest even size of the same shape that fits into a frame; a gap of less than 2 px is filled.

    Args:
        size_px: Width and height of the source.
        into_px: Width and height of the frame; even.

    Returns:
        Width and height.
    """
    scale = min(into / side for side, into in zip(size_px, into_px, strict=True))
    width, height = (
        into if into - side * scale < 2 else max(2, round(side * scale / 2) * 2)
        for side, into in zip(size_px, into_px, strict=True)
    )
    return width, height


class FrameFitter:
    """Makes decoded frames upright, small, yuv420p and of the first one's size.

    Attributes:
        size_px: Width and height of the output frames; (0, 0) before the first frame.
        n_refitted: Number of frames whose size differed from the first one's.
    """

    def __init__(self, short_side_px: int) -> None:
        """The size is set by the first frame; see `scaled_size`."""
        self.size_px = (0, 0)
        self.n_refitted = 0
        self._short_side_px = short_side_px
        self._reformatter = VideoReformatter()
        self._converter = RGBConverter()
        self._source_size: tuple[int, int] | None = None
        self._colours = (0, 0)  # FFmpeg's numbers of colour space and range

    def fitted(self, frame: VideoFrame) -> VideoFrame:
        """The frame as the encoder needs it."""
        if frame.side_data.get("DISPLAYMATRIX") is not None:  # rare, so a detour through RGB is acceptable
            frame = VideoFrame.from_ndarray(np.ascontiguousarray(self._converter.rgb(frame)))
        size = (frame.width, frame.height)
        if self._source_size is None:
            self._source_size, self.size_px = size, scaled_size(*size, self._short_side_px)
            fitted = self._reformatted(frame, self.size_px)
            self._colours = (fitted.colorspace, fitted.color_range)
        elif size == self._source_size:
            fitted = self._reformatted(frame, self.size_px)
        else:
            self.n_refitted += 1
            fitted = self._between_bars(self._reformatted(frame, fitted_size(size, self.size_px), same_colours=True))
        # Otherwise the encoder would copy the source's pattern of keyframes and B-frames.
        fitted.pict_type = PictureType.NONE
        return fitted

    def _reformatted(self, frame: VideoFrame, size_px: tuple[int, int], *, same_colours: bool = False) -> VideoFrame:
        # An RGB frame is converted with the colour space that decoders assume by default.
        colours = Colorspace.ITU601 if frame.colorspace == _COLORSPACE_RGB else None
        return self._reformatter.reformat(
            frame,
            width=size_px[0],
            height=size_px[1],
            format="yuv420p",
            dst_colorspace=_CONVERTERS_COLORSPACE.get(self._colours[0], colours) if same_colours else colours,
            dst_color_range=ColorRange.MPEG,
            interpolation=Interpolation.BICUBIC,
            threads=1,
        )

    def _between_bars(self, frame: VideoFrame) -> VideoFrame:
        """The frame centred in a black one of the output size."""
        width, height = self.size_px
        planes = np.full(width * height * 3 // 2, _BLACK_CHROMA, np.uint8)
        planes[: width * height] = _BLACK_LUMA
        left, top = (width - frame.width) // 4 * 2, (height - frame.height) // 4 * 2
        for canvas, picture, halved in zip(
            _planes(planes, width, height),
            _planes(frame.to_ndarray().ravel(), frame.width, frame.height),
            (1, 2, 2),
            strict=True,
        ):
            rows, columns = picture.shape
            canvas[top // halved : top // halved + rows, left // halved : left // halved + columns] = picture
        barred = VideoFrame.from_ndarray(planes.reshape(height * 3 // 2, width), format="yuv420p")
        barred.colorspace, barred.color_range = self._colours
        return barred


def _planes(values: np.ndarray, width: int, height: int) -> list[np.ndarray]:
    """Luma [H, W] and twice chroma [H / 2, W / 2] of yuv420p: views of uint8 [H W 3 / 2]."""
    luma, u, v = np.split(values, [width * height, width * height * 5 // 4])
    half = (height // 2, width // 2)
    return [luma.reshape(height, width), u.reshape(half), v.reshape(half)]
