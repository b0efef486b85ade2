"""Which font has the characters of a text: DejaVu Sans, which matplotlib brings along, or one that is installed."""

from __future__ import annotations

import logging
from functools import lru_cache
from pathlib import Path

from matplotlib import get_data_path
from matplotlib.font_manager import FontProperties, findSystemFonts, fontManager
from matplotlib.ft2font import FT2Font

FONTS = Path(get_data_path()) / "fonts" / "ttf"
"""The folder of matplotlib's own fonts."""
USUAL = str(FONTS / "DejaVuSans.ttf")
"""The font of all pictures."""


def font_with(characters: frozenset[int], *, first: str = USUAL) -> str | None:
    """The font that is drawn with: a given one if it has all characters, else the first that has.

    Args:
        characters: Code points.
        first: Path of the font that is tried first.

    Returns:
        Its path; None if no font has all of them.
    """
    return first if characters <= characters_of(first) else _installed_with(characters)


def families_for(text: str) -> list[str]:
    """The families that matplotlib needs beside DejaVu Sans to draw a text; empty if it needs none or none helps.

    Args:
        text: Any text; white space needs no font.
    """
    missing = frozenset(ord(c) for c in text if not c.isspace()) - characters_of(USUAL)
    if not missing:
        return []
    paths = [whole] if (whole := font_with(missing)) else [font_with(frozenset({code})) for code in sorted(missing)]
    return list(dict.fromkeys(_family(path) for path in paths if path))


@lru_cache(maxsize=64)
def _family(path: str) -> str:
    """Makes a font known to matplotlib: its name."""
    fontManager.addfont(path)
    # Few fonts are there in bold; matplotlib says of each that it is not.
    logging.getLogger("matplotlib.font_manager").setLevel(logging.ERROR)
    return FontProperties(fname=path).get_name()


@lru_cache(maxsize=512)
def characters_of(path: str) -> frozenset[int]:
    """The code points that a font has; none if it cannot be read."""
    try:
        font = FT2Font(path)
        return frozenset(font.get_charmap()) if font.scalable else frozenset()
    except (OSError, RuntimeError):  # a font that was removed, or that FreeType cannot read
        return frozenset()


@lru_cache(maxsize=1024)
def _installed_with(characters: frozenset[int]) -> str | None:
    return next((path for path in _all_fonts() if characters <= characters_of(path)), None)


@lru_cache(maxsize=1)
def _all_fonts() -> list[str]:
    """All fonts; matplotlib's own list is kept on disk, and lacks those that were installed later."""
    ours = [str(path) for path in sorted(FONTS.glob("*.ttf")) if "LastResort" not in path.name]
    return [*ours, *sorted(findSystemFonts())]
