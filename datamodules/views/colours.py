"""Colours of training clips: drawn for a clip where it is decoded, made there or on the device for a whole batch.

Jitter of brightness, contrast, saturation and hue in random order, then grey. The draws are torchvision's
(`v2.RandomApply([v2.ColorJitter(...)])` and `v2.RandomGrayscale`), number by number from torch's global generator, and
so are the functions, but for the hue, which is turned by fewer steps: in a quarter of the time on a CPU, and apart by
one level in at most one of 5,000 values. Draws travel with the frames, which stay uint8: a clip has the same changes
wherever they are made, with any number of workers and in a resumed run. On a GPU a level may differ by one from a
CPU's, because float32 is rounded in another order.

Departure from T2L's released code: drawn once a clip, not a frame (see `transforms`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import torch
from torch import Tensor, nn
from torchvision.transforms import v2
from torchvision.transforms.v2 import functional

from zsar.datamodules.batch import VideoBatch
from zsar.datamodules.choices.colour_changes import ColourChange, ColourChanges, ColourKind

# Strengths of brightness, contrast, saturation and hue: T2L, after ActionCLIP.
_JITTER = (0.4, 0.4, 0.2, 0.1)
_KINDS: tuple[ColourKind, ...] = ("brightness", "contrast", "saturation", "hue")  # as torchvision numbers them
_CHANGED: dict[ColourKind, Callable[[Tensor, float], Tensor]] = {
    "brightness": functional.adjust_brightness,
    "contrast": functional.adjust_contrast,
    "saturation": functional.adjust_saturation,
    "hue": lambda frames, turn: _turned(frames, turn),
    "grey": lambda frames, _: functional.rgb_to_grayscale(frames, num_output_channels=3),
}
_TO_LEVELS = 255.999 / 255  # torchvision's way back from [0, 1] to uint8, of values from 0 to 255


class RandomColours(nn.Module):
    """Changes the colours of a clip with a probability, and removes them with another."""

    def __init__(self, *, jitter: float, grey: float) -> None:
        """Stores the probabilities.

        Args:
            jitter: Of changing brightness, contrast, saturation and hue.
            grey: Of removing colour, after that.
        """
        super().__init__()
        self.jitter = jitter
        self.grey = grey
        self._strengths = v2.ColorJitter(*_JITTER)

    def forward(self, frames: Tensor) -> Tensor:
        """Changes uint8 [T, 3, H, W], all frames alike."""
        return recoloured(frames, self.drawn())

    def drawn(self) -> ColourChanges:
        """The changes of a clip, from torch's global generator; for a probability of 0 nothing is drawn."""
        changes: list[ColourChange] = []
        if self.jitter > 0 and torch.rand(1) < self.jitter:
            drawn = self._strengths.make_params([])
            order = [_KINDS[number] for number in drawn["fn_idx"].tolist()]
            changes += [ColourChange(kind, drawn[f"{kind}_factor"]) for kind in order]
        if self.grey > 0 and torch.rand(1) < self.grey:
            changes.append(ColourChange("grey"))
        return tuple(changes)


def recoloured(frames: Tensor, changes: ColourChanges) -> Tensor:
    """Changes the colours of a clip.

    Args:
        frames: uint8 [T, 3, H, W], on any device.
        changes: What is changed, in order.

    Returns:
        uint8 [T, 3, H, W], each frame for itself; `frames` if nothing is changed.
    """
    if not changes:
        return frames
    # On the CPU a frame at a time: what its steps write stays in the cache, which takes half the time of a whole clip.
    parts = frames.split(1) if frames.device.type == "cpu" else (frames,)
    return torch.cat([_in_order(part, changes) for part in parts])


def _in_order(frames: Tensor, changes: ColourChanges) -> Tensor:
    for kind, factor in changes:
        frames = _CHANGED[kind](frames, factor)
    return frames


def _turned(frames: Tensor, turn: float) -> Tensor:
    """Turns the hue of uint8 [T, 3, H, W] in the hexagon of HSV, as `functional.adjust_hue`.

    With the hue h in sixths of a turn, red is most - chroma * (1 - clamp(|h - 3| - 1)), green most - chroma *
    clamp(|h - 2| - 1) and blue most - chroma * clamp(|h - 4| - 1), where clamp limits to [0, 1]: no step chooses
    among values by masks, which is slow on a CPU.
    """
    levels = frames.float()
    red, green, blue = levels.unbind(-3)
    most = torch.maximum(torch.maximum(red, green), blue)
    chroma = most - torch.minimum(torch.minimum(red, green), blue)
    divisor = chroma.clamp(min=1)  # of grey, whose hue has no effect
    is_red, is_green = ((channel - most).add_(1).clamp_(min=0) for channel in (red, green))  # levels are integers
    hue = (red - green).div_(divisor).add_(4)
    hue.lerp_((blue - red).div_(divisor).add_(2), is_green).lerp_((green - blue).div_(divisor), is_red)
    hue.add_(6 * turn).remainder_(6)
    for channel, centre in enumerate((3, 2, 4)):
        share = (hue - centre).abs_().sub_(1).clamp_(0, 1)
        share = 1 - share if channel == 0 else share
        torch.addcmul(most, share, chroma, value=-1, out=levels[..., channel, :, :])
    return levels.mul_(_TO_LEVELS).to(torch.uint8)


def with_colours_made(batch: VideoBatch) -> VideoBatch:
    """Makes the colours that were drawn for the clips of a batch, where its frames are.

    Args:
        batch: A batch; its frames are not mutated.

    Returns:
        The batch with changed frames and no `colours` left to be made.
    """
    if not any(batch.colours):
        return replace(batch, colours=())
    clips = zip(batch.frames.flatten(1, 2), batch.colours, strict=True)
    changed = torch.stack([recoloured(clip, changes) for clip, changes in clips])
    return replace(batch, frames=changed.view_as(batch.frames), colours=())
