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
from zsar.datamodules.views.frame_sampling import centre_indices
from zsar.lightning_modules.command_line.picture_options import COMMAND, PictureOptions
from zsar.lightning_modules.run_folders.run_folder import RESULT_FILES
from zsar.runtime.terminal import say, say_of
from zsar.runtime.text.json_files import json_value
from zsar.runtime.text.json_values import JsonValue
from zsar.runtime.text.text_files import fault_in
from zsar.runtime.text.text_tables import read_table

_N_FRAMES = 6
_TEXT_WIDTH, _MARGIN, _TITLE = 4.2, 0.2, 0.35  # inches
_COLOURS = {True: "tab:green", False: "tab:red"}


def main(arguments: Sequence[str] | None = None) -> int:
    """Parses the command line and runs the command.

    Args:
        arguments: The command line after `zsar picture`; None for the real one.

    Returns:
        As of `run`.
    """
    return run(COMMAND.parse(arguments))


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
    title = f"{len(videos)} of {len(first)} videos of the set {options.set!r}, evenly spread"
    figure, problems = _draw(root, videos, "accept" if accepts else "raise", title)
    say(f"wrote {save_figure(figure, options.output)}")
    for problem in problems:
        say_of("red", "not shown:", problem)
    return 1 if problems else 0


def _read(run: Path, set_name: str) -> list[dict[str, str]]:
    path = run / f"predictions_{set_name}.csv"
    if not path.is_file():
        sets = sorted(table.stem.removeprefix("predictions_") for table in run.glob("predictions_*.csv"))
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


def _inside(width: float, height: float) -> tuple[float, float, float, float]:
    """The part of a page, as left, bottom, width and height, inside its margins and below its title."""
    return _MARGIN / width, _MARGIN / height, 1 - 2 * _MARGIN / width, 1 - (2 * _MARGIN + _TITLE) / height


def _draw(
    root: Path, videos: Sequence[dict[str, dict[str, str]]], on_damage: OnDamage, title: str
) -> tuple[Figure, list[str]]:
    """One row per video: left the true class and each run's prediction, green if correct; right its frames.

    Returns:
        The figure, and the problems of videos that cannot be shown; their rows have no frames.
    """
    problems = []
    height = max(1.1, 0.35 + 0.32 * len(videos[0]))
    width, tall = _TEXT_WIDTH + 1.1 * _N_FRAMES + 2 * _MARGIN, height * len(videos) + _TITLE + 2 * _MARGIN
    layout = ConstrainedLayoutEngine(w_pad=0.02, h_pad=0.03, wspace=0.0, hspace=0.0, rect=_inside(width, tall))
    figure = Figure(figsize=(width, tall), layout=layout)
    figure.text(_MARGIN / width, 1 - _MARGIN / tall, title, fontsize=11, fontweight="bold", va="top", wrap=True)
    grid = figure.add_gridspec(len(videos), 1 + _N_FRAMES, width_ratios=[_TEXT_WIDTH] + [1.1] * _N_FRAMES)
    for row, answers in enumerate(videos):
        truth = next(iter(answers.values()))
        text = figure.add_subplot(grid[row, 0])
        text.set_axis_off()
        lines = [(truth["label"], "black", "bold")]
        for name, answer in answers.items():
            correct = answer["prediction"] == truth["label"]
            prediction = answer["prediction"] or "not decoded"
            lines.append((f"{'✓' if correct else '✗'} {name}: {prediction}", _COLOURS[correct], "normal"))
        for number, (line, colour, weight) in enumerate(lines):
            place = 1 - (number + 0.5) / len(lines)
            text.text(0, place, line, color=colour, fontweight=weight, fontsize=8, va="center", wrap=True)
        try:
            with VideoReader(root / truth["path"], on_damage=on_damage) as reader:
                frames = reader.frames_at_indices(centre_indices(reader.n_frames, _N_FRAMES).tolist())
        except VideoDecodeError as error:
            problems.append(str(error))
            continue
        for column, frame in enumerate(frames, start=1):
            axis = figure.add_subplot(grid[row, column])
            axis.imshow(frame.permute(1, 2, 0).numpy())
            axis.set_axis_off()
    return figure, problems
