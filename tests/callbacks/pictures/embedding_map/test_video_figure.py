"""The figure of a map of videos."""

from pathlib import Path

import numpy as np
import pytest
from matplotlib.image import imread

from zsar.callbacks.pictures.embedding_map.class_marks import class_marks
from zsar.callbacks.pictures.embedding_map.numbers.separation import separation
from zsar.callbacks.pictures.embedding_map.video_figure import VideoMap, draw_videos
from zsar.callbacks.pictures.figures import save_figure


def map_of(n_classes: int, n: int, *, named: list[str] | None = None, texts: bool = False) -> VideoMap:
    draws = np.random.default_rng(0)
    labels, points = np.arange(n) % n_classes, draws.normal(size=(n, 2))
    names = named or [f"class {i}" for i in range(n_classes)]
    found = separation(points / np.linalg.norm(points, axis=1, keepdims=True), labels, names)
    return VideoMap(
        title="novel: a map",
        lines=("by PCA", "some numbers"),
        points=points,
        class_of=[names[label] for label in labels],
        hollow=labels == 0,
        marks=class_marks(found.classes),
        classes=found.classes,
        texts={name: points[i] for i, name in enumerate(names[:2])} if texts else {},
        notes=("a note",),
    )


def test_every_video_is_a_point_and_every_class_has_a_name() -> None:
    shown = map_of(5, 40, texts=True)
    figure = draw_videos(shown)
    axes = figure.axes[0]
    assert sum(len(c.get_offsets()) for c in axes.collections) == 40 + 2  # type: ignore[arg-type]
    written = {text.get_text() for text in figure.texts}
    assert {"novel: a map", "by PCA", "a note", "class 0", "class 4", "8"} <= written


def test_many_classes_are_grey_but_for_the_named_ones() -> None:
    figure = draw_videos(map_of(400, 1200))
    filled, hollow = figure.axes[0].collections[:2]
    assert sum(len(grey.get_offsets()) for grey in (filled, hollow)) == (400 - 24) * 3  # type: ignore[arg-type]
    assert len(hollow.get_facecolors()) == 0  # type: ignore[arg-type, attr-defined]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("n_classes", "n", "named"),
    [(1, 1, None), (1, 9, None), (40, 200, None), (3, 12, ["跑步", "<script>", "$x$ " * 50])],
)
def test_a_picture_can_be_written(tmp_path: Path, n_classes: int, n: int, named: list[str] | None) -> None:
    path = save_figure(draw_videos(map_of(n_classes, n, named=named)), tmp_path / "map.png", dots_per_inch=50)
    picture = imread(path)
    assert picture.shape[1] > picture.shape[0] > 350
    assert len(np.unique(picture.reshape(-1, picture.shape[2]), axis=0)) > 20
