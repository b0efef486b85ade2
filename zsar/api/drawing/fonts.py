"""Fonts of text that is drawn onto videos: matplotlib's, or an installed one that has the characters."""

from __future__ import annotations

from bisect import bisect_right

from PIL import ImageFont

from zsar.callbacks.pictures.installed_fonts import FONTS, USUAL, characters_of, font_with
from zsar.runtime.terminal import shown


def font_for(text: str, size_px: int, *, bold: bool = False) -> ImageFont.FreeTypeFont:
    """The font of a text: DejaVu Sans, or the first installed font that has all of its characters.

    Args:
        text: The text; where no font has all characters, the missing ones are drawn as boxes.
        size_px: Height of the letters.
        bold: Whether DejaVu Sans is bold.
    """
    ours = str(FONTS / "DejaVuSans-Bold.ttf") if bold else USUAL
    return ImageFont.truetype(font_with(frozenset(map(ord, text)), first=ours) or ours, size_px)


def missing_characters(texts: list[str]) -> str:
    """The characters of texts that would be drawn as boxes, in order and once each."""
    boxes = [text for text in map(in_one_line, texts) if font_with(frozenset(map(ord, text))) is None]
    return "".join(dict.fromkeys(c for text in boxes for c in text if ord(c) not in characters_of(USUAL)))


def fitted(text: str, width_px: float, size_px: int, *, bold: bool = False) -> str:
    """Shortens a line in the middle until it fits.

    Args:
        text: Any text; line breaks become spaces.
        width_px: Maximum width.
        size_px: Height of the letters.
        bold: Whether it is bold.

    Returns:
        The line, or with "…" for its middle; only "…" if no letter fits.
    """
    line = in_one_line(text)
    font = font_for(line, size_px, bold=bold)
    if font.getlength(line) <= width_px:
        return line
    n_fitting = bisect_right(range(len(line)), width_px, key=lambda n_kept: font.getlength(_shortened(line, n_kept)))
    while n_fitting > 1 and font.getlength(_shortened(line, n_fitting - 1)) > width_px:  # a ligature was cut
        n_fitting -= 1
    return _shortened(line, max(0, n_fitting - 1))


def _shortened(line: str, n_kept: int) -> str:
    return f"{line[: (n_kept + 1) // 2]}…{line[len(line) - n_kept // 2 :]}"


def in_one_line(text: str) -> str:
    """A text as it is drawn: line breaks and tabs become spaces, other control characters are written out."""
    return shown(" ".join(text.split()))
