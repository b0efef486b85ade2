"""The rendered benchmark: its classes, and that only the order of frames tells the direction."""

from __future__ import annotations

import hashlib

import numpy as np
import pytest

from zsar.datamodules.rendering.moving_shapes_rendering import (
    COLOURS,
    DIRECTIONS,
    SHAPES,
    MovingShape,
    RenderedClip,
    all_classes,
    base_and_novel_classes,
    clip_generator,
    render_clip,
)

OPPOSITE = {"left": "right", "right": "left", "top": "bottom", "bottom": "top"}


def _clip(direction: str, *, index: int = 0, seed: int = 0, shape: str = "circle", colour: str = "red") -> RenderedClip:
    moving_shape = MovingShape(colour, shape, direction)
    return render_clip(moving_shape, clip_generator(moving_shape, purpose="test", index=index, seed=seed))


def test_a_class_is_a_sentence() -> None:
    assert MovingShape("red", "circle", "left").name == "a photo of a red circle moving to the left"
    assert MovingShape("red", "circle", "left").object_name == "red circle"


def test_there_are_64_classes_in_a_fixed_order() -> None:
    names = [c.name for c in all_classes()]
    assert len(set(names)) == 64
    assert names[0] == "a photo of a red circle moving to the left"
    assert names[5] == "a photo of a red square moving to the right"
    assert names[-1] == "a photo of a yellow cross moving to the bottom"


def test_base_and_novel_are_halves_without_a_common_class() -> None:
    base, novel = base_and_novel_classes()
    assert len(base) == len(novel) == 32
    assert set(base) | set(novel) == set(all_classes())


def test_red_circles_move_horizontally_in_base_and_red_squares_vertically() -> None:
    base, _ = base_and_novel_classes()
    assert [c.direction for c in base if c.object_name == "red circle"] == ["left", "right"]
    assert [c.direction for c in base if c.object_name == "red square"] == ["top", "bottom"]


@pytest.mark.parametrize("which", [0, 1], ids=["base", "novel"])
def test_each_set_has_every_colour_shape_and_direction_and_each_object_in_two_opposite_ones(which: int) -> None:
    classes = base_and_novel_classes()[which]
    assert {c.colour for c in classes} == set(COLOURS)
    assert {c.shape for c in classes} == set(SHAPES)
    assert {c.direction for c in classes} == set(DIRECTIONS)
    for object_name in {c.object_name for c in classes}:
        one, other = [c.direction for c in classes if c.object_name == object_name]
        assert OPPOSITE[one] == other


def test_a_clip_has_the_asked_size_and_type() -> None:
    moving_shape = all_classes()[0]
    generator = clip_generator(moving_shape, purpose="test", index=0, seed=0)
    clip = render_clip(moving_shape, generator, n_frames=5, size_px=48)
    assert clip.frames.shape == (5, 48, 48, 3)
    assert clip.frames.dtype == np.uint8
    assert clip.centres_px.shape == (5, 2)


@pytest.mark.parametrize("direction", DIRECTIONS)
def test_a_shape_moves_in_the_direction_of_its_name(direction: str) -> None:
    towards = {"left": (-1, 0), "right": (1, 0), "top": (0, -1), "bottom": (0, 1)}[direction]
    clip = _clip(direction)
    dx, dy = np.sign(clip.centres_px[-1] - clip.centres_px[0])
    assert (dx, dy) == towards


@pytest.mark.parametrize("shape", SHAPES)
def test_the_shape_is_where_its_centre_is_said_to_be(shape: str) -> None:
    clip = _clip("right", shape=shape, colour="yellow")
    for frame, (x, y) in zip(clip.frames, clip.centres_px, strict=True):
        assert (frame[round(y), round(x), :2] > 150).all()


@pytest.mark.parametrize("direction", DIRECTIONS)
@pytest.mark.parametrize("shape", SHAPES)
def test_a_clip_is_the_opposite_clip_of_its_seed_played_backwards(direction: str, shape: str) -> None:
    clip, opposite = _clip(direction, shape=shape), _clip(OPPOSITE[direction], shape=shape)
    np.testing.assert_array_equal(clip.frames, opposite.frames[::-1])
    np.testing.assert_array_equal(clip.centres_px, opposite.centres_px[::-1])


def test_frames_on_the_way_left_are_where_frames_on_the_way_right_are() -> None:
    left, right = (
        np.concatenate([_clip(d, index=i, seed=s).centres_px[:, 0] for i in range(200)])
        for d, s in (("left", 0), ("right", 1))
    )
    thresholds = np.linspace(0, 31, 32)
    difference = (left[:, None] < thresholds).mean(axis=0) - (right[:, None] < thresholds).mean(axis=0)
    assert np.abs(difference).max() < 0.05  # the Kolmogorov-Smirnov distance of 200 clips each is about 0.03


def test_motion_blur_shows_the_axis_in_one_frame() -> None:
    """Edges across the motion are softer than edges along it."""
    softness = {}
    for direction in ("right", "bottom"):
        frames = np.stack([_clip(direction, index=i, shape="square", colour="yellow").frames for i in range(20)])
        red = frames[..., 0].astype(float)
        softness[direction] = [np.percentile(np.abs(np.diff(red, axis=a)), 99.5) for a in (3, 2)]
    (right_x, right_y), (bottom_x, bottom_y) = softness["right"], softness["bottom"]
    assert right_x < 0.7 * right_y
    assert bottom_y < 0.7 * bottom_x


@pytest.mark.parametrize(
    "other",
    [
        {"purpose": "train"},
        {"index": 1},
        {"seed": 1},
        {"moving_shape": MovingShape("red", "circle", "top")},
        {"moving_shape": MovingShape("blue", "circle", "left")},
    ],
    ids=["purpose", "index", "seed", "axis", "object"],
)
def test_other_clips_get_other_random_numbers(other: dict[str, object]) -> None:
    one: dict[str, object] = {
        "moving_shape": MovingShape("red", "circle", "left"),
        "purpose": "test",
        "index": 0,
        "seed": 0,
    }
    assert clip_generator(**one).random() != clip_generator(**{**one, **other}).random()  # type: ignore[arg-type]


def test_rendering_is_the_same_on_every_platform() -> None:
    """A change of this hash is a change of the benchmark: figures before and after it cannot be compared."""
    digest = hashlib.sha256()
    for moving_shape in all_classes():
        generator = clip_generator(moving_shape, purpose="test", index=0, seed=0)
        digest.update(render_clip(moving_shape, generator).frames.tobytes())
    assert digest.hexdigest()[:16] == "e1e43311473dc07e"


def test_one_frame_is_refused() -> None:
    moving_shape = all_classes()[0]
    with pytest.raises(ValueError, match="n_frames is 1, but motion needs at least 2"):
        render_clip(moving_shape, clip_generator(moving_shape, purpose="test", index=0, seed=0), n_frames=1)


def test_other_colours_change_the_shape_and_neither_its_way_nor_the_background() -> None:
    moving_shape = MovingShape("red", "square", "top")
    clips = [
        render_clip(moving_shape, clip_generator(moving_shape, purpose="test", index=0, seed=0), colours=colours)
        for colours in (COLOURS, {**COLOURS, "red": (250, 50, 250), "blue": (0, 0, 0)})
    ]
    np.testing.assert_array_equal(clips[0].centres_px, clips[1].centres_px)
    change = clips[1].frames.astype(int) - clips[0].frames
    assert (change[..., 1] == 0).all()
    assert (change[..., 0] >= 0).all()
    assert 0 < (change[..., 2] > 0).mean() < 0.5
