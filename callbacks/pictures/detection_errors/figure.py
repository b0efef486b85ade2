"""The picture of a diagnosis: curves and average precision by class, kinds of errors, what they cost, what is missed.

At most eight classes have a colour: all, or the four with the highest and the four with the lowest average precision.
At most 40 classes have a bar. The JSON file has all of them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine

from zsar.callbacks.pictures.detection_errors.error_figure import draw_best, draw_gains
from zsar.callbacks.pictures.detection_errors.missed_figure import draw_missed
from zsar.callbacks.pictures.figures import PALETTE
from zsar.callbacks.pictures.localization.class_colours import GREY
from zsar.callbacks.pictures.localization.text_fitting import shortened

_WIDTH, _LEAST_HEIGHT, _ROW = 15.0, 8.4, 0.235  # inches; the last is the height of a class
_FEW_ROWS, _MOST_ROWS = 16, 40  # bars are not thicker with fewer classes, nor thinner with more
_NAME_POINTS, _NAME_SIZE = 150, 8.5
_PALE = "#D5D5D5"


def detection_error_figure(numbers: Mapping[str, Any], title: str) -> Figure:
    """Draws a diagnosis.

    Args:
        numbers: From `error_numbers`.
        title: One line.

    Returns:
        The figure, 15 in wide; its axes are labelled "curves", "classes", "best", "gains" and "missed".
    """
    ranked = sorted(
        (c for c in numbers["classes"] if c["n_instances"]), key=lambda c: (-c["average_precision"], c["class"])
    )
    shown = shown_ends(ranked, _MOST_ROWS)
    height = max(_LEAST_HEIGHT, 1.5 + _ROW * len(shown))
    layout = ConstrainedLayoutEngine(w_pad=0.14, h_pad=0.12, rect=(0, 0, 1, 1 - 0.62 / height))
    figure = Figure(figsize=(_WIDTH, height), layout=layout)
    figure.text(0.14 / _WIDTH, 1 - 0.12 / height, shortened(title, 14.6 * 72, 13, bold=True), fontsize=13, va="top",
                fontweight="bold")  # fmt: skip
    figure.text(0.14 / _WIDTH, 1 - 0.4 / height, _summary(numbers), fontsize=9, color="dimgray", va="top")
    grid = figure.add_gridspec(2, 3, width_ratios=(1, 1.1, 0.95))
    colours = class_colours([c["class"] for c in ranked])
    _draw_curves(figure.add_subplot(grid[0, 0], label="curves"), ranked, colours)
    draw_best(figure.add_subplot(grid[1, 0], label="best"), numbers)
    draw_gains(figure.add_subplot(grid[0, 1], label="gains"), numbers)
    draw_missed(figure.add_subplot(grid[1, 1], label="missed"), numbers["missed"])
    _draw_classes(figure.add_subplot(grid[:, 2], label="classes"), shown, len(ranked), colours)
    return figure


def shown_ends(ranked: Sequence[Any], n: int) -> list[Any]:
    """The first and the last of a ranking, n in all, with None between them where some are left out."""
    if len(ranked) <= n:
        return list(ranked)
    return [*ranked[: n // 2], None, *ranked[-(n // 2) :]]


def class_colours(names: Sequence[str]) -> dict[str, str]:
    """Colours of the best and the worst classes of a ranking, by name; all others have none."""
    ends = [name for name in shown_ends(names, len(PALETTE)) if name is not None]
    return dict(zip(ends, PALETTE, strict=False))


def _summary(numbers: Mapping[str, Any]) -> str:
    n_false = numbers["n_predictions"] - numbers["n_found"]
    line = (
        f"mAP {numbers['map']:.1f} % at temporal IoU {numbers['iou_threshold']:g}; {numbers['n_found']} of "
        f"{numbers['n_instances']} instances found in {numbers['n_videos']} videos; {numbers['n_predictions']} "
        f"predictions, {n_false} of them false"
    )
    ignored = numbers["n_ignored_predictions"]
    return line + (f"; {ignored} predictions of classes without instances do not count" if ignored else "")


def _draw_curves(axes: Axes, ranked: Sequence[Mapping[str, Any]], colours: Mapping[str, str]) -> None:
    """Draws precision over recall; a class without any true positive is a dot at zero."""
    for of_class in reversed(ranked):  # the best in front
        colour = colours.get(of_class["class"], _PALE)
        recall, precision = of_class["recall"], of_class["precision"]
        if recall:
            x, y = [0.0, *recall, recall[-1]], [precision[0], *precision, 0.0]
            end = None if recall[-1] < 1 else -1  # at full recall there is nothing more to find
            axes.step(x[:end], y[:end], where="pre", color=colour, linewidth=1.6 if colour != _PALE else 0.7)
        else:
            axes.plot([0], [0], "o", color=colour, markersize=5, clip_on=False)
    n = len(ranked)
    axes.set(xlim=(0, 1.01), ylim=(0, 1.03), xlabel="recall", ylabel="precision")
    axes.set_title("Precision and recall by class", fontsize=10, loc="left")
    if n > len(PALETTE):
        axes.set_xlabel(f"recall; in colour: the best and the worst four of {n} classes", fontsize=8.5)
    axes.grid(color="#E5E5E5", linewidth=0.6)
    axes.spines[["top", "right"]].set_visible(False)


def _draw_classes(
    axes: Axes, shown: Sequence[Mapping[str, Any] | None], n_classes: int, colours: Mapping[str, str]
) -> None:
    """Draws a bar of average precision for each class, best first; None stands for those left out."""
    names = []
    for row, of_class in enumerate(shown):
        if of_class is None:
            names.append(f"… {n_classes - len(shown) + 1} more …")
            continue
        precision = of_class["average_precision"]
        axes.barh(row, precision, 0.72, color=colours.get(of_class["class"], GREY))
        found = f"{precision:.2f}  {of_class['n_found']} of {of_class['n_instances']}"
        axes.text(precision + 0.015, row, found, va="center", fontsize=7.5, color="#333333")
        names.append(shortened(of_class["class"], _NAME_POINTS, _NAME_SIZE))
    axes.set_yticks(range(len(names)), names, fontsize=_NAME_SIZE)
    axes.set(xlim=(0, 1.32), ylim=(max(len(names), _FEW_ROWS) - 0.4, -0.6))
    axes.set_xticks([0, 0.25, 0.5, 0.75, 1])
    axes.set_title("Average precision, instances found", fontsize=10, loc="left")
    axes.spines[["top", "right", "bottom"]].set_visible(False)
    axes.tick_params(axis="y", length=0)
