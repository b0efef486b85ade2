"""Measures and fits text: shortened in the middle, or on two lines. Sizes and widths are in points."""

from __future__ import annotations

import warnings

from matplotlib.font_manager import FontProperties
from matplotlib.textpath import text_to_path

from zsar.runtime.terminal import shown


def text_width(text: str, size: float, *, bold: bool = False) -> float:
    """Width of a line in matplotlib's default font.

    Args:
        text: The line; a dollar sign is literal.
        size: Font size.
        bold: Whether it is bold.

    Returns:
        The unhinted width plus 5 %, the largest effect of hinting.
    """
    font = FontProperties(size=size, weight="bold" if bold else "normal")
    with warnings.catch_warnings():  # `save_figure` reports missing characters
        warnings.filterwarnings("ignore", message="Glyph .* missing from")
        return 1.05 * text_to_path.get_text_width_height_descent(shown(text), font, ismath=False)[0]


def one_line(text: str) -> str:
    """Text with white space collapsed and stripped, as displayed by `shown`."""
    return shown(" ".join(text.split()))


def shortened(text: str, points: float, size: float, *, bold: bool = False) -> str:
    """Shortens a line in the middle until it fits.

    Args:
        text: Any text; line breaks become spaces.
        points: Maximum width.
        size: Font size.
        bold: Whether it is bold.

    Returns:
        The line, or with "…" for its middle; only "…" if no letter fits.
    """
    line = one_line(text)
    n_kept = len(line)
    fitting = line
    while n_kept > 0 and (width := text_width(fitting, size, bold=bold)) > points:
        n_kept = min(n_kept - 1, int(n_kept * points / width) + 1) if points > 0 else 0
        fitting = f"{line[: (n_kept + 1) // 2]}…{line[len(line) - n_kept // 2 :]}"
    return fitting


def two_lines(text: str, points: float, size: float) -> list[str]:
    """One line, or two of similar length if it is too long and has a space.

    Args:
        text: Any text; line breaks become spaces.
        points: Maximum width of a line.
        size: Font size.

    Returns:
        The lines, shortened in the middle if still too long.
    """
    line = one_line(text)
    words = line.split(" ")
    if text_width(line, size) <= points or len(words) == 1:
        return [shortened(line, points, size)]
    breaks = [(" ".join(words[:k]), " ".join(words[k:])) for k in range(1, len(words))]
    halves = min(breaks, key=lambda parts: abs(len(parts[0]) - len(parts[1])))
    return [shortened(half, points, size) for half in halves]
