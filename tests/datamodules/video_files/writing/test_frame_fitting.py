"""Tests of `frame_fitting`: sizes of copies, and frames of other sizes between black bars."""

from __future__ import annotations

import av
import numpy as np
import pytest
from av.video.reformatter import Colorspace, VideoReformatter

from tests.makers.videos.encoded_videos import moving_picture
from zsar.datamodules.video_files.writing.frame_fitting import FrameFitter, fitted_size, scaled_size


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ((1280, 720), (456, 256)),  # 455.1
        ((720, 1280), (256, 456)),
        ((1920, 1080), (456, 256)),
        ((640, 480), (342, 256)),  # 341.3
        ((340, 256), (340, 256)),
        ((341, 257), (340, 256)),  # 339.7
        ((320, 240), (320, 240)),
        ((321, 241), (320, 240)),
        ((1000, 31), (1000, 30)),
        ((1, 40), (2, 40)),
    ],
)
def test_the_short_side_shrinks_and_both_are_even(source: tuple[int, int], expected: tuple[int, int]) -> None:
    assert scaled_size(*source, 256) == expected


def test_no_size_is_enlarged_or_distorted() -> None:
    draw = np.random.default_rng(0)
    for width, height in draw.integers(2, 4000, (500, 2)).tolist():
        w, h = scaled_size(width, height, 256)
        assert w % 2 == h % 2 == 0
        assert w <= width
        assert h <= height
        scale = min(1, 256 / min(width, height))
        assert abs(w - width * scale) <= 1
        assert abs(h - height * scale) <= 1


@pytest.mark.parametrize(
    ("source", "into", "expected"),
    [
        ((64, 48), (64, 48), (64, 48)),
        ((1280, 720), (64, 48), (64, 36)),  # bars above and below
        ((48, 64), (64, 48), (36, 48)),  # bars at the sides
        ((32, 24), (64, 48), (64, 48)),  # enlarged, as a player's window shows it
        ((854, 480), (1280, 720), (1280, 720)),  # 1281 x 720: the same shape but for rounding
        ((1000, 2), (64, 48), (64, 2)),
    ],
)
def test_a_frame_fits_whole_and_undistorted(
    source: tuple[int, int], into: tuple[int, int], expected: tuple[int, int]
) -> None:
    assert fitted_size(source, into) == expected


def rgb(frame: av.VideoFrame) -> np.ndarray:
    return frame.to_ndarray(format="rgb24").astype(int)


def plain(height: int, width: int, colour: tuple[int, int, int]) -> av.VideoFrame:
    return av.VideoFrame.from_ndarray(np.full((height, width, 3), colour, np.uint8))


def test_frames_of_another_size_lie_in_the_middle_of_black() -> None:
    fitter = FrameFitter(256)
    assert fitter.size_px == (0, 0)
    first = fitter.fitted(plain(48, 64, (200, 30, 40)))
    assert (first.width, first.height) == fitter.size_px == (64, 48)
    for height, width, rows, columns in ((36, 128, slice(14, 32), slice(0, 64)), (48, 24, slice(0, 48), slice(20, 44))):
        fitted = fitter.fitted(plain(height, width, (20, 180, 60)))
        assert (fitted.width, fitted.height, fitted.format.name) == (64, 48, "yuv420p")
        assert (fitted.colorspace, fitted.color_range) == (first.colorspace, first.color_range)
        expected = np.zeros((48, 64, 3))
        expected[rows, columns] = (20, 180, 60)
        assert (np.abs(rgb(fitted) - expected).max(axis=2) > 6).mean() < 0.1  # chroma has half the resolution
        assert rgb(fitted)[0, 0].tolist() == [0, 0, 0]
    assert fitter.n_refitted == 2
    assert rgb(fitter.fitted(plain(48, 64, (200, 30, 40)))).shape == (48, 64, 3)
    assert fitter.n_refitted == 2


def test_a_frame_of_the_same_shape_is_only_resized() -> None:
    fitter = FrameFitter(256)
    image = moving_picture(1, 96, 128)[0]
    fitter.fitted(plain(48, 64, (0, 0, 0)))
    fitted = rgb(fitter.fitted(av.VideoFrame.from_ndarray(image)))
    alone = rgb(FrameFitter(48).fitted(av.VideoFrame.from_ndarray(image)))
    assert np.abs(fitted - alone).max() <= 2
    assert fitter.n_refitted == 1


def test_frames_of_another_colour_space_keep_their_colours() -> None:
    colour = (200, 30, 40)
    fitter = FrameFitter(256)
    converter = VideoReformatter()
    of_601 = converter.reformat(plain(48, 64, colour), format="yuv420p", dst_colorspace=Colorspace.ITU601)
    of_709 = converter.reformat(plain(96, 128, colour), format="yuv420p", dst_colorspace=Colorspace.ITU709)
    of_601.colorspace, of_709.colorspace = 6, 1
    fitter.fitted(of_601)
    fitted = fitter.fitted(of_709)
    assert fitted.colorspace == 6
    np.testing.assert_allclose(rgb(fitted)[24, 32], colour, atol=5)
