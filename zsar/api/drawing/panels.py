"""Panels that are drawn onto frames: rows of a name, a bar and a number on a dark, half-transparent ground."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from PIL import Image, ImageDraw

from zsar.api.drawing.fonts import fitted, font_for, in_one_line
from zsar.datamodules.video_files.writing.drawn_copy import Patch
from zsar.datamodules.video_files.writing.mp4_writing import TranscodingError

GROUND = (0, 0, 0, 190)
WHITE = (255, 255, 255, 255)
_GROOVE = (85, 85, 85, 225)  # what is left of a bar
# In letter heights: what rows show right of the name, the widest first; a narrow frame gets less.
_BAR, _NUMBER, _LEAST_NAME = 4.0, 3.2, 6.0
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
    """A panel at the upper left. In narrow frames it has no bars, in narrower ones no numbers.

    Args:
        rows: Its rows; those that do not fit into half of the frame's height are left out.
        width_px: Width of the frame.
        height_px: Height of the frame.

    Returns:
        The panel; None without rows.

    Raises:
        TranscodingError: The frame is too small for a line of text.
    """
    if not rows:
        return None
    size = letter_px(width_px, height_px)
    line, margin = round(1.5 * size), size // 2
    rows = rows[: max(1, (height_px // 2 - 2 * margin) // line)]
    rows = [replace(row, name=in_one_line(row.name)) for row in rows]
    widest = max(font_for(row.name, size, bold=row.bold).getlength(row.name) for row in rows) + 4
    room, height = width_px - 4 * margin, _even(len(rows) * line + margin)
    bar, number = _right_of_the_name(room, min(widest, _LEAST_NAME * size), size)
    name_px = min(widest, room - bar - number)
    if name_px < min(2 * size, widest) or height + 2 * margin > height_px:
        raise TranscodingError(f"frames of {width_px}x{height_px} px are too small for a line of text")
    width = _even(name_px + bar + number + 2 * margin)
    image = Image.new("RGBA", (width, height), GROUND)
    draw = ImageDraw.Draw(image)
    for i, row in enumerate(rows):
        middle = margin / 2 + (i + 0.5) * line
        text = fitted(row.name, name_px if row.score is not None else width - 2 * margin, size, bold=row.bold)
        draw.text((margin, middle), text, WHITE, font_for(text, size, bold=row.bold), anchor="lm")
        if row.score is not None and bar:
            left, top, bottom = margin + name_px + margin, middle - size / 3, middle + size / 3
            draw.rectangle((left, top, left + _BAR * size, bottom), fill=_GROOVE)
            draw.rectangle((left, top, left + _BAR * size * min(1.0, max(0.0, row.score)), bottom), fill=row.colour)
        if row.score is not None and number:
            percent = f"{100 * row.score:.0f} %"
            draw.text((width - margin, middle), percent, WHITE, font_for(percent, size), anchor="rm")
    return Patch(_even(margin), _even(margin), np.asarray(image))


def _right_of_the_name(room_px: float, name_px: float, size_px: int) -> tuple[float, float]:
    """Width of the bars and of the numbers, each with its gap; 0 where there is no room for them beside a name."""
    gap = size_px // 2
    bar, number = _BAR * size_px + gap, _NUMBER * size_px + gap
    if room_px - bar - number >= name_px:
        return bar, number
    return 0.0, number if room_px - number >= name_px else 0.0


def _even(length: float) -> int:
    return int(length) // 2 * 2
