"""`zsar picture`: frames of test videos with their true class and the predictions of several runs."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine

from zsar.callbacks.pictures.figures import save_figure
from zsar.datamodules.video_files.decoding import VideoDecodeError, VideoReader
from zsar.datamodules.video_files.whole_decoding import OnDamage
from zsar.lightning_modules.command_line.picture_options import PictureOptions
from zsar.lightning_modules.run_folders.prediction_files import prediction_tables
from zsar.lightning_modules.run_folders.run_folder import RESULT_FILES
from zsar.runtime.terminal import say, say_of
from zsar.runtime.text.json_files import json_value
from zsar.runtime.text.json_values import JsonValue
from zsar.runtime.text.text_files import fault_in
from zsar.runtime.text.text_tables import read_table

_N_FRAMES = 6
_TEXT_WIDTH = 4.2  # inches, as are the following
_MARGIN = 0.15
_TITLE_HEIGHT = 0.4
_COLOURS = {"✓": "tab:green", "✗": "tab:red", "": "black"}


def run(options: PictureOptions) -> int:
    """Runs the command.

    Args:
        options: The parsed command line.

    Returns:
        0, or 1 if a video cannot be shown; the others are still drawn.

    Raises:
        ValueError: A run has no predictions of the set, or the runs were tested on different videos.
    """
    tables = {run.resolve().name: _read(run, options.set) for run in options.runs}
    first = next(iter(tables.values()))
    for name, rows in tables.items():
        if [row["path"] for row in rows] != [row["path"] for row in first]:
            raise ValueError(f"{name} was tested on other videos than {next(iter(tables))}; compare runs on one set")
    root = Path(_data(options.runs[0], options.set)["roots"][options.set].text())
    # Damaged frames are shown if one of the runs accepted them.
    accepts = any(_accepts_damage(_data(run, options.set)) for run in options.runs)
    # Evenly spread over the set, not chosen by which run was right.
    chosen = np.linspace(0, len(first) - 1, min(options.count, len(first))).round().astype(int)
    videos = [{name: rows[i] for name, rows in tables.items()} for i in chosen]
    title = f"{len(videos)} of {len(first)} videos of the set {options.set}"
    figure, problems = _draw(root, videos, title=title, on_damage="accept" if accepts else "raise")
    say(f"wrote {save_figure(figure, options.output)}")
    for problem in problems:
        say_of("red", "not shown:", problem)
    return 1 if problems else 0


def _read(run: Path, set_name: str) -> list[dict[str, str]]:
    tables = prediction_tables(run)
    path = next((path for name, path in tables if name == set_name), None)
    if path is None:
        sets = sorted({name for name, _ in tables})
        remedy = " or ".join(f"--set {name}" for name in sets) or f"run `zsar test` with --run_dir {run} first"
        raise ValueError(f"{run} has no predictions of the set {set_name!r}; {'give ' if sets else ''}{remedy}")
    rows = read_table(path, "predictions", columns=("path",), may_be_empty=("label", "prediction"), by_zsar=True)
    if not rows:
        raise fault_in(path, "holds no predictions; run the test again")
    return [dict(row.cells) for row in rows]


def _data(run: Path, set_name: str) -> JsonValue:
    """The data settings of a result."""
    stage = {"val": "validate", "predict": "predict"}.get(set_name, "test")
    return json_value(run / RESULT_FILES[stage], "result", bytes_of_names=True)["data"]


def _accepts_damage(data: JsonValue) -> bool:
    return isinstance(data.value, dict) and data.value.get("on_damage") == "accept"


def _draw(
    root: Path, videos: Sequence[dict[str, dict[str, str]]], *, title: str, on_damage: OnDamage
) -> tuple[Figure, list[str]]:
    """One row per video: left the true class and each run's prediction, green if correct; right its frames.

    Returns:
        The figure, and the problems of videos that cannot be shown; their rows have no frames.
    """
    problems = []
    figure = _titled_figure(max(1.1, 0.35 + 0.32 * len(videos[0])) * len(videos), title)
    grid = figure.add_gridspec(len(videos), 1 + _N_FRAMES, width_ratios=[_TEXT_WIDTH] + [1.1] * _N_FRAMES)
    for row, answers in enumerate(videos):
        truth = next(iter(answers.values()))
        text = figure.add_subplot(grid[row, 0])
        text.set_axis_off()
        lines = [(truth["label"] or truth["path"], "black", "bold")]
        for name, answer in answers.items():
            mark = "" if not truth["label"] else "✓" if answer["prediction"] == truth["label"] else "✗"
            line = f"{mark} {name}: {answer['prediction'] or 'not decoded'}".strip()
            lines.append((line, _COLOURS[mark], "normal"))
        for number, (line, colour, weight) in enumerate(lines):
            place = 1 - (number + 0.5) / len(lines)
            text.text(0, place, line, color=colour, fontweight=weight, fontsize=8, va="center", wrap=True)
        try:
            with VideoReader(root / truth["path"], on_damage=on_damage) as reader:
                # the middles of equal parts of the video; torch is not needed for that
                middles = (2 * np.arange(_N_FRAMES) + 1) * reader.n_frames // (2 * _N_FRAMES)
                images = reader.images_at_indices(middles.tolist())
        except VideoDecodeError as error:
            problems.append(str(error))
            continue
        for column, image in enumerate(images, start=1):
            axis = figure.add_subplot(grid[row, column])
            axis.imshow(image)
            axis.set_axis_off()
    return figure, problems


def _titled_figure(height: float, title: str) -> Figure:
    """An empty figure with a margin on all sides and a title; `height` in inches, of all rows."""
    width, whole = _TEXT_WIDTH + 1.1 * _N_FRAMES + 2 * _MARGIN, height + 2 * _MARGIN + _TITLE_HEIGHT
    rows = (_MARGIN / width, _MARGIN / whole, 1 - 2 * _MARGIN / width, height / whole)  # left, bottom, width, height
    layout = ConstrainedLayoutEngine(w_pad=0.02, h_pad=0.03, wspace=0.0, hspace=0.0, rect=rows)
    figure = Figure(figsize=(width, whole), layout=layout)
    figure.text(_MARGIN / width, 1 - _MARGIN / whole, title, ha="left", va="top", fontsize=11, fontweight="bold")
    return figure
