"""Images whose pixels are moved: bilinear at given places, black outside, rounded down as in Pillow."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import grid_sample, pad

# Interpolation in float32 can return slightly less than an integer, which must not be rounded down.
_ROUNDING = 1 / 64


def moved(images: Tensor, matrices: Tensor) -> Tensor:
    """Takes each pixel of an image from another place in it.

    On the CPU images that are moved by whole pixels alone, as by each translation of AugMix, are copied: in less time,
    with the same bits. On a GPU one call for all images is faster than one for each of these.

    Args:
        images: uint8 [N, 3, H, W], on any device.
        matrices: float64 [N, 2, 3] on the CPU: the source of a pixel's centre (x, y, 1), in pixels from the top left
            corner.

    Returns:
        uint8 [N, 3, H, W], 0 where the source lies outside.
    """
    whole = _by_whole_px(matrices) if images.device.type == "cpu" else torch.zeros(len(images), dtype=torch.bool)
    if not whole.any():
        return _interpolated(images, matrices)
    changed = torch.empty_like(images)
    if not whole.all():
        changed[~whole] = _interpolated(images[~whole], matrices[~whole])
    for row in whole.nonzero().flatten().tolist():
        dx, dy = matrices[row, :, 2].long().tolist()
        changed[row] = _shifted(images[row], dy, dx)
    return changed


def _by_whole_px(matrices: Tensor) -> Tensor:
    """Whether positions are moved by whole pixels alone, as by a translation or a rotation by 0: bool [N]."""
    is_shift = (matrices[..., :2] == torch.eye(2, dtype=matrices.dtype)).all(dim=(1, 2))
    return is_shift & (matrices[..., 2] == matrices[..., 2].round()).all(dim=1)


def _shifted(image: Tensor, dy: int, dx: int) -> Tensor:
    """[3, H, W] whose source lies `dy` and `dx` pixels further down and right."""
    height, width = image.shape[-2:]
    left, right, top, bottom = max(0, dx), max(0, -dx), max(0, dy), max(0, -dy)
    if max(left, right) >= width or max(top, bottom) >= height:
        return torch.zeros_like(image)
    return pad(image[:, top : height - bottom, left : width - right], (right, left, bottom, top))


def _interpolated(images: Tensor, matrices: Tensor) -> Tensor:
    height, width = images.shape[-2:]
    (a, b, c), (d, e, f) = (
        row.unbind(1) for row in matrices.float().to(images.device)[..., None, None].unbind(1)
    )  # each [N, 1, 1]
    y = torch.arange(height, device=images.device)[:, None] + 0.5
    x = torch.arange(width, device=images.device) + 0.5
    from_x, from_y = a * x + b * y + c, d * x + e * y + f
    inside = (from_x >= 0).logical_and_(from_x < width).logical_and_(from_y >= 0).logical_and_(from_y < height)
    grid = torch.empty(*from_x.shape, 2, device=images.device)
    grid[..., 0] = from_x.mul_(2 / width).sub_(1)
    grid[..., 1] = from_y.mul_(2 / height).sub_(1)
    # Pillow repeats the edge pixels within the outermost half pixel; beyond it there is nothing.
    values = grid_sample(images.float(), grid, padding_mode="border", align_corners=False)
    return values.add_(_ROUNDING).mul_(inside[:, None].float()).clamp_(0, 255).to(torch.uint8)
