"""Missed instances by hand."""

import torch

from zsar.callbacks.pictures.detection_errors.missed_instances import missed_by_group
from zsar.lightning_modules.localization.average_precision import match

HALF = torch.tensor([0.5], dtype=torch.float64)


def test_instances_are_grouped_by_length_coverage_and_number() -> None:
    """Video 0 has ten instances of 1 s to 10 s, of which those above 5 s are found; video 1 has one of 2 s, missed."""
    truth = torch.tensor([(0, 0, 20 * i, 20 * i + i) for i in range(1, 11)] + [(1, 0, 0, 2)], dtype=torch.float64)
    predictions = torch.tensor([(0, 0, 20 * i, 20 * i + i, 0.5) for i in range(6, 11)], dtype=torch.float64)
    groups = missed_by_group(match(predictions, truth, thresholds=HALF), 0, {0: 400.0, 1: 4.0})
    lengths = groups["length_seconds"]
    assert [(g["from"], g["to"], g["n"], g["missed"]) for g in lengths] == [
        (1, 2, 3, 3),
        (3, 4, 2, 2),
        (5, 6, 2, 1),
        (7, 8, 2, 0),
        (9, 10, 2, 0),
    ]
    assert groups["coverage"][-1] == {"from": 0.025, "to": 0.5, "n": 2, "missed": 1}
    assert groups["n_in_video"] == [
        {"from": 1, "to": 1, "n": 1, "missed": 1},
        {"from": 10, "to": 10, "n": 10, "missed": 5},
    ]
    for described in groups.values():
        assert sum(group["n"] for group in described) == 11
        assert sum(group["missed"] for group in described) == 6


def test_equal_lengths_are_one_group() -> None:
    truth = torch.tensor([(0, 0, 20 * i, 20 * i + 4) for i in range(7)], dtype=torch.float64)
    matches = match(torch.zeros(0, 5, dtype=torch.float64), truth, thresholds=HALF)
    assert missed_by_group(matches, 0, {0: 200.0})["length_seconds"] == [{"from": 4, "to": 4, "n": 7, "missed": 7}]
