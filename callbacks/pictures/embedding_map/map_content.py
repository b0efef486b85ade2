"""What a map of videos shows and what its JSON file holds: projection, separation, all points."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from zsar.callbacks.pictures.embedding_map.class_marks import MOST_MARKED, class_marks
from zsar.callbacks.pictures.embedding_map.numbers.projection import Projected, Projection, project
from zsar.callbacks.pictures.embedding_map.numbers.separation import Separation, separation
from zsar.callbacks.pictures.embedding_map.video_figure import VideoMap
from zsar.callbacks.pictures.figures import linspace_indices

_MOST_CONFUSED = 5  # pairs that are named in words


@dataclass(frozen=True)
class MappedVideos:
    """The videos of one map.

    Attributes:
        set_names: The sets that they are of.
        names: The class names that `labels` refer to.
        labels: int64 [N].
        embeddings: L2-normalized, float32 [N, D].
        sets: Index of the set of each video, int64 [N].
        videos: Name of each video.
        n_failed: Number of undecodable videos, which are left out.
        texts: Class embeddings, name -> [D]; empty if they are not shown.
    """

    set_names: Sequence[str]
    names: Sequence[str]
    labels: NDArray[np.int64]
    embeddings: NDArray[np.float32]
    sets: NDArray[np.int64]
    videos: Sequence[str]
    n_failed: int
    texts: Mapping[str, NDArray[np.float32]]

    @cached_property
    def separation(self) -> Separation:
        """How well the classes are apart, over all videos."""
        return separation(self.embeddings, self.labels, self.names)

    def of_set(self, index: int) -> Separation:
        """How well the classes of one of the sets are apart."""
        chosen = self.sets == index
        return separation(self.embeddings[chosen], self.labels[chosen], self.names)


@dataclass(frozen=True)
class MapContent:
    """A map.

    Attributes:
        shown: What the figure shows.
        numbers: The content of the JSON file.
        alt: What there is to see, in words.
    """

    shown: VideoMap
    numbers: dict[str, Any]
    alt: str


def map_content(videos: MappedVideos, projection: Projection, *, seed: int, most_points: int) -> MapContent:
    """Makes a map.

    Args:
        videos: The videos; at least `Projection.fewest_points`.
        projection: How it is made.
        seed: Seed of t-SNE.
        most_points: Maximum number of videos on the map, evenly spread over them. The numbers are of all.

    Returns:
        The map.
    """
    drawn = np.array(sorted(linspace_indices(most_points, len(videos.labels))), dtype=np.int64)
    texts = _beside_videos(videos)
    further = np.stack(list(texts.values())) if texts else None
    placed = project(videos.embeddings[drawn], projection, seed=seed, further=further)
    text_points = dict(zip(texts, placed.further, strict=True))
    found = videos.separation
    marks = class_marks(found.classes)
    counts = f"{_count(found.n, 'video')} of {_count(found.n_classes, 'class')}"
    title = f"{' and '.join(videos.set_names)}: {counts}, by {projection.name}"
    shown = VideoMap(
        title=title,
        lines=_lines(videos, placed, n_drawn=len(drawn)),
        points=placed.points,
        class_of=[videos.names[label] for label in videos.labels[drawn]],
        hollow=videos.sets[drawn] > 0,
        marks=marks,
        classes=found.classes,
        texts=text_points,
        notes=_notes(videos, n_marked=len(marks)),
    )
    return MapContent(shown, _numbers(videos, placed, drawn, text_points), _alt(videos, title))


def _beside_videos(videos: MappedVideos) -> dict[str, NDArray[np.float64]]:
    """Class embeddings, moved by the mean difference of videos and texts, which otherwise decides the map."""
    if not videos.texts:
        return {}
    every = np.stack(list(videos.texts.values())).astype(np.float64)
    moved = every - every.mean(axis=0) + videos.embeddings.mean(axis=0, dtype=np.float64)
    return dict(zip(videos.texts, moved, strict=True))


def _lines(videos: MappedVideos, placed: Projected, *, n_drawn: int) -> list[str]:
    """The lines below the title."""
    found = videos.separation
    some = f"; {n_drawn:,} of {found.n:,} videos are drawn, the numbers are of all" if n_drawn < found.n else ""
    lines = [placed.described + some, "; ".join(separation_in_words(found)) or "one video: nothing to compare"]
    if videos.n_failed:
        lines.append(f"{_count(videos.n_failed, 'undecodable video')} left out")
    return lines


def separation_in_words(found: Separation) -> list[str]:
    """The numbers that are defined, each in words."""
    words = []
    if found.neighbour_accuracy is not None:
        words.append(f"nearest other video of the same class: {found.neighbour_accuracy:.1f} %")
    if found.within is not None and found.between is not None:
        words.append(f"mean cosine {found.within:.3f} within classes, {found.between:.3f} between them")
    if found.ratio is not None:
        words.append(f"ratio of the distances {found.ratio:.2f}")
    if found.silhouette is not None:
        words.append(f"silhouette {found.silhouette:.3f}")
    return words


def _notes(videos: MappedVideos, *, n_marked: int) -> list[str]:
    """The lines below the map."""
    notes = []
    if videos.separation.n_classes > MOST_MARKED:
        n_classes = videos.separation.n_classes
        notes.append(f"named: the {n_marked} of {n_classes} classes that mix most with others; all others in grey")
    notes.append("nearest: share of the videos whose nearest other video (by cosine) is of the class")
    if len(videos.set_names) > 1:
        notes.append(f"filled: {videos.set_names[0]}; hollow: {', '.join(videos.set_names[1:])}")
    if videos.texts:
        notes.append("star: class text, moved by the mean of videos minus texts")
    return notes


def _numbers(
    videos: MappedVideos,
    placed: Projected,
    drawn: NDArray[np.int64],
    text_points: Mapping[str, NDArray[np.float64]],
) -> dict[str, Any]:
    sets = {name: videos.of_set(i).to_dict() for i, name in enumerate(videos.set_names)}
    points = [
        {
            "set": videos.set_names[videos.sets[row]],
            "video": videos.videos[row],
            "class": videos.names[videos.labels[row]],
            "x": round(float(x), 5),
            "y": round(float(y), 5),
        }
        for row, (x, y) in zip(drawn.tolist(), placed.points, strict=True)
    ]
    return {
        "sets": list(videos.set_names),
        "projection": placed.numbers,
        "n_videos": len(videos.labels),
        "n_undecodable": videos.n_failed,
        "n_drawn": len(drawn),
        "separation": videos.separation.to_dict(),
        "separation_of_sets": sets if len(sets) > 1 else {},
        "texts": [
            {"class": name, "x": round(float(x), 5), "y": round(float(y), 5)} for name, (x, y) in text_points.items()
        ],
        "points": points,
    }


def _alt(videos: MappedVideos, title: str) -> str:
    found = videos.separation
    missed = [c for c in found.classes if c.neighbour_class is not None and c.neighbour_accuracy is not None]
    worst = sorted(missed, key=lambda c: (c.neighbour_accuracy or 0.0, -c.n))[:_MOST_CONFUSED]
    pairs = ", ".join(f"{c.name} with {c.neighbour_class} ({c.neighbour_accuracy:.0f} %)" for c in worst)
    mixed = f" Classes that mix most, with the share of their own nearest neighbours: {pairs}." if pairs else ""
    words = "; ".join(separation_in_words(found))
    return f"Map of {title}. {words[:1].upper()}{words[1:]}.{mixed}"


def _count(n: int, what: str) -> str:
    plural = f"{what}es" if what.endswith("s") else f"{what}s"
    return f"{n:,} {what if n == 1 else plural}"
