"""Slow shapes in clutter: only the shape moves, by one to two patches, and only the order of frames tells where to."""

import numpy as np
import pytest

from zsar.datamodules.rendering.moving_shapes_rendering import (
    MovingShape,
    RenderedClip,
    all_classes,
    clip_generator,
    render_clip,
)
from zsar.datamodules.rendering.slow_shapes_rendering import render_slow_clip

TOWARDS = {"left": (-1, 0), "right": (1, 0), "top": (0, -1), "bottom": (0, 1)}


def slow(moving_shape: MovingShape, *, index: int = 0) -> RenderedClip:
    return render_slow_clip(moving_shape, clip_generator(moving_shape, purpose="test", index=index, seed=0))


def test_every_class_moves_in_its_direction_by_a_third_of_the_frame() -> None:
    for moving_shape in all_classes():
        clip = slow(moving_shape)
        way = clip.centres_px[-1] - clip.centres_px[0]
        assert tuple(np.sign(way)) == TOWARDS[moving_shape.direction]
        assert 9.5 < np.abs(way).sum() < 12.9  # 0.30 to 0.40 of 32 px
        assert (clip.frames.shape, clip.frames.dtype) == ((24, 32, 32, 3), np.uint8)


def test_pixels_away_from_the_shape_never_change() -> None:
    clip = slow(MovingShape("red", "circle", "right"))
    changed = (clip.frames != clip.frames[0]).any(axis=(0, 3))  # [H, W]
    rows, columns = np.nonzero(changed)
    distance = np.hypot(columns[:, None] - clip.centres_px[:, 0], rows[:, None] - clip.centres_px[:, 1]).min(axis=1)
    assert distance.max() < 0.215 * 32 + 1
    assert 0.1 < changed.mean() < 0.35


def test_opposite_directions_are_each_others_reversal() -> None:
    for one, other in (("left", "right"), ("top", "bottom")):
        forwards, backwards = (slow(MovingShape("green", "cross", way)).frames for way in (other, one))
        np.testing.assert_array_equal(backwards, forwards[::-1])


def test_frames_differ_less_than_those_of_the_plain_scene() -> None:
    moving_shape = MovingShape("blue", "square", "left")
    generator = clip_generator(moving_shape, purpose="test", index=0, seed=0)
    plain = render_clip(moving_shape, generator, n_frames=24).frames.astype(int)
    still = slow(moving_shape).frames.astype(int)
    assert np.abs(still[0] - still[-1]).mean() < 0.7 * np.abs(plain[0] - plain[-1]).mean()


def test_one_frame_does_not_move() -> None:
    moving_shape = all_classes()[0]
    with pytest.raises(ValueError, match="n_frames is 1"):
        render_slow_clip(moving_shape, clip_generator(moving_shape, purpose="test", index=0, seed=0), n_frames=1)
