"""Panels that are drawn onto frames: rows of a name, a bar and a number on a dark, half-transparent ground."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageDraw

from zsar.api.drawing.fonts import fitted, font_for
from zsar.datamodules.video_files.writing.drawn_copy import Patch

GROUND = (0, 0, 0, 190)
WHITE = (255, 255, 255, 255)
# Okabe and Ito's colours, safe for colour blindness, those that are visible on a dark ground.
COLOURS = ("#56B4E9", "#E69F00", "#2FC79A", "#F0E442", "#CC79A7", "#D55E00", "#7A9BFF", "#BBBBBB")


@dataclass(frozen=True)
class Row:
    """A line of a panel.

    Attributes:
        name: The text on the left.
        score: Length of the bar, in [0, 1]; None for a heading.
        colour: Colour of the bar.
        bold: Whether the name is bold.
    """

    name: str
    score: float | None
    colour: str = COLOURS[0]
    bold: bool = False


def letter_px(width_px: int, height_px: int) -> int:
    """Height of letters that can be read in a frame of this size: 1/22 of its short side, at least 11 px."""
    return max(11, round(min(width_px, height_px) / 22))


def rows_panel(rows: Sequence[Row], *, width_px: int, height_px: int) -> Patch | None:
    """A panel at the upper left.

    Args:
        rows: Its rows; those that do not fit into half of the frame's height are left out.
        width_px: Width of the frame.
        height_px: Height of the frame.

    Returns:
        The panel; None without rows, or where the frame is too small for a line.
    """
    size = letter_px(width_px, height_px)
    line, margin = round(1.5 * size), size // 2
    rows = rows[: max(1, (height_px // 2 - 2 * margin) // line)]
    widest = max((font_for(row.name, size, bold=row.bold).getlength(row.name) for row in rows), default=0.0)
    bar, number = 4 * size, 3.2 * size
    width = _even(min(width_px - 2 * margin, widest + 4 + bar + number + 4 * margin))
    height = _even(len(rows) * line + margin)
    name_px = width - bar - number - 4 * margin
    if not rows or name_px < min(2 * size, widest) or height + 2 * margin > height_px:
        return None
    image = Image.new("RGBA", (width, height), GROUND)
    draw = ImageDraw.Draw(image)
    for i, row in enumerate(rows):
        middle = margin / 2 + (i + 0.5) * line
        room = name_px if row.score is not None else width - 2 * margin
        text = fitted(row.name, room, size, bold=row.bold)
        draw.text((margin, middle), text, WHITE, font_for(text, size, bold=row.bold), anchor="lm")
        if row.score is not None:
            left, top, bottom = width - 2 * margin - number - bar, middle - size / 3, middle + size / 3
            draw.rectangle((left, top, left + bar, bottom), fill=(255, 255, 255, 70))
            draw.rectangle((left, top, left + bar * min(1.0, max(0.0, row.score)), bottom), fill=row.colour)
            percent = f"{100 * row.score:.0f} %"
            draw.text((width - margin, middle), percent, WHITE, font_for(percent, size), anchor="rm")
    return Patch(_even(margin), _even(margin), np.asarray(image))


def _even(length: float) -> int:
    return int(length) // 2 * 2
