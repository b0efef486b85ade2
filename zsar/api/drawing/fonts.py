"""Fonts of text that is drawn onto videos: matplotlib's, or an installed one that has the characters."""

from __future__ import annotations

from bisect import bisect_right
from functools import lru_cache
from pathlib import Path

from matplotlib import get_data_path
from matplotlib.font_manager import findSystemFonts
from matplotlib.ft2font import FT2Font
from PIL import ImageFont

from zsar.runtime.terminal import shown

_OURS = Path(get_data_path()) / "fonts" / "ttf"


def font_for(text: str, size_px: int, *, bold: bool = False) -> ImageFont.FreeTypeFont:
    """The font of a text: DejaVu Sans, or the first installed font that has all of its characters.

    Args:
        text: The text; where no font has all characters, the missing ones are drawn as boxes.
        size_px: Height of the letters.
        bold: Whether DejaVu Sans is bold.
    """
    ours = str(_OURS / ("DejaVuSans-Bold.ttf" if bold else "DejaVuSans.ttf"))
    return ImageFont.truetype(_path_for(frozenset(map(ord, text)), ours) or ours, size_px)


def missing_characters(texts: list[str]) -> str:
    """The characters of texts that would be drawn as boxes, in order and once each."""
    ours = str(_OURS / "DejaVuSans.ttf")
    boxes = [text for text in map(in_one_line, texts) if _path_for(frozenset(map(ord, text)), ours) is None]
    return "".join(dict.fromkeys(c for text in boxes for c in text if ord(c) not in _characters(ours)))


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


@lru_cache(maxsize=1024)
def _path_for(characters: frozenset[int], ours: str) -> str | None:
    if characters <= _characters(ours):
        return ours
    return next((path for path in _others() if characters <= _characters(path)), None)


@lru_cache(maxsize=1)
def _others() -> list[str]:
    """All fonts; matplotlib's own list is kept on disk, and lacks those that were installed later."""
    ours = [str(path) for path in sorted(_OURS.glob("*.ttf")) if "LastResort" not in path.name]
    return [*ours, *sorted(findSystemFonts())]


@lru_cache(maxsize=512)
def _characters(path: str) -> frozenset[int]:
    try:
        font = FT2Font(path)
        return frozenset(font.get_charmap()) if font.scalable else frozenset()
    except (OSError, RuntimeError):  # a font that was removed, or that FreeType cannot read
        return frozenset()
