from typing import NamedTuple

import pytest
import torch
from torch import Tensor

from zsar.datamodules.batch import ClassText
from zsar.lightning_modules.localization.contract import Detection, Localization
from zsar.lightning_modules.localization.localization_metrics import LocalizationMetrics, logged_figures
from zsar.lightning_modules.localization.segments import Segment


class Truth(NamedTuple):
    videos: Tensor
    labels: Tensor
    seconds: Tensor


def text(set_name: str) -> ClassText:
    return ClassText(set_name, ("run", "jump"), (("run",), ("jump",)), "test")


def found(*segments: tuple[float, float, int]) -> Localization:
    return Localization(
        tuple(Detection(Segment(start, end, 0, 1, 0.5), label) for start, end, label in segments),
    )


def true(row: int, *segments: tuple[float, float, int]) -> Truth:
    seconds = torch.tensor([segment[:2] for segment in segments], dtype=torch.float64).reshape(-1, 2)
    labels = torch.tensor([segment[2] for segment in segments], dtype=torch.int64)
    return Truth(torch.full((len(segments),), row), labels, seconds)


def test_each_set_has_its_own_figures() -> None:
    metrics = LocalizationMetrics([text("a"), text("b")], (0.5,))
    metrics.enter(3, 0, found((0, 10, 0)), true(3, (0, 10, 0), (20, 30, 1)))
    metrics.enter(3, 1, found((0, 10, 1)), true(3, (0, 10, 1)))
    assert metrics.n_seen() == [[1, 4 * 2], [1, 4 * 1]]
    first, second = metrics.results(metrics.n_seen())
    assert (first["map_0.5"], second["map_0.5"]) == (50, 100)
    figures = logged_figures([text("a"), text("b")], [first, second])
    assert (figures["test/a/map"], figures["test/b/map"], figures["test/map"]) == (50, 100, 75)
    assert "test/n_videos" not in figures


def test_one_set_is_logged_without_its_name() -> None:
    metrics = LocalizationMetrics([text("a")], (0.5,))
    metrics.enter(0, 0, found(), true(0, (0, 10, 0)))
    assert logged_figures([text("a")], metrics.results([[1, 1]])) == {"test/map_0.5": 0, "test/map": 0}


def test_a_set_without_annotations_has_counts_alone_and_nothing_measured_is_an_error() -> None:
    metrics = LocalizationMetrics([text("a")], (0.5,))
    metrics.enter(0, 0, found((0, 10, 0)), true(0))
    results = metrics.results(metrics.n_seen())
    assert results == [{"n_classes": 0.0, "n_videos": 1.0}]
    with pytest.raises(ValueError, match="no action of a tested class is annotated in the 1 videos seen"):
        logged_figures([text("a")], results)
