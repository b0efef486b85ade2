"""Colours of training clips: drawn for a clip where it is decoded, made there or on the device for a whole batch.

Jitter of brightness, contrast, saturation and hue in random order, then grey. The draws are torchvision's
(`v2.RandomApply([v2.ColorJitter(...)])` and `v2.RandomGrayscale`), number by number from torch's global generator, and
so are the pixels, by its own functions. Draws travel with the frames, which stay uint8: a clip has the same colours
wherever they are made, with any number of workers and in a resumed run. On a GPU a level may differ by one, because
its float32 sums are rounded in another order.

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
    "hue": functional.adjust_hue,
    "grey": lambda frames, _: functional.rgb_to_grayscale(frames, num_output_channels=3),
}


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
    """Changes the colours of a clip, by torchvision's functions.

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
