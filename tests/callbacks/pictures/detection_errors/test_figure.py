"""The picture of a diagnosis: what it shows of many classes, of one, and of nothing."""

from typing import Any

import pytest

from tests.makers.results.detection_diagnoses import diagnosis
from tests.makers.results.localization_pictures import axes_of, words
from zsar.callbacks.pictures.detection_errors.figure import class_colours, detection_error_figure, shown_ends


def test_every_class_has_a_bar_and_a_curve_in_one_colour() -> None:
    figure = detection_error_figure(diagnosis(n_classes=6), "title")
    bars = [patch for patch in axes_of(figure, "classes").patches]
    assert len(bars) == 6
    widths = [bar.get_width() for bar in bars]  # type: ignore[attr-defined]
    assert widths == sorted(widths, reverse=True)
    curves = [line for line in axes_of(figure, "curves").lines]
    assert {line.get_color() for line in curves} == set(class_colours([str(i) for i in range(6)]).values())


def test_a_curve_is_the_precision_up_to_each_recall() -> None:
    numbers = diagnosis(n_classes=1)
    (of_class,) = numbers["classes"]
    of_class.update(n_instances=4, recall=[0.25, 0.5], precision=[1.0, 0.5])
    (line,) = axes_of(detection_error_figure(numbers, "title"), "curves").lines
    assert line.get_xydata().tolist() == [[0, 1], [0.25, 1], [0.5, 0.5], [0.5, 0]]  # type: ignore[union-attr]
    assert line.get_drawstyle() == "steps-pre"


def test_many_classes_are_shown_from_both_ends_and_the_picture_says_so() -> None:
    numbers = diagnosis(n_classes=400)
    figure = detection_error_figure(numbers, "title")
    assert len(axes_of(figure, "classes").patches) == 40
    said = words(figure)
    assert "… 360 more …" in said
    assert "recall; in colour: the best and the worst four of 400 classes" in said
    assert figure.get_size_inches().tolist() == [15, pytest.approx(1.5 + 41 * 0.235)]


def test_names_are_literal_and_shortened() -> None:
    names = ["<script>alert(1)</script>", "$x_1$", "performing a complicated gymnastics routine on parallel bars"]
    said = words(detection_error_figure(diagnosis(n_classes=3, names=names), "title"))
    assert {"<script>alert(1)</script>", "$x_1$"} <= set(said)
    assert any(word.startswith("performing") and "…" in word for word in said)


@pytest.mark.parametrize("n_classes", [1, 3])
def test_a_diagnosis_without_predictions_says_so(n_classes: int) -> None:
    numbers = diagnosis(n_classes=n_classes, found_nothing=True)
    assert "no predictions" in words(detection_error_figure(numbers, "title"))
    assert any("0 predictions, 0 of them false" in word for word in words(detection_error_figure(numbers, "title")))


def test_classes_without_instances_are_left_out_and_their_predictions_are_mentioned() -> None:
    numbers: dict[str, Any] = diagnosis(n_classes=3)
    del numbers["classes"][2]["average_precision"]
    numbers["classes"][2]["n_instances"] = 0
    numbers["n_ignored_predictions"] = 7
    figure = detection_error_figure(numbers, "title")
    assert len(axes_of(figure, "classes").patches) == 2
    assert any("7 predictions of classes without instances do not count" in word for word in words(figure))


def test_the_ends_of_a_ranking() -> None:
    assert shown_ends(list("abc"), 4) == list("abc")
    assert shown_ends(list("abcdef"), 4) == ["a", "b", None, "e", "f"]
    assert list(class_colours([str(i) for i in range(20)])) == ["0", "1", "2", "3", "16", "17", "18", "19"]
