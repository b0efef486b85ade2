"""How wide text is in a chart, and text cut to a width: templates cannot measure fonts."""

from __future__ import annotations

import unicodedata

from zsar.runtime.terminal import shown

FONT_SIZE = 12.0
_WIDE = 1.0  # in font sizes: Chinese, Japanese and Korean characters
_NARROW = 0.56  # the mean of Latin text in usual fonts without serifs, a little more than measured


def text_width(text: str, size: float = FONT_SIZE) -> float:
    """An estimate of the width of a line of text, in the units of the chart.

    Args:
        text: The line.
        size: Size of the font, in the same units.
    """
    return sum(_in_font_sizes(letter) for letter in text) * size


def cut_to_width(text: str, most: float, size: float = FONT_SIZE) -> str:
    """Text that fits into a width: its start and its end, around an ellipsis, as names often differ at the end.

    Args:
        text: The line; control characters are shown as escapes.
        most: The greatest width, in the units of the chart.
        size: Size of the font, in the same units.
    """
    text = shown(text)
    if text_width(text, size) <= most:
        return text
    room = most - size  # without the ellipsis
    start = _fitting(text, 0.6 * room, size)
    rest = text[len(start) :]
    end = _fitting(rest[::-1], room - text_width(start, size), size)[::-1]
    return f"{start.rstrip()}…{end.lstrip()}"


def _fitting(text: str, room: float, size: float) -> str:
    """As many letters from the start as fit."""
    for n, letter in enumerate(text):
        room -= _in_font_sizes(letter) * size
        if room < 0:
            return text[:n]
    return text


def _in_font_sizes(letter: str) -> float:
    if unicodedata.combining(letter):
        return 0.0
    return _WIDE if unicodedata.east_asian_width(letter) in "WF" else _NARROW
