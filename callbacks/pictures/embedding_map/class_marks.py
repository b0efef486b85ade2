"""Colour, marker and number of each class on a map; of many classes, only the most mixed ones have them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from zsar.callbacks.pictures.embedding_map.separation import ClassSeparation
from zsar.callbacks.pictures.localization.class_colours import PALETTE

MOST_MARKED = 40  # classes; with more of them, only FEW_MARKED
FEW_MARKED = 24
_MARKERS = ("o", "s", "^", "D", "v", "P", "X")  # 7 markers and 8 colours: 56 pairs


@dataclass(frozen=True)
class ClassMark:
    """How a class is drawn.

    Attributes:
        number: Its number on the map and in the legend, from 1.
        colour: Its colour.
        marker: Its marker.
    """

    number: int
    colour: str
    marker: str


def class_marks(classes: Sequence[ClassSeparation]) -> dict[str, ClassMark]:
    """Chooses the classes that are named on a map.

    Args:
        classes: The classes with videos, in label order.

    Returns:
        All up to `MOST_MARKED`, in label order; of more, the `FEW_MARKED` whose videos have the fewest neighbours of
        their own class, the worst first, and of equal ones the larger. Classes with one video come last.
    """
    chosen = list(classes)
    if len(chosen) > MOST_MARKED:
        accuracy = {c.name: 101.0 if c.neighbour_accuracy is None else c.neighbour_accuracy for c in chosen}
        chosen = sorted(chosen, key=lambda c: (accuracy[c.name], -c.n))[:FEW_MARKED]
    return {
        c.name: ClassMark(i + 1, PALETTE[i % len(PALETTE)], _MARKERS[i % len(_MARKERS)]) for i, c in enumerate(chosen)
    }
