"""The picture of results."""

import subprocess
import sys

import pytest
from matplotlib.figure import Figure

from tests.makers.results.localization_pictures import axes_of, words
from zsar.callbacks.pictures.result_chart import Published, ResultBar, ResultChart
from zsar.callbacks.pictures.result_figure import result_figure, row_style


def oracle_chart() -> ResultChart:
    bars = (
        ResultBar("t3al", 10.0, 2.0, (8.0, 12.0), Published(10.4, None, "T3AL Table 1"), {"0.3": 15.0, "0.5": 5.0}),
        ResultBar("oracle", 20.0, None, (20.0,), None, {"0.3": 30.0, "0.5": 10.0}),
    )
    return ResultChart("mAP in %", bars, "temporal IoU")


def test_each_row_has_a_bar_a_label_and_a_curve() -> None:
    figure = result_figure([oracle_chart()])
    bars = axes_of(figure, "bars 0")
    assert [bar.get_width() for bar in bars.patches] == [10, 20]  # type: ignore[attr-defined]
    assert [label.get_text() for label in bars.get_yticklabels()] == ["t3al", "oracle"]
    said = words(figure)
    assert {"10.0 ± 2.0   published: 10.4, T3AL Table 1", "20.0"} <= set(said)
    assert {"± sample standard deviation", "a run", "published"} <= set(said)
    curves = axes_of(figure, "curves 0")
    assert [line.get_ydata().tolist() for line in curves.lines] == [[15, 5], [30, 10]]  # type: ignore[union-attr]
    assert [line.get_color() for line in curves.lines] == [row_style(0)[0], row_style(1)[0]]
    assert [label.get_text() for label in curves.get_xticklabels()] == ["0.3", "0.5"]
    assert curves.get_ylim()[1] > 30


def test_the_published_mark_is_at_its_figure() -> None:
    bars = axes_of(result_figure([oracle_chart()]), "bars 0")
    marks = [line.get_xdata() for line in bars.lines if line.get_linewidth() == 2.4]
    assert [list(mark) for mark in marks] == [[10.4, 10.4]]  # type: ignore[arg-type]


def test_charts_of_other_figures_are_below_and_need_no_curves() -> None:
    accuracy = ResultChart("top-1 in percent", (ResultBar("frozen", 50.0, None, (50.0,)),))
    figure = result_figure([oracle_chart(), accuracy])
    assert [axes.get_label() for axes in figure.axes] == ["bars 0", "curves 0", "bars 1"]
    assert "± sample standard deviation" not in words(result_figure([accuracy]))


def test_names_are_literal_and_many_rows_make_a_higher_page() -> None:
    names = ["<script>alert(1)</script>", "$x$", *(f"{'long ' * 30}{i}" for i in range(40))]
    chart = ResultChart("top-1", tuple(ResultBar(name, 1.0, None, (1.0,)) for name in names))
    figure = result_figure([chart])
    labels = [label.get_text() for label in axes_of(figure, "bars 0").get_yticklabels()]
    assert labels[:2] == names[:2]
    assert all("…" in label for label in labels[2:])
    assert figure.get_size_inches()[1] == pytest.approx(1.3 + 0.38 * 42)


def test_a_row_without_anything_right_can_be_drawn() -> None:
    assert isinstance(result_figure([ResultChart("top-1", (ResultBar("none", 0.0, None, (0.0,)),))]), Figure)


def test_32_rows_can_be_told_apart() -> None:
    assert len({row_style(row) for row in range(32)}) == 32


def test_torch_is_not_needed() -> None:
    code = "import sys, zsar.callbacks.pictures.result_figure; print('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "False\n"
