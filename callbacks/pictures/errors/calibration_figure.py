"""The picture of a set's calibration: reliability, risk against coverage, and a table of thresholds."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from zsar.callbacks.pictures.errors.calibrated_set import CalibratedSet, nearest_coverages
from zsar.callbacks.pictures.errors.calibration_numbers import Threshold
from zsar.callbacks.pictures.localization.text_fitting import shortened

_INK, _PALE, _GRID = "#222222", "#6b6b6b", "#dddddd"
_RIGHT, _SURE, _MODEST, _RISK = "#3b75af", "#e0917f", "#8cc5a2", "#8a3fa0"
_WIDTH, _HEADER, _PANEL, _COUNTS, _ROW = 10.6, 1.15, 3.6, 0.75, 0.25  # inches
_MOST_POINTS = 2_000  # of a curve; the JSON file has all
_LABELS_ON_THE_LEFT = 0.6  # from this coverage on; below, labels are on the right
_MOST_SETS = 2  # others that a threshold is shown for


def draw_calibration(one: CalibratedSet, sets: Mapping[str, CalibratedSet]) -> Figure:
    """Draws the calibration of a set.

    Args:
        one: The set.
        sets: All sets of the test, by name; the table says what a threshold does to the others.

    Returns:
        The figure: on the left accuracy against confidence, with the number of videos of each bin below; on the right
        risk against coverage, with the thresholds for some risks; below, these thresholds in a table.
    """
    others = [name for name in sets if name != one.set_name][:_MOST_SETS]
    table = 0.75 + _ROW * len(one.at_risks())
    height = _HEADER + _PANEL + 0.1 + _COUNTS + 0.55 + table
    figure = Figure(figsize=(_WIDTH, height))
    title = shortened(one.summary, (_WIDTH - 0.4) * 72, 12, bold=True)
    figure.text(0.2 / _WIDTH, 1 - 0.12 / height, title, fontsize=12, fontweight="bold", color=_INK, va="top")
    figure.text(0.2 / _WIDTH, 1 - 0.4 / height, one.reach, fontsize=9, color=_PALE, va="top")
    top = 1 - (_HEADER + _PANEL) / height
    curve = figure.add_axes((0.75 / _WIDTH, top, 4.1 / _WIDTH, _PANEL / height))
    bottom = top - (0.1 + _COUNTS) / height
    counts = figure.add_axes((0.75 / _WIDTH, bottom, 4.1 / _WIDTH, _COUNTS / height))
    _draw_reliability(curve, counts, one)
    whole = (_PANEL + 0.1 + _COUNTS) / height
    _draw_risk(figure.add_axes((6.0 / _WIDTH, bottom, 4.35 / _WIDTH, whole)), one)
    axes = figure.add_axes((0.2 / _WIDTH, 0, (_WIDTH - 0.4) / _WIDTH, table / height))
    further = max(0, len(sets) - 1 - len(others))
    _draw_table(axes, one, [sets[name] for name in others], n_further=further, height=table)
    return figure


def _draw_reliability(axes: Axes, counts: Axes, one: CalibratedSet) -> None:
    curve = one.reliability
    edges, n = np.array(curve.edges), np.array(curve.n)
    widths = np.diff(edges)
    for start, width, confidence, accuracy in zip(edges, widths, curve.confidence, curve.accuracy, strict=False):
        if accuracy is not None and confidence is not None:
            both, most = sorted((accuracy, confidence))
            gap = _SURE if confidence > accuracy else _MODEST
            for low, high, colour in ((0.0, both, _RIGHT), (both, most, gap)):
                axes.bar(start, high - low, width, bottom=low, align="edge", color=colour, edgecolor="white")
    axes.plot([0, 1], [0, 1], color=_INK, linewidth=1, linestyle=(0, (4, 3)))
    axes.set_title("Can its probabilities be trusted?", fontsize=10, loc="left", color=_INK, pad=20)
    keys = ((_RIGHT, "right answers"), (_SURE, "too sure: right less often"), (_MODEST, "too modest: more often"))
    for place, (colour, text) in zip((0.0, 0.25, 0.66), keys, strict=True):
        axes.text(place, 1.025, "■", fontsize=8.5, color=colour, transform=axes.transAxes)
        axes.text(place + 0.035, 1.025, text, fontsize=8.5, color=_PALE, transform=axes.transAxes)
    axes.set_ylabel("share of right answers", fontsize=9)
    axes.set_xticklabels([])
    counts.bar(edges[:-1], n, widths, align="edge", color="#9a9a9a", edgecolor="white", linewidth=0.8)
    counts.set_ylabel("videos", fontsize=9)
    of_what = "softmax probability" if one.by_own else "probability"
    counts.set_xlabel(f"{of_what} of the answer ({len(n)} bins)", fontsize=9)
    counts.set_ylim(0, max(1, int(n.max())) * 1.3)
    for start, width, number in zip(edges, widths, n, strict=False):
        if number:
            text = str(number) if number < 1_000 else f"{number / 1000:.1f}k"
            counts.text(start + width / 2, number, text, ha="center", va="bottom", fontsize=6.5, color=_PALE)
    counts.yaxis.set_major_locator(MaxNLocator(2, integer=True))
    for panel in (axes, counts):
        panel.set_xlim(0, 1)
    axes.set_ylim(0, 1)
    _style(axes)
    _style(counts)


def _draw_risk(axes: Axes, one: CalibratedSet) -> None:
    curve = one.risk_coverage
    points = nearest_coverages(curve, _MOST_POINTS)
    coverage, risk = (np.array(values)[points] for values in (curve.coverage, curve.risk))
    axes.plot(coverage, risk, color=_RISK, linewidth=1.8)
    if len(points) == 1:
        axes.plot(coverage, risk, "o", color=_RISK, clip_on=False)
    most = max(float(risk.max()), 0.02)
    for accepted, found in one.at_risks():
        if found is not None and found.risk is not None and found.coverage < 1:
            axes.plot(found.coverage, found.risk, "o", color=_RISK, markersize=5)
            left = found.coverage > _LABELS_ON_THE_LEFT
            axes.annotate(
                f"{100 * accepted:g} %: threshold {found.threshold:g}", (found.coverage, found.risk),
                xytext=(-7, 5) if left else (7, -9), textcoords="offset points", ha="right" if left else "left",
                fontsize=8, color=_INK,
            )  # fmt: skip
    axes.set_title("What does “none of these” buy?", fontsize=10, loc="left", color=_INK, pad=20)
    aurc = f"area under the curve {100 * curve.aurc:.1f} %; in the best order of videos {100 * curve.best_aurc:.1f} %"
    axes.text(0, 1.02, aurc, fontsize=8.5, color=_PALE, transform=axes.transAxes)
    how = " by its own probability" if one.by_own else ""
    axes.set_xlabel(f"coverage: share of videos that get an answer{how}", fontsize=9)
    axes.set_ylabel("risk: share of wrong answers among them", fontsize=9)
    axes.set_xlim(0, 1.005)
    axes.set_ylim(0, most * 1.18)
    _style(axes)


def _draw_table(axes: Axes, one: CalibratedSet, others: list[CalibratedSet], *, n_further: int, height: float) -> None:
    """The threshold for each accepted risk, and what it does here and on the other sets."""
    axes.set_xlim(0, _WIDTH - 0.4)
    axes.set_ylim(0, height)
    axes.set_axis_off()
    y = height - 0.12
    heading = "`zsar classify --threshold` for an accepted share of wrong answers, as found on these videos"
    if one.by_own:
        heading += " (own probability)"
    if n_further:
        heading += f" ({n_further} more set{'' if n_further == 1 else 's'} in the JSON file)"
    axes.text(0, y, heading, fontsize=9.5, fontweight="bold", color=_INK, va="top")
    columns = [0.0, 1.5, *(3.0 + 2.4 * i for i in range(1 + len(others)))]
    heads = ["at most wrong", "threshold", one.set_name, *(f"on {other.set_name}" for other in others)]
    y -= 0.3
    for x, text in zip(columns, heads, strict=True):
        axes.text(x, y, shortened(text, 2.3 * 72, 8.5), fontsize=8.5, color=_PALE, va="top")
    for risk, found in one.at_risks():
        y -= _ROW
        cells = [f"{100 * risk:g} %", _written(found)]
        if found is not None:
            cells += [_effect(found), *(_effect(o.risk_coverage.at(found.threshold)) for o in others)]
        for x, text in zip(columns, cells, strict=False):
            axes.text(x, y, text, fontsize=8.5, color=_INK, va="top")


def _written(found: Threshold | None) -> str:
    if found is None:
        return "none"
    return f"{found.threshold:g}" if found.threshold else "0, always answers"


def _effect(threshold: Threshold) -> str:
    if threshold.risk is None:
        return "answers nothing"
    return f"answers {100 * threshold.coverage:.1f} %, {100 * threshold.risk:.1f} % wrong"


def _style(axes: Axes) -> None:
    axes.grid(color=_GRID, linewidth=0.6)
    axes.set_axisbelow(True)
    axes.tick_params(labelsize=8, color=_GRID, labelcolor=_PALE)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    for side in ("left", "bottom"):
        axes.spines[side].set_color("#999999")
