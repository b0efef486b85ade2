"""The picture of some answers of a test: frames of each video, its class, the answer, and the best probabilities."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from zsar.callbacks.pictures.errors.short_names import explained
from zsar.callbacks.pictures.errors.shown_answers import ShownAnswer
from zsar.callbacks.pictures.localization.text_fitting import shortened

Frames = NDArray[np.uint8]
N_FRAMES = 4
_INK, _PALE, _RIGHT, _WRONG, _OTHER = "#222222", "#6b6b6b", "#1a7f4b", "#b3261e", "#9a9a9a"
_MARGIN, _HEADER, _FRAME, _GAP = 0.2, 0.85, 1.0, 0.06  # inches
_TEXT, _BARS, _NAMES, _LINE = 3.2, 0.9, 2.5, 0.19


def draw_answers(
    answers: Sequence[ShownAnswer],
    frames: Sequence[Frames | None],
    *,
    heading: str,
    lead: str,
    short: dict[str, str],
) -> Figure:
    """Draws a row for each answer.

    Args:
        answers: At least one, in the order in which they are shown.
        frames: For each up to four frames, uint8 [n, h, w, 3]; None where there are none.
        heading: The first line.
        lead: The words that all class names begin with and that are left out; may be empty.
        short: The class names without them, by name.

    Returns:
        The figure: frames, class and answer, and bars of the best probabilities: green is the true class, red a wrong
        answer.
    """
    with_frames = any(images is not None for images in frames)
    strip = N_FRAMES * (_FRAME + _GAP) + 0.12 if with_frames else 0.0
    width = 2 * _MARGIN + strip + _TEXT + _BARS + 0.1 + _NAMES
    n_best = max(len(answer.best) for answer in answers)
    row = max(_FRAME if with_frames else 0.0, _LINE * n_best, 4 * _LINE) + 0.25
    height = _HEADER + row * len(answers) + 0.05
    figure = Figure(figsize=(width, height))
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set_xlim(0, width)
    axes.set_ylim(height, 0)  # inches from the upper left corner
    axes.set_axis_off()
    fitting = shortened(heading, (width - 2 * _MARGIN) * 72, 12, bold=True)
    axes.text(_MARGIN, 0.14, fitting, fontsize=12, fontweight="bold", color=_INK, va="top")
    axes.text(
        _MARGIN, 0.44, f"green: the true class, red: a wrong answer{explained(lead)}", fontsize=9, color=_PALE, va="top"
    )
    for place, (answer, images) in enumerate(zip(answers, frames, strict=True)):
        top = _HEADER + place * row
        axes.plot([_MARGIN, width - _MARGIN], [top - 0.12] * 2, color="#dddddd", linewidth=0.8)
        if images is not None:
            _draw_frames(axes, images, top)
        elif with_frames:
            text = "no frames: it could not be decoded again"
            axes.text(_MARGIN, top + _FRAME / 2, text, fontsize=9, color=_PALE, va="center")
        _draw_words(axes, answer, short, (_MARGIN + strip, top))
        _draw_probabilities(axes, answer, short, (_MARGIN + strip + _TEXT, top))
    axes.set_xlim(0, width)  # which imshow changed
    axes.set_ylim(height, 0)
    return figure


def _draw_frames(axes: Axes, images: Frames, top: float) -> None:
    height_px, width_px = images.shape[1:3]
    scale = _FRAME / max(height_px, width_px)
    width, height = width_px * scale, height_px * scale
    for column, image in enumerate(images):
        left = _MARGIN + column * (_FRAME + _GAP) + (_FRAME - width) / 2
        down = top + (_FRAME - height) / 2
        axes.imshow(image, extent=(left, left + width, down + height, down), aspect="auto", interpolation="antialiased")


def _draw_words(axes: Axes, answer: ShownAnswer, short: dict[str, str], corner: tuple[float, float]) -> None:
    x, y = corner
    points = (_TEXT - 0.2) * 72
    right = answer.kind == "doubtful"
    percent = f"{100 * answer.probability:.1f} %"
    lines = [(short[answer.true], _RIGHT, True), (f"recognized, {percent}", _INK, False)]
    if not right:
        of_true = f"true class {100 * answer.true_probability:.1f} %, place {answer.true_rank:,}"
        lines = [
            (short[answer.true], _RIGHT, True),
            (f"answer: {short[answer.answer]}", _WRONG, True),
            (f"{percent}; {of_true}", _INK, False),
        ]
    for text, colour, bold in (*lines, (answer.video, _PALE, False)):
        fitting = shortened(text, points, 9, bold=bold)
        axes.text(x, y, fitting, fontsize=9, color=colour, fontweight="bold" if bold else "normal", va="top")
        y += 0.22


def _draw_probabilities(axes: Axes, answer: ShownAnswer, short: dict[str, str], corner: tuple[float, float]) -> None:
    x, y = corner
    for place, (name, probability) in enumerate(answer.best):
        is_true, is_answer = name == answer.true, name == answer.answer
        colour = _RIGHT if is_true else _WRONG if is_answer else _OTHER
        centre = y + (place + 0.5) * _LINE
        axes.barh(centre, _BARS, 0.72 * _LINE, left=x, color="#eeeeee")
        axes.barh(centre, _BARS * probability, 0.72 * _LINE, left=x, color=colour)
        text = shortened(f"{100 * probability:.1f} % {short[name]}", _NAMES * 72, 8)
        axes.text(
            x + _BARS + 0.08, centre, text, fontsize=8, va="center", color=colour if is_true or is_answer else _PALE
        )
