"""Tests of `moved_images`: places by hand, and whole pixels as interpolation moves them."""

import pytest
import torch
from torch import Tensor

from zsar.datamodules.views.mixing import moved_images
from zsar.datamodules.views.mixing.moved_images import moved


def noise(height: int, width: int) -> Tensor:
    """uint8 [3, H, W]."""
    return torch.randint(256, (3, height, width), generator=torch.Generator().manual_seed(0), dtype=torch.uint8)


def shifts(moves: Tensor) -> Tensor:
    """The matrices float64 [N, 2, 3] of moves [N, 2], down and right."""
    matrices = torch.eye(2, 3, dtype=torch.float64).repeat(len(moves), 1, 1)
    matrices[:, :, 2] = moves.flip(1)
    return matrices


def test_a_pixel_comes_from_the_place_that_its_matrix_names() -> None:
    row = torch.tensor([10, 20, 30, 40], dtype=torch.uint8).expand(3, 3, 3, 4)
    by_one, by_half, mirrored = shifts(torch.tensor([[0.0, 1.0], [0.0, 0.5], [0.0, 0.0]]))
    mirrored[0] = torch.tensor([-1.0, 0.0, 4.0])
    changed = moved(row, torch.stack([by_one, by_half, mirrored]))
    # The last centre lies on the edge of the picture, which is outside.
    assert changed[:, 0, 0].tolist() == [[20, 30, 40, 0], [15, 25, 35, 0], [40, 30, 20, 10]]


def test_a_move_by_whole_pixels_is_what_interpolation_makes_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    sides = (torch.tensor([-size - 1, -size, 1 - size, -2, -1, 0, 1, 9, size - 1, size]) for size in (24, 33))
    matrices = shifts(torch.cartesian_prod(*sides))
    images = noise(24, 33).expand(len(matrices), -1, -1, -1)
    copied = moved(images, matrices)
    monkeypatch.setattr(moved_images, "_by_whole_px", lambda given: torch.zeros(len(given), dtype=torch.bool))
    assert torch.equal(copied, moved(images, matrices))
    matrices[::2, 0, 2] += 0.25
    interpolated = moved(images, matrices)
    monkeypatch.undo()
    assert torch.equal(moved(images, matrices), interpolated)
