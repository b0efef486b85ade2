import math

import pytest
import torch
from torch.testing import assert_close

from tests.reference.ranked_precision import average_precision
from zsar.lightning_modules.recognition.multi_label.average_precision import MultiLabelMetrics, average_precisions

DECODED = torch.zeros(4, dtype=torch.bool)
# Class 0: shown by the 2nd and the 3rd of the ranking, (1/2 + 2/3) / 2. Class 1: by the first. Class 2: by none.
SCORES = torch.tensor([[25.0, 9.0, 0.0], [26.0, 8.0, 1.0], [24.0, 7.0, 2.0], [23.0, 6.0, 3.0]])
SHOWN = torch.tensor([[1, 1, 0], [0, 0, 0], [1, 0, 0], [0, 0, 0]], dtype=torch.bool)


def drawn(n_videos: int, n_classes: int, seed: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Scores with ties, and which classes are shown; no video shows the last class."""
    generator = torch.Generator().manual_seed(seed)
    scores = torch.randn(n_videos, n_classes, generator=generator).round(decimals=1)
    shown = torch.rand(n_videos, n_classes, generator=generator) < 0.3
    shown[:, -1] = False
    return scores, shown


def test_hand_computed_example() -> None:
    precisions = average_precisions(SCORES, SHOWN)
    assert precisions.tolist()[:2] == pytest.approx([7 / 12, 1])
    assert precisions[2].isnan()
    metrics = MultiLabelMetrics(3)
    metrics.update(SCORES, SHOWN, DECODED)
    results = metrics.compute()
    assert results["mean_average_precision"] == pytest.approx(100 * (7 / 12 + 1) / 2)
    assert (results["n_scored_classes"], results["n_evaluated"], results["n_failed"]) == (2, 4, 0)


@pytest.mark.parametrize("seed", range(3))
def test_it_is_precision_times_gain_in_recall_as_in_scikit_learn(seed: int) -> None:
    metrics = pytest.importorskip("sklearn.metrics")
    scores, shown = drawn(40, 5, seed)
    ours = average_precisions(scores, shown)
    for label in range(4):
        column = scores[:, label].tolist(), shown[:, label].tolist()
        assert float(ours[label]) == pytest.approx(average_precision(*column), abs=1e-6)
        assert float(ours[label]) == pytest.approx(metrics.average_precision_score(*column[::-1]), abs=1e-6)
    assert ours[4].isnan()


def test_only_the_order_within_a_class_matters_however_large_the_scores_are() -> None:
    scores, shown = drawn(40, 5, 3)
    scaled = 25 + scores * torch.tensor([1e-3, 0.1, 1.0, 10.0, 1.0])  # whose sigmoids are 1
    assert_close(average_precisions(scaled.double(), shown), average_precisions(scores.double(), shown), equal_nan=True)


def test_batches_and_their_order_change_nothing() -> None:
    scores, shown = drawn(40, 5, 4)
    whole, parts = MultiLabelMetrics(5), MultiLabelMetrics(5)
    whole.update(scores, shown, torch.zeros(40, dtype=torch.bool))
    for rows in torch.randperm(40, generator=torch.Generator().manual_seed(0)).split(7):
        parts.update(scores[rows], shown[rows], torch.zeros(len(rows), dtype=torch.bool))
    assert_close(parts.per_class_percent(), whole.per_class_percent(), equal_nan=True)


def test_a_video_that_was_not_decoded_is_ranked_last_or_left_out() -> None:
    failed = torch.tensor([True, False, False, False])  # which shows both classes that are shown
    last, left_out = MultiLabelMetrics(3), MultiLabelMetrics(3, failed_are_wrong=False)
    for metrics in (last, left_out):
        metrics.update(SCORES, SHOWN, failed)
    assert last.per_class_percent().tolist()[:2] == pytest.approx([100 * (1 / 2 + 2 / 4) / 2, 100 / 4])
    assert left_out.per_class_percent()[0] == pytest.approx(50)
    assert left_out.per_class_percent()[1].isnan()
    assert (last.compute()["n_evaluated"], last.compute()["n_failed"]) == (3, 1)


def test_without_a_shown_class_there_is_no_figure() -> None:
    metrics = MultiLabelMetrics(3)
    assert metrics.compute() == {"n_evaluated": 0, "n_failed": 0}
    metrics.update(SCORES, torch.zeros_like(SHOWN), DECODED)
    assert metrics.compute() == {"n_evaluated": 4, "n_failed": 0}
    assert all(math.isnan(value) for value in metrics.per_class_percent().tolist())


def test_one_class_is_an_error() -> None:
    with pytest.raises(ValueError, match=r"needs at least 2 classes; the set has 1"):
        MultiLabelMetrics(1)
