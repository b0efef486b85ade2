"""The figure of class texts before and after tuning."""

from pathlib import Path

import numpy as np
import pytest
from matplotlib.collections import LineCollection
from matplotlib.image import imread

from zsar.callbacks.pictures.embedding_map.class_marks import marks_of
from zsar.callbacks.pictures.embedding_map.text_content import TextMapShown, TextPanels
from zsar.callbacks.pictures.embedding_map.text_figure import draw_texts
from zsar.callbacks.pictures.figures import save_figure


def map_of(n_classes: int, n_videos: int = 2, *, n_rows: int = 1, n_named: int | None = None) -> TextMapShown:
    draws = np.random.default_rng(0)
    names = [f"class {i}" for i in range(n_classes)]
    named = names[: n_classes if n_named is None else n_named]
    untuned = draws.normal(size=(n_classes, 2))
    panels = TextPanels(
        before="class names, before tuning",
        after="as tuned",
        described="PCA",
        untuned=untuned,
        tuned=untuned + 0.1 * draws.normal(size=(n_videos, n_classes, 2)),
        marks=marks_of(named, first=named),
        figures={name: ("0.1", "0.2") for name in names},
    )
    return TextMapShown("novel: texts", ["a line"], names, [panels] * n_rows)


def maps_in(shown: TextMapShown) -> list:  # type: ignore[type-arg]
    return [axes for axes in draw_texts(shown).axes if axes.texts]


def test_both_maps_of_a_row_have_the_same_limits_and_each_class_and_video() -> None:
    before, after = maps_in(map_of(5, 3))
    assert (before.get_xlim(), before.get_ylim()) == (after.get_xlim(), after.get_ylim())
    assert sum(len(c.get_offsets()) for c in before.collections) == 5
    lines = [c for c in after.collections if isinstance(c, LineCollection)]
    points = [c for c in after.collections if not isinstance(c, LineCollection)]
    assert sum(len(c.get_offsets()) for c in points) == 5 * 3
    assert sum(len(c.get_segments()) for c in lines) == 5 * 3


def test_each_set_of_texts_has_a_row() -> None:
    assert len(maps_in(map_of(5, n_rows=2))) == 4


@pytest.mark.slow
@pytest.mark.parametrize(("n_classes", "n_named"), [(1, 1), (40, 40), (400, 24)])
def test_a_picture_can_be_written(tmp_path: Path, n_classes: int, n_named: int) -> None:
    figure = draw_texts(map_of(n_classes, n_named=n_named))
    picture = imread(save_figure(figure, tmp_path / "map.png", dots_per_inch=50))
    assert len(np.unique(picture.reshape(-1, picture.shape[2]), axis=0)) > 20
