"""Runs with predictions or detections of the same videos, as comparisons read them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch

from tests.makers.results.localization_results import write_localization
from tests.makers.results.recognition_results import described, write_result
from tests.makers.results.run_folders import write_predictions
from zsar.lightning_modules.localization.average_precision import average_precision

Segment = tuple[str, float, float, float]
"""Label, start, end and score."""


def write_answers(folder: Path, **right: str) -> Path:
    """A run that has the videos of each set right ("1") or wrong ("0"), as `base="1101"`.

    Args:
        folder: The run folder, which is made.
        right: A letter for each video of each set.

    Returns:
        The folder.
    """
    figures = {name: 100 * of_set.count("1") / len(of_set) for name, of_set in right.items()}
    write_result(folder, figures, data=described("ucf101"))
    for name, of_set in right.items():
        rows = [(f"{name}/{i}.mp4", "run", "run" if is_right == "1" else "swim") for i, is_right in enumerate(of_set)]
        write_predictions(folder, name, rows)
    return folder


def write_detections(
    folder: Path, found: Mapping[str, Sequence[Segment]], annotated: Mapping[str, Sequence[tuple[str, float, float]]]
) -> Path:
    """A run of a localizer on one set, measured at an IoU of 0.5.

    Args:
        folder: The run folder, which is made.
        found: The detections of each video.
        annotated: Its instances.

    Returns:
        The folder.
    """
    labels = sorted({label for of_video in annotated.values() for label, _, _ in of_video})
    places, numbers = list(annotated), {label: number for number, label in enumerate(labels)}
    segments = [(video, s) for video, of_video in found.items() for s in of_video if s[0] in numbers]
    predictions = [[places.index(video), numbers[s[0]], *s[1:]] for video, s in segments]
    truth = [[places.index(v), numbers[i[0]], *i[1:]] for v, of_video in annotated.items() for i in of_video]
    precision = average_precision(
        torch.tensor(predictions, dtype=torch.float64).reshape(-1, 5),
        torch.tensor(truth, dtype=torch.float64).reshape(-1, 4),
        n_classes=len(labels),
        thresholds=torch.tensor([0.5], dtype=torch.float64),
    )
    value = 100 * float(precision.mean())
    figures: dict[str, Any] = {"map_0.5": value, "map": value}
    write_localization(folder, names=tuple(figures), number=0, sets={"test": figures}, mean=figures)
    results = {v: [{"label": n, "score": p, "segment": [s, e]} for n, s, e, p in own] for v, own in found.items()}
    true = {v: [{"label": n, "segment": [s, e]} for n, s, e in own] for v, own in annotated.items()}
    content = {"version": "zsar", "sets": {"test": {"results": results, "annotations": true}}}
    (folder / "detections.json").write_text(json.dumps(content))
    return folder
