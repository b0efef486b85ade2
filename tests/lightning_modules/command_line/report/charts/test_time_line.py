import math

from tests.makers.report.drawn_charts import HOSTILE, notes, of_class, parsed, words
from zsar.lightning_modules.command_line.report.charts.time_line import Curve, Span, TimeRow, time_line


def test_segments_lie_where_they_happen() -> None:
    rows = [TimeRow("surf", [Span(10, 20, "annotated"), Span(12, 32, "found", "score 0.8")])]
    root = parsed(time_line(rows, duration_seconds=40, title="v_1"))
    (truth,), (found,) = of_class(root, "annotated"), of_class(root, "found")
    second = float(truth.get("width", "")) / 10
    assert abs(float(found.get("width", "")) - 20 * second) < 0.05
    assert abs(float(found.get("x", "")) - float(truth.get("x", "")) - 2 * second) < 0.05
    assert float(found.get("y", "")) > float(truth.get("y", ""))
    assert "surf, 12 s to 32 s, score 0.8" in notes(root)


def test_segments_that_do_not_overlap_share_a_line_and_short_ones_are_seen() -> None:
    root = parsed(
        time_line([TimeRow("a", [Span(0, 1, "found"), Span(5, 5.0001, "found")])], duration_seconds=9, title="v")
    )
    first, second = of_class(root, "found")
    assert first.get("y") == second.get("y")
    assert float(second.get("width", "")) >= 1.5


def test_curves_have_gaps_and_are_bounded() -> None:
    values = [math.sin(i / 50) for i in range(30_000)]
    values[100] = math.nan
    chart = time_line(
        [], duration_seconds=30, title="v", curves=[Curve("a", [i / 1000 for i in range(30_000)], values)]
    )
    assert len(chart) < 20_000
    assert of_class(parsed(chart), "line")[0].get("d", "").count("M") == 2


def test_long_videos_have_minutes() -> None:
    root = parsed(time_line([TimeRow("a", [Span(61, 120, "suppressed")])], duration_seconds=600, title="v"))
    assert "minutes:seconds" in words(root)
    assert "a, 1:01 to 2:00" in notes(root)
    assert "found, then taken back" in [span.text for span in root.iter("span")]


def test_names_are_text_and_it_says_in_words_what_is_seen() -> None:
    root = parsed(time_line([TimeRow(HOSTILE, [Span(1, 2, "found", HOSTILE)])], duration_seconds=4, title=HOSTILE))
    assert f"Segments in 4 s of video. {HOSTILE}: 1 s to 2 s (found)." in [desc.text for desc in root.iter("desc")]
