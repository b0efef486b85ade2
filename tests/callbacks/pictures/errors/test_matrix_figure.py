from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from matplotlib.figure import Figure
from matplotlib.image import imread
from matplotlib.text import Text

from zsar.callbacks.pictures.errors.class_table import counts_of
from zsar.callbacks.pictures.errors.confusions import Confusions
from zsar.callbacks.pictures.errors.matrix_figure import draw_matrix
from zsar.callbacks.pictures.figures import save_figure


def confusions(counts: np.ndarray, names: tuple[str, ...], undecodable: list[int] | None = None) -> Confusions:
    missing = np.array(undecodable or [0] * len(names))
    return Confusions("novel", names, counts, missing, int(counts.sum() + missing.sum()))


def texts(figure: Figure) -> list[str]:
    return [text.get_text() for text in figure.findobj(Text) if isinstance(text, Text) and text.get_text()]


def overlapping(figure: Figure) -> list[tuple[str, str]]:
    """Pairs of row labels, and of column labels, that cover each other."""
    figure.draw_without_rendering()
    axes = figure.axes[0]
    pairs = []
    for labels in (axes.get_yticklabels(), axes.get_xticklabels()):
        boxes = [(label.get_text(), label.get_window_extent()) for label in labels if label.get_text()]
        pairs += [(a, b) for (a, one), (b, two) in pairwise(boxes) if one.overlaps(two)]
    return pairs


def test_shares_of_each_row_and_what_was_not_decoded_are_written() -> None:
    figure = draw_matrix(confusions(np.array([[1, 2], [0, 4]]), ("$a$", "b"), [1, 0]))
    found = texts(figure)
    assert {"25", "50", "100", "$a$ (4)", "b (4)", "not decoded"} <= set(found)
    assert any("5 of 8 videos right (62.5 %), 2 classes, 1 not decoded" in text for text in found)


def test_a_group_of_confused_classes_stands_together_in_a_colour() -> None:
    counts = np.diag([9, 9, 9, 9])
    counts[0, 3] = counts[3, 0] = 6
    figure = draw_matrix(confusions(counts, ("ape", "bee", "cow", "dog")))
    axes = figure.axes[0]
    assert [label.get_text() for label in axes.get_yticklabels()][:2] == ["ape (15)", "dog (15)"]
    colours = [label.get_color() for label in axes.get_yticklabels()]
    assert colours[0] == colours[1] != colours[2]
    assert any(text == "group of 2: 12 of 12 mistakes stay within: ape, dog" for text in texts(figure))


@pytest.mark.parametrize(
    ("counts", "names", "said"),
    [
        (np.array([[3]]), ("only",), "there is one class, so nothing can be confused"),
        (np.diag([3, 0, 2]), ("a", "b", "c"), "no two classes are taken for each other at least twice"),
    ],
)
def test_one_class_no_mistake_and_a_class_without_videos_are_drawn(
    counts: np.ndarray, names: tuple[str, ...], said: str
) -> None:
    assert any(said in text for text in texts(draw_matrix(confusions(counts, names))))


def test_a_group_that_does_not_fit_is_not_denied() -> None:
    n = 64  # halves of halves, each taken for the other in 13 %: a single group
    level = np.array([[(i ^ j).bit_length() for j in range(n)] for i in range(n)])
    counts = np.where(level == 0, 704, 832 // 2**level)
    said = texts(draw_matrix(confusions(counts, tuple(map(str, range(n))))))
    assert "1 more group in the JSON file" in said
    assert not any("no two classes" in text for text in said)


@pytest.mark.slow
def test_of_400_classes_and_20000_videos_40_are_drawn_and_can_be_read(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 400, 20_000)
    predictions = np.where(rng.random(20_000) < 0.7, labels, (labels + rng.integers(1, 4, 20_000)) % 400)
    names = tuple(f"{'a long name of a class, ' * (i % 4)}number {i}" for i in range(400))
    found = confusions(counts_of(labels, predictions, 400), names)
    figure = draw_matrix(found)
    path = save_figure(figure, tmp_path / "matrix.png")
    shown = [label.get_text() for label in figure.axes[0].get_yticklabels()]
    assert len(shown) == 40
    assert figure.axes[0].get_xticklabels()[-1].get_text() == "360 other classes"
    assert any("40 of 400 classes" in text for text in texts(figure))
    assert overlapping(figure) == []
    assert max(imread(path).shape[:2]) < 3_000
