"""The panels on kinds of errors."""

import pytest
from matplotlib.figure import Figure

from tests.makers.results.detection_diagnoses import diagnosis
from zsar.callbacks.pictures.detection_errors.error_figure import COLOURS, draw_best, draw_gains, kind_name
from zsar.callbacks.pictures.detection_errors.error_kinds import KINDS


def test_each_kind_has_a_colour_of_its_own() -> None:
    assert set(COLOURS) == set(KINDS)
    assert len(set(COLOURS.values())) == len(KINDS)


def test_bars_of_the_best_predictions_sum_to_a_hundred_and_end_where_there_are_no_more() -> None:
    axes = Figure().add_subplot()
    numbers = diagnosis(n_classes=4)
    draw_best(axes, numbers)
    totals: dict[float, float] = {}
    for bar in axes.patches:
        place = round(bar.get_x(), 3)  # type: ignore[attr-defined]
        totals[place] = totals.get(place, 0) + bar.get_height()  # type: ignore[attr-defined]
    assert list(totals.values()) == pytest.approx([100] * len(totals))
    counts = [sum(best[kind] for kind in KINDS) for best in numbers["best_predictions"]]
    assert len(totals) == len(set(counts)) < 10  # three predictions for each instance are no ten
    labels = [label.get_text() for label in axes.get_xticklabels()]
    assert labels[:2] == [f"G\n{counts[0]}", f"2G\n{counts[1]}"]


def test_gains_are_those_of_the_numbers() -> None:
    axes = Figure().add_subplot()
    numbers = diagnosis(n_classes=4)
    draw_gains(axes, numbers)
    labels = [label.get_text() for label in axes.get_yticklabels()]
    together = sum(numbers["errors"][kind] for kind in ("too_early", "too_late", "too_long", "too_short"))
    assert labels[0] == f"true positive: {numbers['n_found']}"
    assert f"localization: {together}" in labels
    assert f"of these, too early: {numbers['errors']['too_early']}" in labels
    said = [text.get_text() for text in axes.texts]
    assert said[:2] == [f"+{numbers['gain'][kind]:.1f}" for kind in ("double_detection", "wrong_label")]
    assert len(said) == len(labels) - 1  # a true positive costs nothing


def test_names_of_kinds_are_words() -> None:
    assert kind_name("wrong_label") == "wrong label"
