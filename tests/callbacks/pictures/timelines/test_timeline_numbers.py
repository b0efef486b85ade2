"""The numbers of a time line."""

import json

import pytest
import torch

from zsar.callbacks.pictures.timelines.timeline_numbers import MOST_POINTS, thinned, timeline_numbers
from zsar.lightning_modules.localization.contract import Detection, Localization, ScoreCurve, Truth
from zsar.lightning_modules.localization.segments import Segment

NAMES = ("run", "<script>")


def found(label: int, start: float, end: float, score: float) -> Detection:
    return Detection(Segment(start, end, 0, 0, score), label)


def test_curves_segments_and_instances_have_names_and_times() -> None:
    localization = Localization(
        detections=(found(1, 4, 6, 0.75),),
        suppressed=(found(0, 1, 2, 0.5),),
        curves=(ScoreCurve(1, torch.tensor([0.0, 1.0, 0.5]), 0.4),),
        n_steps=7,
        pseudo_labels=(1,),
    )
    annotated = Truth(torch.tensor([0]), torch.tensor([[1.5, 2.5]], dtype=torch.float64))
    times = torch.tensor([0.0, 3.0, 6.0], dtype=torch.float64)
    got = timeline_numbers(localization, NAMES, times_seconds=times, annotated=annotated)
    assert got == {
        "pseudo_labels": ["<script>"],
        "adaptation_steps": 7,
        "n_frames": 3,
        "curves": [{"class": "<script>", "threshold": 0.4, "times_seconds": [0, 3, 6], "scores": [0, 1, 0.5]}],
        "segments": [
            {"start_seconds": 1, "end_seconds": 2, "class": "run", "score": 0.5, "suppressed": True},
            {"start_seconds": 4, "end_seconds": 6, "class": "<script>", "score": 0.75, "suppressed": False},
        ],
        "annotated": [{"start_seconds": 1.5, "end_seconds": 2.5, "class": "run"}],
    }
    json.dumps(got, allow_nan=False)


def test_unknown_annotations_are_not_no_annotations() -> None:
    curves = (ScoreCurve(0, torch.zeros(1), 0.5),)
    times = torch.zeros(1, dtype=torch.float64)
    none = Truth(torch.zeros(0, dtype=torch.int64), torch.zeros(0, 2, dtype=torch.float64))
    got = [
        timeline_numbers(Localization((), curves=curves), NAMES, times_seconds=times, annotated=annotated)["annotated"]
        for annotated in (None, none)
    ]
    assert got == [None, []]


@pytest.mark.parametrize("n", [1, MOST_POINTS, MOST_POINTS + 1, 7919, 100_000])
def test_a_long_curve_keeps_its_ends_and_its_extremes(n: int) -> None:
    scores = torch.rand(n)
    chosen = thinned(scores)
    assert len(chosen) == n if n <= MOST_POINTS else 250 < len(chosen) <= MOST_POINTS
    assert (chosen[0], chosen[-1]) == (0, n - 1)
    assert (chosen[1:] > chosen[:-1]).all()
    assert {int(scores.argmin()), int(scores.argmax())} <= set(chosen.tolist())


def test_a_short_peak_survives() -> None:
    scores = torch.zeros(100_000)
    scores[51_234] = 1
    assert scores[torch.from_numpy(thinned(scores))].max() == 1
