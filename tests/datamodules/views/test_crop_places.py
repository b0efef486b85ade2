import pytest
import torch

from zsar.datamodules.views.crop_places import crop_corners, random_part, random_part_either_way


def test_crops_of_a_wide_frame_go_along_it_then_across_it_then_into_the_corners() -> None:
    corners = crop_corners(12, 30, 10, 9)
    assert corners[:3] == [(1, 0), (1, 10), (1, 20)]
    assert corners[3:5] == [(0, 10), (2, 10)]
    assert sorted(corners[5:]) == [(0, 0), (0, 20), (2, 0), (2, 20)]


@pytest.mark.parametrize("n_crops", [1, 3, 5])
def test_fewer_crops_are_the_first_of_more(n_crops: int) -> None:
    assert len(crop_corners(12, 30, 10, n_crops)) == n_crops
    if n_crops == 1:
        assert crop_corners(12, 30, 10, 1) == [(1, 10)]
    else:
        assert crop_corners(12, 30, 10, n_crops) == crop_corners(12, 30, 10, 9)[:n_crops]


def test_crops_of_a_tall_frame_go_along_its_height() -> None:
    assert crop_corners(30, 12, 10, 5) == [(0, 1), (10, 1), (20, 1), (10, 0), (10, 2)]


def test_random_parts_have_the_wanted_areas_and_shapes_and_lie_within_the_frame() -> None:
    generator = torch.Generator().manual_seed(0)
    parts = [random_part(120, 160, (0.2, 0.5), generator) for _ in range(500)]
    shares = torch.tensor([h * w / (120 * 160) for _, _, h, w in parts])
    shapes = torch.tensor([w / h for _, _, h, w in parts])
    assert 0.19 < shares.min() < 0.21
    assert 0.49 < shares.max() < 0.51
    assert abs(shares.mean() - 0.35) < 0.01
    assert 0.73 < shapes.min() < 0.77
    assert 1.29 < shapes.max() < 1.36
    assert abs(shapes.log().mean()) < 0.02
    assert all(y >= 0 and x >= 0 and y + h <= 120 and x + w <= 160 for y, x, h, w in parts)
    assert len({(y, x) for y, x, _, _ in parts}) > 400


@pytest.mark.parametrize(
    ("height", "width", "expected"),
    [(10, 100, (0, 44, 10, 13)), (100, 10, (44, 0, 13, 10)), (60, 60, (0, 0, 60, 60))],
)
def test_where_no_draw_fits_the_largest_part_in_the_centre_is_taken(
    height: int, width: int, expected: tuple[int, int, int, int]
) -> None:
    generator = torch.Generator().manual_seed(0)
    scale = (1.0, 1.0) if height != width else (1.5, 1.5)
    y, x, h, w = random_part(height, width, scale, generator)
    assert (h, w) == expected[2:]
    assert abs(y - expected[0]) <= 1
    assert abs(x - expected[1]) <= 1


def test_either_way_a_crop_is_as_often_upright_as_lying() -> None:
    generator = torch.Generator().manual_seed(0)
    parts = [random_part_either_way(120, 160, (0.2, 0.5), generator) for _ in range(500)]
    shares = torch.tensor([h * w / (120 * 160) for _, _, h, w in parts])
    shapes = torch.tensor([w / h for _, _, h, w in parts])
    assert 0.19 < shares.min() < 0.21
    assert 0.49 < shares.max() < 0.51
    assert 0.73 < shapes.min() < 0.77
    assert 1.29 < shapes.max() < 1.36
    assert abs((shapes > 1).float().mean() - 0.5) < 0.07
    assert all(y >= 0 and x >= 0 and y + h <= 120 and x + w <= 160 for y, x, h, w in parts)
    assert len({(y, x) for y, x, _, _ in parts}) > 400


def test_either_way_the_largest_square_is_taken_where_no_draw_fits() -> None:
    generator = torch.Generator().manual_seed(0)
    parts = [random_part_either_way(10, 100, (1.0, 1.0), generator) for _ in range(50)]
    assert {(h, w, y) for y, _, h, w in parts} == {(10, 10, 0)}
    assert len({x for _, x, _, _ in parts}) > 20
