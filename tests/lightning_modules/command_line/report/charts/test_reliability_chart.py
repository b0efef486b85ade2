from tests.makers.report.drawn_charts import HOSTILE, notes, of_class, parsed
from zsar.lightning_modules.command_line.report.charts.reliability_chart import ReliabilitySeries, reliability_chart


def test_bins_that_are_calibrated_lie_on_the_diagonal() -> None:
    series = ReliabilitySeries(
        "T2L", [0.25, 0.5, 0.75], [0.25, 0.5, 0.75], [10, 30, 60], [(0.2, 0.3), (0.4, 0.6), (0.7, 0.8)]
    )
    root = parsed(reliability_chart([series], title="Reliability"))
    (line,), (diagonal,) = of_class(root, "line"), of_class(root, "reference")
    (x0, y0), (x1, y1) = (tuple(map(float, p.split())) for p in diagonal.get("d", "")[1:].split("L"))
    for point in line.get("d", "")[1:].split("L"):
        x, y = map(float, point.split())
        assert abs((x - x0) / (x1 - x0) - (y - y0) / (y1 - y0)) < 0.001
    heights = [float(bar.get("height", "")) for bar in of_class(root, "fill")]
    assert abs(heights[2] - 6 * heights[0]) < 0.1
    assert abs(heights[1] - 3 * heights[0]) < 0.1
    assert "T2L: 40 to 60 % confident: 50.0 % right of 30 videos" in notes(root)


def test_several_models_share_the_width_of_a_bin_and_none_is_fine() -> None:
    one = ReliabilitySeries(HOSTILE, [0.5], [1.0], [4], [(0.4, 0.6)])
    root = parsed(reliability_chart([one, one], title=HOSTILE))
    first, second = of_class(root, "fill")
    assert float(first.get("x", "")) + float(first.get("width", "")) <= float(second.get("x", "")) + 0.02
    parsed(reliability_chart([ReliabilitySeries("none", [], [], [], [])], title="Reliability"))


def test_a_model_can_keep_the_style_of_its_run() -> None:
    one = ReliabilitySeries("T2L", [0.5], [1.0], [4], [(0.4, 0.6)], style=3)
    (line,) = of_class(parsed(reliability_chart([one], title="Reliability")), "line")
    assert line.get("class", "").split()[0] == "s3"
