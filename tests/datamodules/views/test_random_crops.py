"""Tests of `random_crops`: sizes, shapes and places of training crops."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor
from torchvision.transforms.v2 import InterpolationMode, functional

from zsar.datamodules.views.random_crops import AreaCrop, MultiScaleCrop, ShortSideCrop


def coordinates(height: int, width: int) -> Tensor:
    """uint8 [1, 3, H, W]: each pixel holds its row, its column and 0."""
    rows, columns = torch.meshgrid(torch.arange(height), torch.arange(width), indexing="ij")
    return torch.stack([rows, columns, torch.zeros_like(rows)]).to(torch.uint8)[None]


def test_crops_have_the_listed_sizes_and_places(monkeypatch: pytest.MonkeyPatch) -> None:
    crop = MultiScaleCrop(10, scales=(1.0, 0.5))
    seen = set()
    monkeypatch.setattr("zsar.datamodules.views.random_crops.resized", lambda frames, size, interpolation: frames)
    torch.manual_seed(0)
    for _ in range(800):
        frames = crop(coordinates(8, 12))
        seen.add((frames.shape[-2], frames.shape[-1], int(frames[0, 0, 0, 0]), int(frames[0, 1, 0, 0])))
    # Of 8 rows and 12 columns a crop of 4 x 4 leaves 4 and 8: quarters of 1 and 2 pixels.
    thirteen = {(0, 0), (0, 4), (0, 8), (2, 0), (2, 4), (2, 8), (4, 0), (4, 4), (4, 8), (1, 2), (1, 6), (3, 2), (3, 6)}
    assert {(y, x) for h, w, y, x in seen if (h, w) == (4, 4)} == thirteen
    assert {(h, w) for h, w, _, _ in seen} == {(8, 8), (8, 4), (4, 8), (4, 4)}
    assert {(y, x) for h, w, y, x in seen if (h, w) == (8, 8)} == {(0, x) for x in (0, 1, 2, 3, 4)}


def test_height_and_width_are_at_most_one_scale_apart() -> None:
    scales = (1.0, 0.875, 0.75, 0.66)
    shapes = MultiScaleCrop(224, scales=scales).shapes
    assert len(shapes) == len(set(shapes)) == 10
    assert (1.0, 0.875) in shapes
    assert (0.66, 0.66) in shapes
    assert (1.0, 0.75) not in shapes


def test_an_area_crop_is_cut_from_the_frame_resized_to_256_of_224() -> None:
    """The whole area of a square frame is the frame itself, whatever else is drawn."""
    frames = torch.randint(256, (2, 3, 48, 48), dtype=torch.uint8)
    crop = AreaCrop(28, area=(1.0, 1.0))
    first = functional.resize(frames, [32], InterpolationMode.BICUBIC, antialias=True)
    whole = functional.resize(first, [28, 28], InterpolationMode.BILINEAR, antialias=True)
    made = [crop(frames) for _ in range(30)]
    assert any(torch.equal(cropped, whole) for cropped in made)


def test_an_area_crop_is_the_same_for_all_parts_of_a_clip() -> None:
    frames = torch.randint(256, (1, 3, 40, 60), dtype=torch.uint8).expand(6, -1, -1, -1)
    crop = AreaCrop(28, area=(0.08, 1.0)).drawn()
    parts = torch.cat([crop(part) for part in frames.split(4)])
    assert parts.shape == (6, 3, 28, 28)
    assert torch.equal(parts, parts[:1].expand_as(parts))


# --- a square of a frame of random size -------------------------------------------------------------------------------


def test_of_a_short_side_of_the_squares_size_only_the_place_is_random() -> None:
    frames = coordinates(32, 60)
    crop = ShortSideCrop(32, short_side=(1.0, 1.0))
    lefts = set()
    for _ in range(300):
        cut = crop(frames)
        left = int(cut[0, 1, 0, 0])
        assert torch.equal(cut, frames[..., left : left + 32])
        lefts.add(left)
    assert lefts == set(range(29))  # the last place, 28, too


def test_the_short_side_is_drawn_between_both_multiples() -> None:
    """Of a frame of 100 px resized to 32 to 64 px, a square of 32 px shows all to half of it."""
    frames = coordinates(100, 100)
    crop = ShortSideCrop(32, short_side=(1, 2))
    shown = [int(cut[0, 0, -1, 0]) - int(cut[0, 0, 0, 0]) for cut in map(crop, [frames] * 200)]
    assert 46 <= min(shown) < 55
    assert 90 < max(shown) <= 99


def test_all_frames_of_a_clip_are_cut_alike_and_seeds_repeat_it() -> None:
    frames = coordinates(50, 70).expand(3, -1, -1, -1)
    crop = ShortSideCrop(32, short_side=(1.0, 1.2))
    torch.manual_seed(5)
    cut = crop(frames)
    assert cut.shape == (3, 3, 32, 32)
    assert all(torch.equal(frame, cut[0]) for frame in cut)
    torch.manual_seed(5)
    assert torch.equal(crop(frames), cut)


@pytest.mark.parametrize("short_side", [(0.9, 1.0), (1.2, 1.1)])
def test_short_sides_that_would_not_fit_are_refused(short_side: tuple[float, float]) -> None:
    with pytest.raises(ValueError, match="two multiples of the frame's size, 1 or more"):
        ShortSideCrop(32, short_side=short_side)
