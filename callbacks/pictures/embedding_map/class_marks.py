"""Colour, marker and number of each class on a map; of many classes, only the most mixed ones have them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from zsar.callbacks.pictures.embedding_map.numbers.separation import ClassSeparation
from zsar.callbacks.pictures.figures import PALETTE

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
    """Chooses the classes that are named on a map of videos.

    Args:
        classes: The classes with videos, in label order.

    Returns:
        All up to `MOST_MARKED`, in label order; of more, the `FEW_MARKED` whose videos have the fewest neighbours of
        their own class, the worst first, and of equal ones the larger. Classes with one video come last.
    """
    accuracy = {c.name: 101.0 if c.neighbour_accuracy is None else c.neighbour_accuracy for c in classes}
    worst = sorted(classes, key=lambda c: (accuracy[c.name], -c.n))
    return marks_of([c.name for c in classes], first=[c.name for c in worst])


def marks_of(names: Sequence[str], *, first: Sequence[str]) -> dict[str, ClassMark]:
    """Gives marks to classes.

    Args:
        names: The classes, in label order.
        first: The same classes, those first that are to be named if there are too many.

    Returns:
        Marks of all up to `MOST_MARKED`, in label order; of more, of the first `FEW_MARKED` of `first`.
    """
    chosen = names if len(names) <= MOST_MARKED else first[:FEW_MARKED]
    return {
        name: ClassMark(i + 1, PALETTE[i % len(PALETTE)], _MARKERS[i % len(_MARKERS)]) for i, name in enumerate(chosen)
    }
