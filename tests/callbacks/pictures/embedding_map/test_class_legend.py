"""The legend of classes and the numbers on a map."""

import numpy as np
from matplotlib.figure import Figure

from zsar.callbacks.pictures.embedding_map.class_legend import ClassLegend, draw_numbers
from zsar.callbacks.pictures.embedding_map.class_marks import marks_of
from zsar.callbacks.pictures.page import Page

NAMES = (
    "run",
    "<script>",
    "a very long name of an action that no column of a legend has the room to show in full, ever",
)


def legend_of(names: tuple[str, ...], *, height: float = 5) -> ClassLegend:
    figures = {name: (f"{i}", f"{10 * i} %") for i, name in enumerate(names)}
    return ClassLegend(marks_of(names, first=names), ("videos", "nearest"), figures, height=height)


def texts_of(figure: Figure) -> list[str]:
    return [text.get_text() for text in figure.texts]


def test_each_class_has_its_number_name_and_figures() -> None:
    page = Page(8, 6, title="t", lines=())
    legend_of(NAMES).draw(page, left=1, top=1)
    written = texts_of(page.figure)
    assert {"class", "videos", "nearest", "1", "run", "2", "<script>", "10 %", "3"} <= set(written)
    (long,) = [text for text in written if "…" in text]
    assert long.startswith("a very long name")
    assert long.endswith("ever")
    assert len(page.figure.axes) == len(NAMES)


def test_classes_that_do_not_fit_below_each_other_start_a_column_with_its_headings() -> None:
    names = tuple(f"class {i}" for i in range(30))
    one, two = legend_of(names, height=10), legend_of(names, height=4)
    assert two.width == 2 * one.width
    page = Page(12, 5, title="t", lines=())
    two.draw(page, left=1, top=1)
    assert texts_of(page.figure).count("videos") == 2


def test_numbers_of_one_place_are_written_together() -> None:
    axes = Figure().add_axes((0, 0, 1, 1))
    points = {"a": np.zeros((3, 2)), "b": np.zeros((1, 2)) + 0.01, "c": np.ones((2, 2)), "d": np.empty((0, 2))}
    draw_numbers(axes, marks_of(list("abcd"), first=list("abcd")), points)
    assert [(text.get_text(), text.get_position()) for text in axes.texts] == [("1 2", (0, 0)), ("3", (0, 0))]
    assert [tuple(text.xy) for text in axes.texts] == [(0, 0), (1, 1)]  # type: ignore[attr-defined]


def test_a_single_class_has_no_number() -> None:
    axes = Figure().add_axes((0, 0, 1, 1))
    draw_numbers(axes, marks_of(["a"], first=["a"]), {"a": np.ones((3, 2))})
    assert not axes.texts
