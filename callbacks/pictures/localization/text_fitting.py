"""How wide text is, and how it is made to fit: without its middle, or on two lines. Sizes and widths are in points."""

from __future__ import annotations

import warnings

from matplotlib.font_manager import FontProperties
from matplotlib.textpath import text_to_path

from zsar.runtime.terminal import shown


def text_width(text: str, size: float, *, bold: bool = False) -> float:
    """How wide a line is, in matplotlib's default font.

    Args:
        text: The line; a dollar sign in it is one.
        size: Of the font.
        bold: Whether it is bold.

    Returns:
        A twentieth more than without hinting, which moves letters by up to that much.
    """
    font = FontProperties(size=size, weight="bold" if bold else "normal")
    with warnings.catch_warnings():  # `save_figure` says which letters the font lacks
        warnings.filterwarnings("ignore", message="Glyph .* missing from")
        return 1.05 * text_to_path.get_text_width_height_descent(shown(text), font, ismath=False)[0]


def one_line(text: str) -> str:
    """Text with one space wherever it has white space, and none at its ends, as `shown` has it."""
    return shown(" ".join(text.split()))


def shortened(text: str, points: float, size: float, *, bold: bool = False) -> str:
    """One line that fits; what is too long loses its middle.

    Args:
        text: Any text; line breaks become spaces.
        points: How wide it may be.
        size: Of the font.
        bold: Whether it is bold.

    Returns:
        The line, whole, or with "…" for its middle; "…" alone where there is room for no letter.
    """
    line = one_line(text)
    kept = len(line)
    fitting = line
    while kept > 0 and (width := text_width(fitting, size, bold=bold)) > points:
        kept = min(kept - 1, int(kept * points / width) + 1) if points > 0 else 0
        fitting = f"{line[: (kept + 1) // 2]}…{line[len(line) - kept // 2 :]}"
    return fitting


def two_lines(text: str, points: float, size: float) -> list[str]:
    """One line, or two of about the same length where one is too long and has a space to break it at.

    Args:
        text: Any text; line breaks become spaces.
        points: How wide a line may be.
        size: Of the font.

    Returns:
        The lines; what is too long even then has lost its middle.
    """
    line = one_line(text)
    words = line.split(" ")
    if text_width(line, size) <= points or len(words) == 1:
        return [shortened(line, points, size)]
    breaks = [(" ".join(words[:k]), " ".join(words[k:])) for k in range(1, len(words))]
    halves = min(breaks, key=lambda parts: abs(len(parts[0]) - len(parts[1])))
    return [shortened(half, points, size) for half in halves]
