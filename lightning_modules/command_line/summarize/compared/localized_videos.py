"""A localizer's detections by video, and its temporal mAP on any draw of the videos.

Predictions are matched with instances of their own video only, so that a draw changes no match: a video drawn twice
counts as two, each of which has its own instances and predictions.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from zsar.lightning_modules.command_line.summarize.compared.paired_bootstrap import Counts, Values
from zsar.lightning_modules.command_line.summarize.results.localization_results import LocalizationRun
from zsar.lightning_modules.localization.average_precision import Matches, match
from zsar.lightning_modules.localization.temporal_map import PAPER_THRESHOLDS
from zsar.lightning_modules.run_folders.run_folder import DETECTION_FILES
from zsar.runtime.files.given_files import read_given_json

_THRESHOLD = "map_"
_REMEDY = "test again: `zsar test --overwrite` with --run_dir"

Segments = Mapping[str, Sequence[Mapping[str, Any]]]
"""The segments of each video, as detections.json has them."""


@dataclass(frozen=True, kw_only=True)
class LocalizedVideos:
    """The detections of one run.

    Attributes:
        videos: Names of the V videos of each set.
        truth: The annotated instances of each video, as label, start and end in seconds, by set.
        ranked: For each set the predictions and instances of each class with instances.
        thresholds: Temporal IoU from which on an action counts as found.
    """

    videos: Mapping[str, tuple[str, ...]]
    truth: Mapping[str, Mapping[str, tuple[tuple[str, float, float], ...]]]
    ranked: Mapping[str, Sequence[RankedClass]]
    thresholds: tuple[float, ...]

    def sets_of(self, figure: str) -> tuple[str, ...]:
        """The sets whose videos a figure counts: all."""
        return tuple(self.videos)

    def figures(self, counts: Mapping[str, Counts]) -> dict[str, Values]:
        """The mean over sets of mAP at each threshold, and the means of these; see `MeasuredRun`."""
        of_sets = [_mean([c.precisions(own) for c in self.ranked[name]]) for name, own in counts.items()]
        at = dict(zip(self.thresholds, 100 * _mean(of_sets), strict=True))
        found = {f"{_THRESHOLD}{threshold:g}": values for threshold, values in at.items()}
        found["map"] = np.mean(list(at.values()), axis=0)
        if set(PAPER_THRESHOLDS) <= set(at):
            found["paper_mean"] = np.mean([at[threshold] for threshold in PAPER_THRESHOLDS], axis=0)
        return found


@dataclass(frozen=True)
class RankedClass:
    """The predictions of one class in a set, by descending score.

    Attributes:
        predicted: Place of the video of each prediction among those of the set, [N].
        hits: Which predictions find an instance at each threshold, bool [S, N].
        annotated: Place of the video of each instance, [M], M at least 1.
    """

    predicted: NDArray[np.int64]
    hits: NDArray[np.bool_]
    annotated: NDArray[np.int64]

    def precisions(self, counts: Counts) -> Values:
        """Average precision, from 0 to 1, on draws of videos.

        Args:
            counts: How often each video of the set was drawn, [R, V].

        Returns:
            [S, R]; nan where no instance was drawn.
        """
        drawn = counts[:, self.predicted]
        found = drawn * self.hits[:, None]
        # Copies of a prediction rank beside it. Precision grows from one copy of a hit to the next, so that the best
        # from there on, by which all of them count, is that of the last.
        precision = found.cumsum(axis=2) / np.maximum(drawn.cumsum(axis=1), 1)
        best = np.maximum.accumulate(precision[:, :, ::-1], axis=2)[:, :, ::-1]
        n_true = counts[:, self.annotated].sum(axis=1)
        with np.errstate(invalid="ignore"):
            return np.where(n_true > 0, (best * found).sum(axis=2) / np.where(n_true > 0, n_true, 1), np.nan)


def localized_videos(run: LocalizationRun) -> LocalizedVideos:
    """Reads the detections of a run.

    Args:
        run: The run.

    Returns:
        Its detections and annotations.

    Raises:
        ValueError: The file of detections is not there, lacks annotations, or was changed.
    """
    path = run.folder / DETECTION_FILES["test"]
    if not path.is_file():
        raise ValueError(f"{path} is not there, and videos are compared by their detections; {_REMEDY} {run.folder}")
    sets = read_given_json(path, what="file of detections", remedy=_REMEDY, bytes_of_names=True)["sets"]
    if any("annotations" not in of_set for of_set in sets.values()):
        raise ValueError(f"{path} is of an earlier version, which wrote no annotations; {_REMEDY} {run.folder}")
    thresholds = tuple(float(threshold) for threshold in run.settings.iou_thresholds)
    try:
        return LocalizedVideos(
            videos={name: tuple(of_set["results"]) for name, of_set in sets.items()},
            truth={name: _truth(of_set["annotations"]) for name, of_set in sets.items()},
            ranked={
                name: _ranked(of_set["results"], of_set["annotations"], thresholds) for name, of_set in sets.items()
            },
            thresholds=thresholds,
        )
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(
            f"{path} is not laid out as `zsar test` writes it ({error}); {_REMEDY} {run.folder}"
        ) from error


def _truth(annotations: Segments) -> dict[str, tuple[tuple[str, float, float], ...]]:
    return {
        video: tuple((str(i["label"]), float(i["segment"][0]), float(i["segment"][1])) for i in of_video)
        for video, of_video in annotations.items()
    }


def _ranked(results: Segments, annotations: Segments, thresholds: Sequence[float]) -> list[RankedClass]:
    places = {video: place for place, video in enumerate(results)}
    labels = dict.fromkeys(i["label"] for of_video in annotations.values() for i in of_video)
    numbers = {label: number for number, label in enumerate(labels)}
    # Classes without instances count in no figure.
    found = {video: [s for s in of_video if s["label"] in numbers] for video, of_video in results.items()}
    rows = [[*_row(s, places[video], numbers), s["score"]] for video, of_video in found.items() for s in of_video]
    true = [_row(i, places[video], numbers) for video, of_video in annotations.items() for i in of_video]
    matches = match(
        torch.tensor(rows, dtype=torch.float64).reshape(-1, 5),
        torch.tensor(true, dtype=torch.float64).reshape(-1, 4),
        thresholds=torch.tensor(thresholds, dtype=torch.float64),
    )
    return [_class(matches, number) for number in numbers.values()]


def _row(segment: Mapping[str, Any], place: int, numbers: Mapping[str, int]) -> list[float]:
    start, end = segment["segment"]
    return [place, numbers[segment["label"]], start, end]


def _class(matches: Matches, number: int) -> RankedClass:
    own = matches.predictions[:, 1] == number
    return RankedClass(
        matches.predictions[own, 0].long().numpy(),
        matches.hits[:, own].numpy(),
        matches.truth[matches.truth[:, 1] == number, 0].long().numpy(),
    )


def _mean(values: Sequence[Values]) -> Values:
    """The mean over classes or sets, [S, R]; those without a figure are left out."""
    stacked = np.stack(values)
    known = ~np.isnan(stacked)
    n_known = known.sum(axis=0)
    return np.where(n_known > 0, np.where(known, stacked, 0).sum(axis=0) / np.maximum(n_known, 1), np.nan)
