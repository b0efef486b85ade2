"""Positions of crops in a frame: arithmetic in pixels only."""

from __future__ import annotations

import math

import torch


def random_part(
    height: int, width: int, scale: tuple[float, float], generator: torch.Generator
) -> tuple[int, int, int, int]:
    """A random crop of a frame, as in Inception's training: of random area, shape and position.

    Args:
        height: Of the frame, in pixels.
        width: Of the frame, in pixels.
        scale: Smallest and largest fraction of the area.
        generator: The source of randomness.

    Returns:
        Top, left, height and width in pixels. The aspect ratio is 3:4 to 4:3, uniform in its logarithm. If ten draws do
        not fit into the frame, the crop is the largest centred one with the closest allowed aspect ratio.
    """
    lowest, highest = 3 / 4, 4 / 3
    for _ in range(10):
        share, shape = torch.rand(2, generator=generator, dtype=torch.float64).tolist()
        area = height * width * (scale[0] + share * (scale[1] - scale[0]))
        aspect = lowest * (highest / lowest) ** shape
        part_h, part_w = round(math.sqrt(area / aspect)), round(math.sqrt(area * aspect))
        if 0 < part_h <= height and 0 < part_w <= width:
            y = int(torch.randint(height - part_h + 1, (), generator=generator))
            x = int(torch.randint(width - part_w + 1, (), generator=generator))
            return y, x, part_h, part_w
    aspect = min(max(width / height, lowest), highest)
    part_h, part_w = max(1, min(height, round(width / aspect))), max(1, min(width, round(height * aspect)))
    return (height - part_h) // 2, (width - part_w) // 2, part_h, part_w


def random_part_either_way(
    height: int, width: int, area: tuple[float, float], generator: torch.Generator
) -> tuple[int, int, int, int]:
    """A random crop of a frame, as ActionCLIP and BIKE draw it in training.

    Args:
        height: Of the frame, in pixels.
        width: Of the frame, in pixels.
        area: Smallest and largest fraction of the area.
        generator: The source of randomness.

    Returns:
        Top, left, height and width in pixels. The aspect ratio is 3:4 to 4:3, uniform, and in half of the draws height
        and width change places. If ten draws do not fit into the frame, the crop is its largest square, anywhere.
    """
    for _ in range(10):
        share, shape, turn = torch.rand(3, generator=generator, dtype=torch.float64).tolist()
        pixels = height * width * (area[0] + share * (area[1] - area[0]))
        aspect = 3 / 4 + shape * (4 / 3 - 3 / 4)
        part_w, part_h = round(math.sqrt(pixels * aspect)), round(math.sqrt(pixels / aspect))
        if turn < 0.5:
            part_w, part_h = part_h, part_w
        if 0 < part_h <= height and 0 < part_w <= width:
            return *_anywhere(height - part_h, width - part_w, generator), part_h, part_w
    side = min(height, width)
    return *_anywhere(height - side, width - side, generator), side, side


def _anywhere(spare_y: int, spare_x: int, generator: torch.Generator) -> tuple[int, int]:
    y, x = (int(torch.randint(spare + 1, (), generator=generator)) for spare in (spare_y, spare_x))
    return y, x


def crop_corners(height: int, width: int, size: int, n_crops: int) -> list[tuple[int, int]]:
    """Positions of square crops in a frame.

    Args:
        height: Of the frame, in pixels.
        width: Of the frame, in pixels.
        size: Side of a square, in pixels.
        n_crops: 1, 3, 5 or 9, as in `MultiRateViews`.

    Returns:
        Top and left of each crop, in pixels.
    """
    ends = [(along, across) for along in (0.0, 1.0) for across in (0.0, 1.0)]
    three = [(0.0, 0.5), (0.5, 0.5), (1.0, 0.5)]
    places = [(0.5, 0.5)] if n_crops == 1 else [*three, (0.5, 0.0), (0.5, 1.0), *ends][:n_crops]
    in_frame = [(along, across) if height > width else (across, along) for along, across in places]
    return [(round(y * (height - size)), round(x * (width - size))) for y, x in in_frame]
