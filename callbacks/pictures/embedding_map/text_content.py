"""What a map of tuned class texts shows and what its JSON file holds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from zsar.callbacks.pictures.embedding_map.class_marks import MOST_MARKED, ClassMark, marks_of
from zsar.callbacks.pictures.embedding_map.numbers.projection import Projection, project
from zsar.callbacks.pictures.embedding_map.numbers.text_spread import TextSpread

_IN_WORDS = {"names": "class names", "class_text": "class text"}
_MOST_MOVED = 5  # classes that are named in words


@dataclass(frozen=True)
class TunedTexts:
    """The classes of a set before and after tuning.

    Attributes:
        set_name: The set.
        names: The C class names.
        spreads: The sums over all videos, by set of texts ("names", "class_text").
        keys: Name of each shown video, by its row.
        points: The classes as tuned for each shown video, row -> set of texts -> [C, D].
    """

    set_name: str
    names: Sequence[str]
    spreads: Mapping[str, TextSpread]
    keys: Mapping[int, str]
    points: Mapping[int, Mapping[str, NDArray[np.float32]]]


@dataclass(frozen=True)
class TextPanels:
    """One set of texts.

    Attributes:
        before: Heading of the left panel.
        after: Heading of the right panel.
        described: How the map was made.
        untuned: [C, 2].
        tuned: [n, C, 2].
        marks: Marks of the named classes.
        figures: Shift and spread of each named class, as text.
    """

    before: str
    after: str
    described: str
    untuned: NDArray[np.float64]
    tuned: NDArray[np.float64]
    marks: Mapping[str, ClassMark]
    figures: Mapping[str, tuple[str, str]]


@dataclass(frozen=True)
class TextMapShown:
    """What the figure shows.

    Attributes:
        title: One line.
        lines: Lines below it.
        names: The C class names.
        panels: A row for each set of texts.
    """

    title: str
    lines: Sequence[str]
    names: Sequence[str]
    panels: Sequence[TextPanels]


@dataclass(frozen=True)
class TextMapContent:
    """A map.

    Attributes:
        shown: What the figure shows.
        numbers: The content of the JSON file.
        alt: What there is to see, in words.
    """

    shown: TextMapShown
    numbers: dict[str, Any]
    alt: str


def text_content(texts: TunedTexts, projection: Projection, *, seed: int) -> TextMapContent:
    """Makes a map of class texts.

    Args:
        texts: The classes, with at least one shown video.
        projection: How the classes before tuning, and as tuned for all shown videos, are placed on one map.
        seed: Seed of t-SNE.

    Returns:
        The map.
    """
    n_classes, n = len(texts.names), len(texts.keys)
    title = (
        f"{texts.set_name}: texts of {n_classes} class{'' if n_classes == 1 else 'es'} before and after tuning, by "
        f"{projection.name}"
    )
    panels, entries, words = [], {}, []
    for which, spread in texts.spreads.items():
        numbers = spread.numbers(texts.names)
        tuned = np.stack([of_video[which] for of_video in texts.points.values()]).astype(np.float64)
        placed = project(np.concatenate([spread.untuned, tuned.reshape(-1, tuned.shape[-1])]), projection, seed=seed)
        untuned_points = placed.points[:n_classes]
        tuned_points = placed.points[n_classes:].reshape(n, n_classes, 2)
        called = _IN_WORDS[which]
        panels.append(
            TextPanels(
                before=f"{called}, before tuning: deviation {numbers['std_before']:.4f}",
                after=f"as tuned for {n} video{'' if n == 1 else 's'}: deviation {numbers['std_after']:.4f} (mean of "
                f"{numbers['n_videos']:,})",
                described=placed.described,
                untuned=untuned_points,
                tuned=tuned_points,
                marks=marks_of(texts.names, first=[row["name"] for row in numbers["classes"]]),
                figures={row["name"]: (f"{row['shift']:.4f}", f"{row['spread']:.4f}") for row in numbers["classes"]},
            )
        )
        points = {"untuned": untuned_points, "tuned": tuned_points}
        rounded = {name: np.round(of_points, 5).tolist() for name, of_points in points.items()}
        entries[which] = {**numbers, "projection": placed.numbers, "points": rounded}
        moved = ", ".join(f"{row['name']} ({row['shift']:.4f})" for row in numbers["classes"][:_MOST_MOVED])
        words.append(
            f"{called}: deviation {numbers['std_before']:.4f} before, {numbers['std_after']:.4f} after; classes that "
            f"move most, with their mean cosine distance: {moved}"
        )
    shown = TextMapShown(title, _lines(texts, n_classes), texts.names, panels)
    content = {"classes": list(texts.names), "videos": list(texts.keys.values()), "texts": entries}
    return TextMapContent(shown, content, f"{title}. {'. '.join(words)}.")


def _lines(texts: TunedTexts, n_classes: int) -> list[str]:
    lines = [
        "deviation: of the class embeddings from their mean; shift: mean cosine distance of a class from its untuned "
        "text, and spread over the videos, of all videos"
    ]
    if n_classes > MOST_MARKED:
        lines.append(f"named: the classes that move most of {n_classes}; all others in grey")
    return lines
