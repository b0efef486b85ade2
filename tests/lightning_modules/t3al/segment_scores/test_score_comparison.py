import statistics
from typing import NamedTuple

import pytest
import torch
from torch import Tensor

from tests.reference.temporal_map import iou, temporal_map
from zsar.datamodules.batch import ClassText
from zsar.lightning_modules.localization.contract import Detection, Localization
from zsar.lightning_modules.localization.segments import Segment
from zsar.lightning_modules.t3al.segment_scores.score_comparison import ScoreComparison

TEXTS = [ClassText(name, ("run", "jump"), (("run",), ("jump",)), "test") for name in ("a", "b")]
NAMES = ("good", "bad")


class Truth(NamedTuple):
    videos: Tensor
    labels: Tensor
    seconds: Tensor


def detection(start: float, end: float, label: int, good: float, bad: float) -> Detection:
    return Detection(Segment(start, end, 0, 1, bad), label, {"good": good, "bad": bad})


def truth(row: int, *instances: tuple[float, float, int]) -> Truth:
    seconds = torch.tensor([instance[:2] for instance in instances], dtype=torch.float64).reshape(-1, 2)
    labels = torch.tensor([instance[2] for instance in instances], dtype=torch.int64)
    return Truth(torch.full((len(instances),), row), labels, seconds)


def test_the_same_segments_by_each_score_at_random_and_by_their_true_overlap() -> None:
    comparison = ScoreComparison(TEXTS, (0.5,), NAMES)
    # One in five segments is right; ranked behind all others these have the precision of the last, 1/5.
    wrong = [detection(20 + i, 21 + i, 0, 0.1, 0.9) for i in range(4)]
    found = Localization((detection(0, 10, 0, 0.8, 0.2), *wrong))
    for row in range(40):
        comparison.enter(row, row % 2, found, truth(row, (0, 8, 0)))
    results = comparison.results(comparison.n_seen())
    compared = comparison.compared(comparison.n_seen())
    assert list(compared) == ["good", "bad", "random", "true_iou"]
    assert all(list(figures) == ["map_0.5", "map"] for figures in compared.values())
    assert compared["good"]["map"] == compared["true_iou"]["map"] == 100
    assert compared["bad"]["map"] == pytest.approx(20)
    assert statistics.mean(of_set["map"] for of_set in results) == pytest.approx(20)  # that of the segments' own score
    assert 20 < compared["random"]["map"] < 60


def test_each_score_is_measured_as_if_it_were_that_of_the_segments() -> None:
    generator = torch.Generator().manual_seed(0)
    comparison, instances, predictions = ScoreComparison(TEXTS[:1], (0.3,), NAMES), [], []
    for row in range(6):
        start = torch.rand(4, generator=generator, dtype=torch.float64) * 20
        good, bad = torch.rand(2, 4, generator=generator, dtype=torch.float64).tolist()
        labels = torch.randint(2, (4,), generator=generator).tolist()
        own = [(s, s + 6.0, label) for s, label in zip(start.tolist()[:2], labels[:2], strict=True)]
        found = [(s + 1, s + 5.0, label) for s, label in zip(start.tolist(), labels, strict=True)]
        comparison.enter(
            row,
            0,
            Localization(tuple(detection(*f, g, b) for f, g, b in zip(found, good, bad, strict=True))),
            truth(row, *own),
        )
        instances += [(row, label, s, e) for s, e, label in own]
        predictions += [(row, label, s, e, g, b) for (s, e, label), g, b in zip(found, good, bad, strict=True)]
    compared = comparison.compared(comparison.n_seen())
    by_good = [(row, label, s, e, g) for row, label, s, e, g, _ in predictions]
    by_truth = [
        (row, label, s, e, max((iou(s, e, *t[2:]) for t in instances if t[:2] == (row, label)), default=0.0))
        for row, label, s, e, *_ in predictions
    ]
    assert compared["good"]["map"] == pytest.approx(temporal_map(by_good, instances, 0.3))
    assert compared["true_iou"]["map"] == pytest.approx(temporal_map(by_truth, instances, 0.3))


def test_random_scores_do_not_depend_on_the_order_of_videos() -> None:
    found = Localization(tuple(detection(i, i + 3, 0, 0.5, 0.5) for i in range(6)))
    runs = []
    for rows in ([0, 1, 2], [2, 0, 1]):
        comparison = ScoreComparison(TEXTS[:1], (0.5,), NAMES)
        for row in rows:
            comparison.enter(row, 0, found, truth(row, (0, 3, 0)))
        runs.append(comparison.compared(comparison.n_seen()))
    assert runs[0] == runs[1]


def test_a_set_without_annotations_is_left_out() -> None:
    comparison = ScoreComparison(TEXTS, (0.5,), NAMES)
    comparison.enter(0, 0, Localization((detection(0, 10, 0, 0.8, 0.2),)), truth(0, (0, 10, 0)))
    comparison.enter(0, 1, Localization(()), truth(0))
    assert comparison.compared(comparison.n_seen())["good"] == {"map_0.5": 100, "map": 100}
