"""Colours of classes in a picture of temporal localization; at most eight classes get their own."""

from __future__ import annotations

from matplotlib.colors import to_hex, to_rgb

from zsar.callbacks.pictures.figures import PALETTE
from zsar.callbacks.pictures.localization.picture import LocalizationPicture

GREY = "#767676"  # of all other classes


def class_colours(picture: LocalizationPicture) -> tuple[dict[str, str], int]:
    """Assigns colours to the most important classes.

    Args:
        picture: The picture to draw.

    Returns:
        Colours of up to eight classes, in this order of priority: classes of the best kept segments, annotated
        classes, classes of other curves, classes of suppressed segments; and the number of further classes.
    """
    kept_segments = sorted((s for s in picture.segments if not s.suppressed), key=lambda s: -(s.score or 0.0))
    suppressed = [s for s in picture.segments if s.suppressed]
    ranked = dict.fromkeys(segment.class_name for segment in (*kept_segments, *picture.truth))
    ranked |= dict.fromkeys(curve.class_name for curve in picture.curves)
    ranked |= dict.fromkeys(segment.class_name for segment in suppressed)
    return dict(zip(ranked, PALETTE, strict=False)), max(0, len(ranked) - len(PALETTE))


def mixed(colour: str, other: str, share: float = 0.5) -> str:
    """Mixes two colours.

    Args:
        colour: One, in any of matplotlib's notations.
        other: The other.
        share: Share of the other, from 0 to 1.

    Returns:
        As hexadecimal RGB.
    """
    red, green, blue = ((1 - share) * a + share * b for a, b in zip(to_rgb(colour), to_rgb(other), strict=True))
    return to_hex((red, green, blue))
