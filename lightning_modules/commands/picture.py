"""`zsar picture`: frames of test videos, their true names, and what several runs said of them."""

from __future__ import annotations

import argparse
import csv
import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from callbacks.figures import save_figure
from datamodules.decoding import VideoReader
from datamodules.frame_sampling import centre_indices

_N_FRAMES = 6


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command.

    Args:
        arguments: The command line after `zsar picture`; None for the real one.

    Returns:
        0.

    Raises:
        ValueError: A run has no predictions of the set, or the runs were tested on different videos.
    """
    options = _parser().parse_args(arguments)
    if options.count < 1:
        raise ValueError(f"--count must be at least 1; got {options.count}")
    tables = {run.resolve().name: _read(run, options.set) for run in options.runs}
    first = next(iter(tables.values()))
    for name, rows in tables.items():
        if [row["path"] for row in rows] != [row["path"] for row in first]:
            raise ValueError(f"{name} was tested on other videos than {next(iter(tables))}; compare runs on one set")
    root = _root(options.runs[0], options.set)
    # Evenly spread over the set, not chosen by who was right.
    chosen = np.linspace(0, len(first) - 1, min(options.count, len(first))).round().astype(int)
    figure = _draw(root, [{name: rows[i] for name, rows in tables.items()} for i in chosen])
    print(f"wrote {save_figure(figure, options.output)}")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="zsar picture",
        description="Frames of test videos with their true names and what each run said of them, as a PNG. The videos "
        "are spread evenly over the set, not chosen by who was right.",
    )
    parser.add_argument("runs", nargs="+", type=Path, metavar="RUN", help="run folders after `zsar test`")
    parser.add_argument("--set", default="novel", help="the set of videos (default: novel)")
    parser.add_argument("--count", type=int, default=8, metavar="N", help="how many videos (default: 8)")
    parser.add_argument("--output", type=Path, required=True, metavar="FILE", help="the picture to write (.png, .pdf)")
    return parser


def _read(run: Path, set_name: str) -> list[dict[str, str]]:
    path = run / f"predictions_{set_name}.csv"
    if not path.is_file():
        there = ", ".join(sorted(p.stem.removeprefix("predictions_") for p in run.glob("predictions_*.csv"))) or "none"
        raise ValueError(f"{run} has no predictions of the set {set_name!r} (it has: {there}); run `zsar test` first")
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def _root(run: Path, set_name: str) -> Path:
    content = json.loads((run / "results.json").read_text(encoding="utf-8"))
    return Path(content["data"]["roots"][set_name])


def _draw(root: Path, videos: Sequence[dict[str, dict[str, str]]]) -> Figure:
    """One row of frames a video; above it the truth and each run's answer, green where right."""
    n_runs = len(videos[0])
    figure = Figure(figsize=(1.25 * _N_FRAMES, len(videos) * (1.35 + 0.2 * n_runs)), layout="constrained")
    rows = figure.subfigures(len(videos), 1, squeeze=False)[:, 0]
    for row, answers in zip(rows, videos, strict=True):
        truth = next(iter(answers.values()))
        with VideoReader(root / truth["path"]) as reader:
            frames = reader.frames_at_indices(centre_indices(reader.n_frames, _N_FRAMES).tolist())
        for axis, frame in zip(row.subplots(1, _N_FRAMES), frames, strict=True):
            axis.imshow(frame.permute(1, 2, 0).numpy())
            axis.set_axis_off()
        row.suptitle(truth["label"], fontsize=9, fontweight="bold", x=0.01, ha="left")
        lines = [(name, answer["prediction"], answer["prediction"] == truth["label"]) for name, answer in answers.items()]
        for number, (name, said, right) in enumerate(reversed(lines)):
            mark = "right" if right else "wrong"
            colour = "tab:green" if right else "tab:red"
            height = -0.02 + 0.11 * number
            row.text(0.01, height, f"{name}: {said} ({mark})", fontsize=8, color=colour, va="bottom")
    return figure
