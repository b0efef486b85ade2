"""The change of a clip's colours that was drawn for it: data, which travels with its frames."""

from __future__ import annotations

from typing import Literal, NamedTuple

ColourKind = Literal["brightness", "contrast", "saturation", "hue", "grey"]


class ColourChange(NamedTuple):
    """One step of a change of colours, the same for all frames of a clip.

    Attributes:
        kind: What is changed.
        factor: By how much, as torchvision has it: 1 leaves brightness, contrast and saturation, 0 the hue, which
            is turned by this share of a whole turn. Not read for "grey".
    """

    kind: ColourKind
    factor: float = 0.0


ColourChanges = tuple[ColourChange, ...]
"""The steps of a clip in the order in which they are applied; none leaves the colours as they are."""
