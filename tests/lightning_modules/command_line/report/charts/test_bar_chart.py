import pytest

from tests.makers.report.drawn_charts import HOSTILE, notes, of_class, parsed, words
from zsar.lightning_modules.command_line.report.charts.bar_chart import WIDTH, Bar, bar_chart

LABELS = {"title": "Top-1", "x_label": "top-1, %"}


def test_bars_are_as_long_as_their_values() -> None:
    root = parsed(bar_chart([Bar("a", 80.0), Bar("b", 20.0, style=2), Bar("c", 0.0)], **LABELS))
    a, b, c = (float(bar.get("width", "")) for bar in of_class(root, "fill"))
    assert a == pytest.approx(4 * b, abs=0.05)
    assert c == 0
    assert {"80.0", "20.0", "0.0", "a", "b"} <= set(words(root))


def test_deviations_and_references_are_drawn_and_said() -> None:
    bars = [Bar("a", 80.0, deviation=1.25, reference=90.0), Bar("b", 20.0)]
    root = parsed(bar_chart(bars, reference_name="published", **LABELS))
    assert len(of_class(root, "whisker")) == len(of_class(root, "against")) == 1
    assert "a: 80.0 ± 1.2, published: 90" in notes(root)
    assert [span.text for span in root.iter("span")] == ["published"]


def test_a_reference_that_no_bar_has_is_not_in_the_legend() -> None:
    assert not list(parsed(bar_chart([Bar("a", 1.0)], reference_name="published", **LABELS)).iter("span"))


def test_long_names_are_cut_and_said_whole() -> None:
    name = "a name that goes on and on, and then on and on for very long"
    root = parsed(bar_chart([Bar(name, 50.0, deviation=3.0), Bar("打篮球" * 20, 100.0)], **LABELS))
    assert any(note.startswith(name) for note in notes(root))
    for bar in of_class(root, "fill"):
        assert float(bar.get("x", "")) < WIDTH / 2 + 5


def test_all_values_zero_and_names_that_are_markup() -> None:
    root = parsed(bar_chart([Bar(HOSTILE, 0.0)], **LABELS))
    assert f"{HOSTILE}: 0.0" in notes(root)
