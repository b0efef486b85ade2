import numpy as np
from matplotlib.figure import Figure
from matplotlib.text import Text

from zsar.callbacks.pictures.errors.class_figure import draw_worst_classes
from zsar.callbacks.pictures.errors.confusions import Confusions


def confusions(counts: np.ndarray, names: tuple[str, ...], undecodable: list[int] | None = None) -> Confusions:
    missing = np.array(undecodable or [0] * len(names))
    return Confusions("novel", names, counts, missing, int(counts.sum() + missing.sum()))


def texts(figure: Figure) -> list[str]:
    return [text.get_text() for text in figure.findobj(Text) if isinstance(text, Text) and text.get_text()]


def test_a_class_is_drawn_with_its_most_frequent_wrong_answers() -> None:
    counts = np.array([[2, 5, 1, 2], [0, 4, 0, 0], [0, 0, 4, 0], [0, 0, 0, 3]])
    found = texts(draw_worst_classes(confusions(counts, ("ape", "bee", "$c$", "dog"), [0, 0, 0, 1])))
    assert {"ape (10)", "20 %", "50 % bee", "20 % dog"} <= set(found)
    assert {"dog (4)", "75 %", "1 not decoded", "no mistake"} <= set(found)
    assert not any("$c$" in text and "%" in text for text in found)  # the third wrong answer has no room


def test_the_parts_of_each_bar_add_up_to_all_videos() -> None:
    counts = np.array([[2, 5, 1, 2], [0, 4, 0, 0], [0, 0, 4, 0], [0, 0, 0, 3]])
    axes = draw_worst_classes(confusions(counts, ("ape", "bee", "cow", "dog"), [2, 0, 0, 1])).axes[0]
    ends = {}
    for patch in axes.patches:
        row = round(patch.get_y() + patch.get_height() / 2)
        ends[row] = max(ends.get(row, 0.0), patch.get_x() + patch.get_width())
    np.testing.assert_allclose(sorted(ends), range(4))
    np.testing.assert_allclose(list(ends.values()), 100)


def test_the_worst_40_are_drawn_and_classes_without_videos_are_counted() -> None:
    counts = np.diag(np.arange(1, 61)) + 20 * np.eye(60, k=1, dtype=int)
    counts[59] = 0
    figure = draw_worst_classes(confusions(counts, tuple(f"class {i}" for i in range(60))))
    found = texts(figure)
    assert any("the worst 40 of 59 classes" in text and "without videos and left out: 1" in text for text in found)
    assert sum(text.startswith("class ") for text in found) == 40
    assert any(text.startswith("class 0 (21)") for text in found)


def test_words_that_all_names_begin_with_are_said_once() -> None:
    names = ("a photo of a cat", "a photo of a dog")
    found = texts(draw_worst_classes(confusions(np.array([[1, 1], [0, 2]]), names)))
    assert {"cat (2)", "50 % dog"} <= set(found)
    assert any("each name begins with “a photo of a”" in text for text in found)


def test_one_class_and_long_and_chinese_names_are_drawn() -> None:
    figure = draw_worst_classes(confusions(np.array([[3]]), ("打篮球",)))
    assert "no mistake" in texts(figure)
    wide = draw_worst_classes(confusions(np.array([[1, 2], [1, 1]]), ("n" * 80, "m" * 80)))
    assert wide.get_size_inches()[0] < 14
