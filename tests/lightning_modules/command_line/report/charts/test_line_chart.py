import math
import re

from tests.makers.report.drawn_charts import HOSTILE, notes, of_class, parsed, words
from zsar.lightning_modules.command_line.report.charts.line_chart import HEIGHT, WIDTH, Series, in_words, line_chart

LABELS = {"title": "Loss", "x_label": "step", "y_label": "loss"}


def places(path: str) -> list[tuple[float, float]]:
    return [(float(x), float(y)) for x, y in re.findall(r"[ML]([\d.]+) ([\d.]+)", path)]


def test_a_line_goes_through_its_points() -> None:
    root = parsed(line_chart([Series("T2L", [0, 5, 10], [0.0, 4.0, 2.0])], **LABELS))
    (line,) = of_class(root, "line")
    (x0, y0), (x1, y1), (x2, y2) = places(line.get("d", ""))
    assert math.isclose(x1 - x0, x2 - x1)
    assert math.isclose(y0 - y1, 2 * (y0 - y2))
    assert 0 < x0 < x2 < WIDTH
    assert 0 < y1 < y0 < HEIGHT
    assert "T2L: 4 at 5" in notes(root)
    assert {"step", "loss", "0", "10"} <= set(words(root))


def test_series_differ_without_colour_and_are_in_the_legend() -> None:
    root = parsed(line_chart([Series(f"run {i}", [0, 1], [i, i + 1]) for i in range(9)], **LABELS))
    styles = [line.get("class", "").split()[0] for line in of_class(root, "line")]
    assert styles == [f"s{i}" for i in (1, 2, 3, 4, 5, 6, 7, 8, 1)]
    assert [span.text for span in root.iter("span")] == [f"run {i}" for i in range(9)]


def test_a_line_alone_needs_no_legend() -> None:
    assert not list(parsed(line_chart([Series("only", [0, 1], [1, 2])], **LABELS)).iter("li"))


def test_values_that_are_missing_are_gaps() -> None:
    root = parsed(line_chart([Series("a", range(5), [1.0, 2.0, math.nan, 3.0, 4.0])], **LABELS))
    assert of_class(root, "line")[0].get("d", "").count("M") == 2


def test_a_logarithmic_axis_has_equal_steps_for_equal_factors_and_no_zero() -> None:
    root = parsed(line_chart([Series("a", range(4), [100.0, 10.0, 1.0, 0.0])], log_y=True, **LABELS))
    (_, y0), (_, y1), (_, y2) = places(of_class(root, "line")[0].get("d", ""))
    assert math.isclose(y1 - y0, y2 - y1, abs_tol=0.02)


def test_long_series_are_bounded_and_short_ones_marked_at_each_point() -> None:
    long, short = Series("long", range(50_000), [1 / (1 + i) for i in range(50_000)]), Series("short", [0, 9], [1, 2])
    chart = line_chart([long, short], **LABELS)
    assert len(chart) < 20_000
    root = parsed(chart)
    assert len(of_class(root, "mark")) == 5 + 2


def test_nothing_to_draw_and_a_single_point_are_charts_too() -> None:
    parsed(line_chart([Series("none", [], [])], **LABELS))
    root = parsed(line_chart([Series("one", [3], [0.5])], **LABELS))
    assert len(of_class(root, "mark")) == 1


def test_it_says_in_words_what_there_is_to_see() -> None:
    said = in_words([Series("a", [0, 1, 2], [3.0, 1.0, 2.0]), Series("b", [], [])], "step", "loss")
    assert said == "loss over step. a: from 3 to 2, lowest 1, highest 3 at 0; b: no values."


def test_names_are_text() -> None:
    root = parsed(line_chart([Series(HOSTILE, [0, 1], [1, 2]), Series("b", [0], [1])], **{**LABELS, "title": HOSTILE}))
    assert HOSTILE in [span.text for span in root.iter("span")]
    assert root[0].text == HOSTILE


def test_a_diagonal_goes_from_corner_to_corner() -> None:
    limits = {"x_limits": (0.0, 1.0), "y_limits": (0.0, 1.0)}
    root = parsed(line_chart([Series("a", [0, 1], [0, 1])], diagonal="perfect", **limits, **LABELS))
    (reference,) = of_class(root, "reference")
    assert places(reference.get("d", "")) == places(of_class(root, "line")[0].get("d", ""))
    assert "perfect" in [span.text for span in root.iter("span")]


def test_a_series_can_keep_the_style_of_its_run() -> None:
    root = parsed(line_chart([Series("a", [0, 1], [0, 1], style=3), Series("b", [0, 1], [1, 2])], **LABELS))
    assert [line.get("class", "").split()[0] for line in of_class(root, "line")] == ["s3", "s2"]
