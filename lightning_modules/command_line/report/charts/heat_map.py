"""Heat map of a part of a confusion matrix: rows are true classes, columns are answers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from zsar.lightning_modules.command_line.report.charts.text_widths import cut_to_width, text_width
from zsar.lightning_modules.command_line.report.rendering import render

MOST_NAMES = 40
_CELL, _LARGEST_CELL, _WIDTH, _MOST_NAME, _NAME_SIZE = 15.0, 34.0, 440.0, 150.0, 11.0
_FAINTEST = 0.12  # so that a single confusion among many videos is still seen


@dataclass(frozen=True)
class Cell:
    """A cell of a heat map.

    Attributes:
        row: Number of the true class.
        column: Number of the answer.
        share: Share of the row's videos, from 0 to 1.
        note: What it says when pointed at.
    """

    row: int
    column: int
    share: float
    note: str


@dataclass(frozen=True)
class Block:
    """Neighbouring classes that belong together, as a frame on the diagonal: the first and the last one."""

    first: int
    last: int


@dataclass(frozen=True)
class _Name:
    text: str
    full: str


def heat_map(
    names: Sequence[str], cells: Sequence[Cell], *, title: str, description: str, blocks: Sequence[Block] = ()
) -> Markup:
    """Draws how often classes are taken for each other.

    Args:
        names: The classes of rows and columns, at most 40, in order.
        cells: The cells that are not zero.
        title: Heading of the chart.
        description: What there is to see, in words, for people who do not see it.
        blocks: Groups of classes that are taken for each other.

    Returns:
        A <figure> element, whose SVG scrolls in its own box where it is wider than the screen.

    Raises:
        ValueError: There are more classes than can be read.
    """
    if len(names) > MOST_NAMES:
        raise ValueError(f"a heat map shows at most {MOST_NAMES} classes, not {len(names)}; choose the worst")
    shortened = [_Name(cut_to_width(name, _MOST_NAME, _NAME_SIZE), name) for name in names]
    side = 8 + max((text_width(name.text, _NAME_SIZE) for name in shortened), default=0)
    cell = min(_LARGEST_CELL, max(_CELL, (_WIDTH - side) / max(len(names), 1)))
    span = cell * len(names)
    values = {
        "title": title,
        "description": description,
        "names": shortened,
        "cells": [(each, round(max(each.share, _FAINTEST), 3)) for each in cells],
        "blocks": blocks,
        "cell": round(cell, 2),
        "span": round(span, 2),
        "side": round(side, 2),
        "width": round(max(side + span + 2, _WIDTH), 2),
        "height": round(side + span + 4, 2),
    }
    return render("charts/heat_map.html", values)
