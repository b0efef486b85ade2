from matplotlib.figure import Figure

from tests.makers.results.localization_pictures import words
from zsar.callbacks.pictures.cost.cost_chart import CostPoint
from zsar.callbacks.pictures.cost.cost_figure import cost_figure

COUNTED = CostPoint("t2l", "t2l", 8, 5.2, 293.0, None, None, None)
FOUR = CostPoint("t2l, 4 frames", "t2l", 4, 5.2, 147.0, 9.0, 100.0, 50.0)
EIGHT = CostPoint("t2l, 8 frames", "t2l", 8, 5.2, 293.0, 4.0, 150.0, 52.9)


def labels(figure: Figure) -> list[str]:
    return [str(axes.get_label()) for axes in figure.axes]


def test_what_was_not_measured_is_not_drawn() -> None:
    figure = cost_figure([COUNTED])
    assert labels(figure) == ["bars GFLOPs", "bars trained parameters, millions"]
    assert [bar.get_width() for bar in figure.axes[0].patches] == [293.0]  # type: ignore[attr-defined]
    assert {"293", "5.2"} <= set(words(figure))


def test_a_model_that_lacks_a_figure_has_a_dash() -> None:
    figure = cost_figure([COUNTED, EIGHT])
    speeds = figure.axes[1]
    assert speeds.get_label() == "bars per second, test"
    assert [bar.get_width() for bar in speeds.patches] == [4.0]  # type: ignore[attr-defined]
    assert "-" in words(figure)


def test_numbers_of_frames_of_a_series_are_a_line_in_order() -> None:
    figure = cost_figure([EIGHT, FOUR])
    (axes,) = (axes for axes in figure.axes if axes.get_label() == "over frames per second, test")
    (line,) = axes.lines
    assert (list(line.get_xdata()), list(line.get_ydata())) == ([4, 8], [9.0, 4.0])  # type: ignore[arg-type]


def test_accuracy_is_over_throughput_with_bubbles_of_gflops() -> None:
    figure = cost_figure([FOUR, EIGHT])
    axes = figure.axes[-1]
    assert axes.get_label() == "accuracy"
    four, eight = axes.collections
    assert four.get_offsets().tolist() == [[9.0, 50.0]]  # type: ignore[union-attr]
    ratio = eight.get_sizes()[0] / four.get_sizes()[0]  # type: ignore[attr-defined]
    assert abs(ratio - 293 / 147) < 1e-6
    assert "t2l, 8 frames (5.2 M trained)" in words(figure)
