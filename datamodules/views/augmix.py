"""AugMix: mixes each image with three chains of random operations on it, for all images of a batch at once.

Hendrycks et al. 2020, "AugMix: A Simple Data Processing Method to Improve Robustness and Uncertainty", with the nine
operations of its code that are not among the corruptions of its test set: mix * x + (1 - mix) * sum_i w_i chain_i(x),
with w from Dirichlet(1, 1, 1), mix from Beta(1, 1), and one to three operations in each of the three chains. Drawn
from the four photometric operations alone (`"photometric"`, ours), they change colours and leave every pixel in place.

Random numbers are drawn on the CPU, so that a seed gives the same views on every device; the pixels stay on their
device. Operations return integers, rounded down as in Pillow. Departure: test-time prompt tuning (Shu et al. 2022)
mixes normalized images; normalization is linear, so ours differs only by the rounding of the result to uint8.
Positions are computed in float32: a pixel may differ from Pillow's by one level.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Literal

import torch
from torch import Tensor
from torch.nn.functional import grid_sample, pad
from torchvision.transforms.v2 import functional

N_CHAINS = 3
N_STEPS = 3  # operations in the longest chain
OPERATIONS = (
    "autocontrast",
    "equalize",
    "posterize",
    "rotate",
    "solarize",
    "shear_x",
    "shear_y",
    "translate_x",
    "translate_y",
)
_GEOMETRIC = ("rotate", "shear_x", "shear_y", "translate_x", "translate_y")
AugMixOperations = Literal["all", "photometric"]
"""Which operations are drawn: all of `OPERATIONS`, or those that change colours and move nothing."""
_DRAWN: dict[AugMixOperations, tuple[int, ...]] = {
    "all": tuple(range(len(OPERATIONS))),
    "photometric": tuple(i for i, name in enumerate(OPERATIONS) if name not in _GEOMETRIC),
}
# Pixels processed at a time, which bounds memory without changing the result: 8 images of 224 px on the CPU, where that
# is fastest, and 128 on a GPU (about 0.5 GB), which keeps it busy.
_CHUNK_PX_CPU = 8 * 224**2
_CHUNK_PX_GPU = 128 * 224**2
# Interpolation in float32 can return slightly less than an integer, which must not be rounded down.
_ROUNDING = 1 / 64


@dataclass(frozen=True)
class AugMixDraws:
    """The random numbers of N images, on the CPU.

    Attributes:
        weights: float32 [N, 3], weight of each chain; they sum to 1.
        mix: float32 [N], weight of the unchanged image.
        depths: int64 [N, 3], number of operations of each chain; 0 leaves the image unchanged.
        operations: int64 [N, 3, 3], operations of each chain in order, as indices into `OPERATIONS`.
        levels: float64 [N, 3, 3], the strength of each operation, from 0.1 to the severity.
        signs: float64 [N, 3, 3], 1 or -1, the direction of those operations that have one.
    """

    weights: Tensor
    mix: Tensor
    depths: Tensor
    operations: Tensor
    levels: Tensor
    signs: Tensor

    def __len__(self) -> int:
        """N."""
        return len(self.mix)

    def __getitem__(self, chosen: slice) -> AugMixDraws:
        """The draws of some of the images."""
        return AugMixDraws(*(getattr(self, field.name)[chosen] for field in fields(self)))

    def repeated(self, times: int) -> AugMixDraws:
        """Each draw `times` times in a row, for clips whose frames are all changed in the same way."""
        return AugMixDraws(*(getattr(self, field.name).repeat_interleave(times, dim=0) for field in fields(self)))

    @staticmethod
    def concatenated(parts: Sequence[AugMixDraws]) -> AugMixDraws:
        """The draws of all parts, in order."""
        return AugMixDraws(*(torch.cat([getattr(part, field.name) for part in parts]) for field in fields(AugMixDraws)))


def draw_augmix(
    n: int, *, severity: int = 1, operations: AugMixOperations = "all", generator: torch.Generator
) -> AugMixDraws:
    """Draws the random numbers of AugMix.

    Args:
        n: N, the number of images.
        severity: The highest level of an operation, 1 to 10.
        operations: Which are drawn, each with the same probability.
        generator: The source of randomness, on the CPU.

    Returns:
        The draws of N images.

    Raises:
        ValueError: `severity` is out of range.
    """
    check_severity(severity)
    shape = (n, N_CHAINS, N_STEPS)
    drawn = torch.tensor(_DRAWN[operations])
    # Exponential numbers divided by their sum follow Dirichlet(1, 1, 1); Beta(1, 1) is uniform.
    shares = torch.empty(n, N_CHAINS).exponential_(generator=generator)
    return AugMixDraws(
        weights=shares / shares.sum(dim=1, keepdim=True),
        mix=torch.rand(n, generator=generator),
        depths=torch.randint(1, N_STEPS + 1, (n, N_CHAINS), generator=generator),
        operations=drawn[torch.randint(len(drawn), shape, generator=generator)],
        levels=0.1 + (severity - 0.1) * torch.rand(shape, generator=generator, dtype=torch.float64),
        signs=2.0 * torch.randint(2, shape, generator=generator).double() - 1,
    )


def check_severity(severity: int) -> None:
    """Checks that the operations are defined for a severity.

    Raises:
        ValueError: It is below 1 or above 10.
    """
    if not 1 <= severity <= 10:
        raise ValueError(f"the severity of AugMix goes from 1 to 10; got {severity}")


def augmix(frames: Tensor, draws: AugMixDraws) -> Tensor:
    """Changes each image by its own draws.

    Args:
        frames: uint8 [N, 3, H, W], on any device.
        draws: The draws of the N images.

    Returns:
        uint8 [N, 3, H, W]; each image depends only on its own pixels and draws.

    Raises:
        ValueError: The layout is wrong, or the number of draws differs from that of images.
    """
    if frames.ndim != 4 or frames.shape[1] != 3 or frames.dtype != torch.uint8:
        raise ValueError(f"frames must be uint8 [N, 3, H, W]; got {frames.dtype} {list(frames.shape)}")
    if len(draws) != len(frames):
        raise ValueError(f"{len(frames)} images but draws for {len(draws)}; draw the same number")
    mixed = torch.empty(frames.shape, dtype=torch.uint8, device=frames.device)
    at_a_time_px = _CHUNK_PX_CPU if frames.device.type == "cpu" else _CHUNK_PX_GPU
    at_a_time = max(1, at_a_time_px // (frames.shape[-2] * frames.shape[-1]))
    for begin in range(0, len(frames), at_a_time):
        chunk = slice(begin, begin + at_a_time)
        mixed[chunk] = _mixed(frames[chunk], draws[chunk])
    return mixed


def _mixed(frames: Tensor, draws: AugMixDraws) -> Tensor:
    chains = frames.repeat_interleave(N_CHAINS, dim=0)
    depths = draws.depths.flatten()
    for step in range(N_STEPS):
        operations, levels, signs = (
            part[..., step].flatten() for part in (draws.operations, draws.levels, draws.signs)
        )
        # -1 where the chain has ended.
        _apply(chains, torch.where(depths > step, operations, -1), levels, signs)
    mix = draws.mix.to(frames.device)[:, None, None, None]
    weights = draws.weights.to(frames.device)[..., None, None, None]
    per_image = chains.unflatten(0, (-1, N_CHAINS))
    mixed = frames * mix
    for i in range(N_CHAINS):
        mixed.addcmul_(per_image[:, i].float(), weights[:, i] * (1 - mix))
    return mixed.round_().clamp_(0, 255).to(torch.uint8)


def _apply(images: Tensor, operations: Tensor, levels: Tensor, signs: Tensor) -> None:
    """Applies one operation to each image, in place; the last three [N], on the CPU."""
    where = {name: (operations == i).nonzero().flatten() for i, name in enumerate(OPERATIONS)}
    geometric = torch.cat([where.pop(name) for name in _GEOMETRIC])
    for name, chosen in where.items():
        if len(chosen):
            rows = chosen.to(images.device)
            images.index_copy_(0, rows, _recoloured(images[rows], name, levels[chosen]))
    matrices = _matrices(operations[geometric], levels[geometric], signs[geometric], images.shape[-2:])
    if images.device.type == "cpu":  # on a GPU, one call for all images is faster than one for each of these
        whole = _by_whole_px(matrices)
        for row, (dx, dy) in zip(geometric[whole].tolist(), matrices[whole, :, 2].long().tolist(), strict=True):
            images[row] = _shifted(images[row], dy, dx)
        geometric, matrices = geometric[~whole], matrices[~whole]
    if len(geometric):
        rows = geometric.to(images.device)
        images.index_copy_(0, rows, _moved(images[rows], matrices))


def _recoloured(images: Tensor, name: str, levels: Tensor) -> Tensor:
    """One colour operation, for images [N, 3, H, W] with levels [N]."""
    changed: Tensor
    if name == "autocontrast":
        changed = functional.autocontrast(images)
    elif name == "equalize":
        changed = functional.equalize(images)
    elif name == "posterize":
        n_dropped_bits = 4 + (levels * 4 / 10).long()
        mask = (256 - 2**n_dropped_bits).to(torch.uint8).to(images.device)
        changed = images & mask[:, None, None, None]
    else:  # solarize
        threshold = 256 - (levels * 256 / 10).long()
        threshold = threshold.to(torch.int16).to(images.device)[:, None, None, None]
        changed = torch.where(images < threshold, images, 255 - images)
    return changed


def _matrices(operations: Tensor, levels: Tensor, signs: Tensor, size_px: Sequence[int]) -> Tensor:
    """Source position of each pixel: float64 [N, 2, 3], applied to (x, y, 1) in pixels from the top left corner."""
    height, width = size_px
    matrices = torch.eye(2, 3, dtype=torch.float64).repeat(len(operations), 1, 1)
    selected = {name: operations == OPERATIONS.index(name) for name in _GEOMETRIC}

    angles = torch.deg2rad(signs * (levels * 30 / 10).floor())[selected["rotate"]]
    cosines, sines = angles.cos(), angles.sin()
    centre_x, centre_y = width / 2, height / 2
    along_x = torch.stack([cosines, -sines, centre_x - cosines * centre_x + sines * centre_y], dim=1)
    along_y = torch.stack([sines, cosines, centre_y - sines * centre_x - cosines * centre_y], dim=1)
    matrices[selected["rotate"]] = torch.stack([along_x, along_y], dim=1)

    shear = signs * levels * 0.3 / 10
    matrices[selected["shear_x"], 0, 1] = shear[selected["shear_x"]]
    matrices[selected["shear_y"], 1, 0] = shear[selected["shear_y"]]
    for name, row, side in (("translate_x", 0, width), ("translate_y", 1, height)):
        moves = signs * (levels * (side / 3) / 10).floor()
        matrices[selected[name], row, 2] = moves[selected[name]]
    return matrices


def _by_whole_px(matrices: Tensor) -> Tensor:
    """Whether positions are moved by whole pixels alone, as by each translation and by a rotation by 0: bool [N]."""
    is_shift = (matrices[..., :2] == torch.eye(2, dtype=matrices.dtype)).all(dim=(1, 2))
    return is_shift & (matrices[..., 2] == matrices[..., 2].round()).all(dim=1)


def _shifted(image: Tensor, dy: int, dx: int) -> Tensor:
    """What `_moved` makes of [3, H, W] whose source lies `dy` and `dx` pixels further down and right."""
    height, width = image.shape[-2:]
    left, right, top, bottom = max(0, dx), max(0, -dx), max(0, dy), max(0, -dy)
    if max(left, right) >= width or max(top, bottom) >= height:
        return torch.zeros_like(image)
    return pad(image[:, top : height - bottom, left : width - right], (right, left, bottom, top))


def _moved(images: Tensor, matrices: Tensor) -> Tensor:
    """Bilinear interpolation at the positions of `_matrices`; black outside the image."""
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
