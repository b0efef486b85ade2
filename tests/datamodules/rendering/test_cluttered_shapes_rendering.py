"""Shapes in clutter: only the shape moves, and only the order of frames tells where to."""

import numpy as np
import pytest

from zsar.datamodules.rendering.cluttered_shapes_rendering import render_cluttered_clip
from zsar.datamodules.rendering.moving_shapes_rendering import (
    MovingShape,
    RenderedClip,
    all_classes,
    clip_generator,
)

TOWARDS = {"left": (-1, 0), "right": (1, 0), "top": (0, -1), "bottom": (0, 1)}


def cluttered(moving_shape: MovingShape, *, index: int = 0) -> RenderedClip:
    return render_cluttered_clip(moving_shape, clip_generator(moving_shape, purpose="test", index=index, seed=0))


def test_every_class_moves_in_its_direction_by_about_half_of_the_frame() -> None:
    for moving_shape in all_classes():
        clip = cluttered(moving_shape)
        way = clip.centres_px[-1] - clip.centres_px[0]
        assert tuple(np.sign(way)) == TOWARDS[moving_shape.direction]
        assert 12.1 < np.abs(way).sum() < 19.3  # 0.38 to 0.60 of 32 px
        assert (clip.frames.shape, clip.frames.dtype) == ((24, 32, 32, 3), np.uint8)


def test_pixels_away_from_the_shape_never_change() -> None:
    clip = cluttered(MovingShape("red", "circle", "right"))
    changed = (clip.frames != clip.frames[0]).any(axis=(0, 3))  # [H, W]
    rows, columns = np.nonzero(changed)
    distance = np.hypot(columns[:, None] - clip.centres_px[:, 0], rows[:, None] - clip.centres_px[:, 1]).min(axis=1)
    assert distance.max() < 0.215 * 32 + 1
    assert 0.1 < changed.mean() < 0.35


def test_opposite_directions_are_each_others_reversal() -> None:
    for one, other in (("left", "right"), ("top", "bottom")):
        forwards, backwards = (cluttered(MovingShape("green", "cross", way)).frames for way in (other, one))
        np.testing.assert_array_equal(backwards, forwards[::-1])


def test_most_pixels_are_the_same_in_successive_frames_of_eight() -> None:
    for moving_shape in all_classes():
        frames = cluttered(moving_shape).frames[::3]
        assert (frames[1:] != frames[:-1]).any(axis=-1).mean() < 0.12


def test_one_frame_does_not_move() -> None:
    moving_shape = all_classes()[0]
    with pytest.raises(ValueError, match="n_frames is 1"):
        render_cluttered_clip(moving_shape, clip_generator(moving_shape, purpose="test", index=0, seed=0), n_frames=1)
