"""Tests of `transforms`: sizes, places, and one draw for a whole clip."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor
from torchvision.transforms import v2

from zsar.datamodules.views.transforms import RandomShift, TestTransform, TrainTransform

QUIET: dict[str, Any] = {"flip": 0.0, "scales": (1.0,), "colour_jitter": 0.0, "grey": 0.0}


def still_clip(height: int, width: int, n_frames: int = 4) -> Tensor:
    """uint8 [T, 3, H, W]: the same random picture in every frame."""
    picture = torch.randint(256, (3, height, width), generator=torch.Generator().manual_seed(0), dtype=torch.uint8)
    return picture.expand(n_frames, 3, height, width).clone()


def coordinates(height: int, width: int) -> Tensor:
    """uint8 [1, 3, H, W]: each pixel holds its row, its column and 0."""
    rows, columns = torch.meshgrid(torch.arange(height), torch.arange(width), indexing="ij")
    return torch.stack([rows, columns, torch.zeros_like(rows)]).to(torch.uint8)[None]


@pytest.mark.parametrize(
    "transform",
    [
        TrainTransform(32),
        TrainTransform(32, colour_jitter=1.0, grey=0.0),
        TrainTransform(32, colour_jitter=0.0, grey=0.5),
        TrainTransform(32, **(QUIET | {"flip": 0.5})),
        TrainTransform(32, **QUIET, shift_px=5),
        TrainTransform(32, **(QUIET | {"scales": (1.0, 0.875, 0.75, 0.66)})),
        TrainTransform(32, **QUIET, area=(0.08, 1.0)),
    ],
    ids=["all", "colour jitter", "grey", "flip", "shift", "crop", "area"],
)
def test_randomness_is_drawn_once_for_a_clip(transform: TrainTransform) -> None:
    torch.manual_seed(0)
    clip = still_clip(40, 56)
    outcomes = [transform(clip) for _ in range(20)]
    for frames in outcomes:
        assert frames.shape == (4, 3, 32, 32)
        assert frames.dtype == torch.uint8
        assert torch.equal(frames, frames[:1].expand_as(frames))
    assert any(not torch.equal(frames, outcomes[0]) for frames in outcomes)


@pytest.mark.parametrize(
    "step",
    [v2.RandomHorizontalFlip(0.5), v2.RandomGrayscale(0.5), v2.ColorJitter(0.4, 0.4, 0.2, 0.1),
     v2.RandomApply([v2.ColorJitter(0.4)], p=0.5)],
    ids=lambda step: type(step).__name__,
)  # fmt: skip
def test_torchvision_draws_once_for_a_clip(step: torch.nn.Module) -> None:
    torch.manual_seed(0)
    for _ in range(10):
        frames = step(still_clip(8, 8))
        assert torch.equal(frames, frames[:1].expand_as(frames))


def test_the_same_seed_gives_the_same_clip_and_the_input_stays_as_it_is() -> None:
    clip = still_clip(40, 56)
    before = clip.clone()
    outcomes = []
    for _ in range(2):
        torch.manual_seed(3)
        outcomes.append(TrainTransform(32, shift_px=2)(clip))
    assert torch.equal(outcomes[0], outcomes[1])
    assert torch.equal(clip, before)


def test_everything_turned_off_changes_nothing_at_the_wanted_size() -> None:
    clip = still_clip(32, 32)
    assert torch.equal(TrainTransform(32, **QUIET)(clip), clip)


def test_a_shift_moves_whole_pixels_and_repeats_the_edge(monkeypatch: pytest.MonkeyPatch) -> None:
    draws = iter([3 + 1, 3 - 2])  # one down, two to the left
    monkeypatch.setattr("zsar.datamodules.views.transforms.draw_below", lambda n: next(draws))
    shifted = RandomShift(3)(coordinates(4, 5))
    assert shifted[0, 0, :, 0].tolist() == [0, 0, 1, 2]
    assert shifted[0, 1, 0].tolist() == [2, 3, 4, 4, 4]


def test_shifts_reach_their_limits_and_no_further() -> None:
    torch.manual_seed(0)
    transform = TrainTransform(16, **QUIET, shift_px=3)
    corners = {tuple(transform(coordinates(16, 16))[0, :2, 8, 8].tolist()) for _ in range(1000)}
    assert corners == {(8 + dy, 8 + dx) for dy in range(-3, 4) for dx in range(-3, 4)}


def test_a_flip_mirrors_left_and_right() -> None:
    clip = still_clip(32, 32)
    assert torch.equal(TrainTransform(32, **(QUIET | {"flip": 1.0}))(clip), clip.flip(3))


def test_grey_frames_have_three_equal_channels() -> None:
    frames = TrainTransform(32, **(QUIET | {"grey": 1.0}))(still_clip(32, 32))
    assert torch.equal(frames, frames[:, :1].expand_as(frames))


def test_the_centre_crop_is_taken_from_the_resized_frame() -> None:
    frames = TestTransform(8, resize_ratio=1.0)(coordinates(8, 14))
    assert frames.shape == (1, 1, 3, 8, 8)
    assert torch.equal(frames[0], coordinates(8, 14)[..., 3:11])
    oracle = v2.Compose([v2.Resize(256, v2.InterpolationMode.BICUBIC, antialias=True), v2.CenterCrop(224)])
    clip = still_clip(240, 320, n_frames=2)
    assert torch.equal(TestTransform(224)(clip)[0], oracle(clip))


def test_a_squashed_frame_shows_all_columns_in_both_halves() -> None:
    """A picture of 8 x 32, left half 0 and right half 200: squashed to 8 x 8, columns 0-3 are dark and 4-7 bright."""
    halves = torch.cat([torch.zeros(1, 3, 8, 16), torch.full((1, 3, 8, 16), 200.0)], dim=-1).byte()
    squashed = TestTransform(8, geometry="squash", interpolation="bilinear")(halves)
    assert squashed.shape == (1, 1, 3, 8, 8)
    assert squashed[0, 0, 0, 4].tolist() == [0, 0, 0, 25, 175, 200, 200, 200]  # a triangle of 4 columns to each side


@pytest.mark.parametrize("interpolation", ["bilinear", "bicubic"])
@pytest.mark.parametrize(("height", "width"), [(20, 30), (48, 32), (32, 32), (7, 90)])
def test_a_squash_is_the_plain_resizing_of_both_sides(interpolation: str, height: int, width: int) -> None:
    clip = still_clip(height, width)
    oracle = v2.Resize([32, 32], v2.InterpolationMode(interpolation), antialias=True)
    assert torch.equal(TestTransform(32, geometry="squash", interpolation=interpolation)(clip)[0], oracle(clip))


@pytest.mark.parametrize("portrait", [False, True])
def test_three_crops_lie_along_the_long_side(portrait: bool) -> None:
    clip = coordinates(14, 8) if portrait else coordinates(8, 14)
    frames = TestTransform(8, n_crops=3, resize_ratio=1.0)(clip)
    assert frames.shape == (3, 1, 3, 8, 8)
    along, across = (0, 1) if portrait else (1, 0)
    assert frames[:, 0, along, 0, 0].tolist() == [0, 3, 6]
    assert frames[:, 0, across, 0, 0].tolist() == [0, 0, 0]


def test_frames_of_the_wanted_size_are_not_resampled_for_the_test() -> None:
    clip = still_clip(32, 32)
    assert torch.equal(TestTransform(32)(clip), clip[None])
    assert torch.equal(TestTransform(32, n_crops=3)(clip), clip.expand(3, *clip.shape))


def test_frames_smaller_than_wanted_are_enlarged() -> None:
    assert TestTransform(64, n_crops=3)(still_clip(20, 30)).shape == (3, 4, 3, 64, 64)
    assert TrainTransform(64)(still_clip(20, 30)).shape == (4, 3, 64, 64)


def test_shrinking_averages_instead_of_picking_pixels() -> None:
    stripes = torch.zeros(1, 3, 64, 64, dtype=torch.uint8)
    stripes[..., ::2] = 200
    small = TestTransform(16, resize_ratio=1.0)(stripes)
    torch.testing.assert_close(small[..., 2:-2].float(), torch.full((1, 1, 3, 16, 12), 100.0), atol=4, rtol=0)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"flip": 1.5}, "flip is a probability"),
        ({"grey": -0.1}, "grey is a probability"),
        ({"scales": ()}, "scales must lie between"),
        ({"scales": (1.0, 1.2)}, "scales must lie between"),
        ({"area": (0.0, 1.0)}, r"area must be two shares above 0 and up to 1, the smaller first; got \[0.0, 1.0\]"),
        ({"area": (0.5, 0.2)}, "the smaller first"),
        ({"shift_px": -1}, "at least 1; got -1"),
        ({"image_size": 0}, "at least 1; got 0"),
        ({"interpolation": "sharp"}, "sharp"),
    ],
)
def test_impossible_training_settings_are_refused(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        TrainTransform(**({"image_size": 32} | settings))


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"n_crops": 0}, "n_crops must be at least 1; got 0"),
        ({"resize_ratio": 0.5}, "at least 1, or the crop"),
        ({"geometry": "pad"}, "geometry must be one of squash, crop; got 'pad'"),
        ({"geometry": "squash", "n_crops": 3}, "n_crops is 3, but the geometry squash crops nothing"),
        ({"geometry": "squash", "resize_ratio": 1.25}, "resize_ratio is 1.25, but the geometry squash crops nothing"),
    ],
)
def test_impossible_test_settings_are_refused(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        TestTransform(32, **settings)


@pytest.mark.parametrize("frames", [torch.zeros(4, 3, 8, 8), torch.zeros(4, 8, 8, 3, dtype=torch.uint8)])
def test_other_layouts_are_refused(frames: Tensor) -> None:
    for transform in (TrainTransform(8), TestTransform(8)):
        with pytest.raises(ValueError, match=r"frames must be uint8 \[T, 3, H, W\]; got"):
            transform(frames)


def test_crops_lie_at_equal_distances_from_end_to_end() -> None:
    clip = torch.arange(14, dtype=torch.uint8).expand(1, 3, 8, 14).contiguous()
    first_columns = {n: TestTransform(8, n_crops=n, resize_ratio=1.0)(clip)[:, 0, 0, 0, 0].tolist() for n in (1, 2, 4)}
    assert first_columns == {1: [3], 2: [0, 6], 4: [0, 2, 4, 6]}
