"""A recognizer's answers by video, and its accuracy on any draw of the videos."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from zsar.lightning_modules.command_line.report.facts.read_predictions import read_predictions
from zsar.lightning_modules.command_line.summarize.compared.paired_bootstrap import Counts, Values
from zsar.lightning_modules.command_line.summarize.results.averaged_sets import averaged_sets
from zsar.lightning_modules.command_line.summarize.results.recognition_results import HARMONIC_MEAN, Run
from zsar.lightning_modules.run_folders.prediction_files import prediction_file

MEAN = "test"
"""The name of the mean over draws of classes or perturbations, as in `Run.figures`."""


@dataclass(frozen=True, kw_only=True)
class AnsweredVideos:
    """The answers of one run.

    Attributes:
        videos: Names of the V videos of each set.
        labels: The true class of each.
        right: Whether each was recognized, bool [V]; one that could not be decoded was not.
        averaged: The sets that the only figure is the mean of; None where each set has its own.
        has_harmonic_mean: Whether base and novel have one.
    """

    videos: Mapping[str, tuple[str, ...]]
    labels: Mapping[str, tuple[str, ...]]
    right: Mapping[str, NDArray[np.bool_]]
    averaged: tuple[str, ...] | None
    has_harmonic_mean: bool

    @property
    def truth(self) -> Mapping[str, Mapping[str, str]]:
        """What both runs of a pair must agree on: the class of each video, by set."""
        return {name: dict(zip(self.videos[name], self.labels[name], strict=True)) for name in self.videos}

    def sets_of(self, figure: str) -> tuple[str, ...]:
        """The sets whose videos a figure counts; none for the harmonic mean."""
        if self.averaged is not None:
            return self.averaged
        return () if figure == HARMONIC_MEAN else (figure,)

    def figures(self, counts: Mapping[str, Counts]) -> dict[str, Values]:
        """Top-1 of each set, or of their mean, and the harmonic mean; see `MeasuredRun`."""
        with np.errstate(invalid="ignore"):  # a set of which no video was drawn has no figure
            top1 = {name: 100 * (own @ self.right[name]) / own.sum(axis=1) for name, own in counts.items()}
            if self.averaged is not None:
                return {MEAN: np.mean([top1[name] for name in self.averaged], axis=0)}
            if self.has_harmonic_mean:
                base, novel = top1["base"], top1["novel"]
                top1[HARMONIC_MEAN] = np.where(base + novel == 0, 0.0, 2 * base * novel / (base + novel))
        return top1


def answered_videos(run: Run, content: Mapping[str, Any]) -> AnsweredVideos:
    """Reads the answers of a run.

    Args:
        run: The run.
        content: What its results.json holds.

    Returns:
        Its answers.

    Raises:
        ValueError: A file of predictions is not there, or is not one, or names a video twice; or videos have several
            labels.
    """
    if content["data"]["protocol"] == "multi_label":
        raise ValueError(
            f"{run.folder} is a test of videos with several labels, whose answers are not right or wrong; `zsar "
            "summarize` without --compare shows its mAP beside that of others"
        )
    videos, labels, right = {}, {}, {}
    for name in content["sets"]:
        path = prediction_file(run.folder, name)
        if not path.is_file():
            raise ValueError(
                f"{path} is not there, and videos are compared by their predictions; test again: `zsar test "
                f"--overwrite` with --run_dir {run.folder}"
            )
        table = read_predictions(path)
        videos[name], labels[name] = tuple(table.videos), tuple(table.labels)
        right[name] = np.array([a == b != "" for a, b in zip(table.answers, table.labels, strict=True)], dtype=bool)
        _check_names(path, videos[name], labels[name])
    averaged = None if content.get("mean") is None else tuple(averaged_sets(content))
    return AnsweredVideos(
        videos=videos, labels=labels, right=right, averaged=averaged, has_harmonic_mean=HARMONIC_MEAN in run.figures
    )


def _check_names(path: Path, videos: tuple[str, ...], labels: tuple[str, ...]) -> None:
    if not videos:
        raise ValueError(f"{path} has no video; test again")
    if len(set(videos)) < len(videos):
        twice = next(name for name in videos if videos.count(name) > 1)
        raise ValueError(f"{path} names the video {twice!r} more than once, so answers cannot be paired; test again")
    if "" in labels:
        raise ValueError(f"{path} has no label of {videos[labels.index('')]!r}; compare tests of labelled videos")
