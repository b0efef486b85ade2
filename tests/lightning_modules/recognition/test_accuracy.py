import math

import pytest
import torch

from zsar.lightning_modules.recognition.accuracy import RecognitionMetrics

DECODED = torch.tensor([False, False, False, False])


def test_hand_computed_example() -> None:
    metrics = RecognitionMetrics(3)
    logits = torch.eye(3)[[0, 1, 1, 2]]
    metrics.update(logits, torch.tensor([0, 1, 0, 2]), DECODED)
    results = metrics.compute()
    assert results["top1"] == pytest.approx(75.0)
    assert results["mean_class"] == pytest.approx(100 * (0.5 + 1 + 1) / 3)
    assert metrics.per_class_percent().tolist() == pytest.approx([50, 100, 100])
    assert (results["n_evaluated"], results["n_failed"]) == (4, 0)
    assert results["cross_entropy"] == pytest.approx(math.log(math.e + 2) - 0.75)
    assert "top5" not in results


def test_top5_counts_the_five_best() -> None:
    metrics = RecognitionMetrics(7)
    logits = torch.arange(7.0).expand(4, 7)
    metrics.update(logits, torch.tensor([6, 2, 1, 0]), DECODED)
    assert metrics.compute()["top5"] == pytest.approx(50.0)


def test_a_video_that_was_not_decoded_is_wrong_in_every_figure() -> None:
    metrics = RecognitionMetrics(7)
    labels = torch.tensor([0, 1, 2, 3])
    metrics.update(torch.eye(7)[labels], labels, torch.tensor([False, False, False, True]))
    results = metrics.compute()
    assert results["top1"] == pytest.approx(75.0)
    assert results["top5"] == pytest.approx(75.0)
    assert metrics.per_class_percent()[3] == 0
    assert (results["n_evaluated"], results["n_failed"]) == (3, 1)


def test_all_videos_failing_gives_zero() -> None:
    metrics = RecognitionMetrics(7)
    metrics.update(torch.zeros(4, 7), torch.tensor([0, 1, 2, 3]), ~DECODED)
    results = metrics.compute()
    assert (results["top1"], results["top5"], results["n_evaluated"]) == (0, 0, 0)


def test_where_all_fail_there_is_no_cross_entropy_rather_than_nan() -> None:
    metrics = RecognitionMetrics(7)
    metrics.update(torch.zeros(4, 7), torch.tensor([0, 1, 2, 3]), ~DECODED)
    assert "cross_entropy" not in metrics.compute()


def test_videos_that_are_left_out_change_no_figure_but_their_count() -> None:
    labels, logits = torch.tensor([0, 1, 2, 3]), torch.eye(7)[[0, 1, 3, 3]]
    both = RecognitionMetrics(7, failed_are_wrong=False), RecognitionMetrics(7)
    both[0].update(logits, labels, torch.tensor([False, False, False, True]))
    both[0].update(logits, labels, ~DECODED)
    both[1].update(logits[:3], labels[:3], DECODED[:3])
    left_out, without = both[0].compute(), both[1].compute()
    assert (left_out.pop("n_failed"), without.pop("n_failed")) == (5, 0)
    assert left_out == pytest.approx(without)
    assert left_out["top1"] == pytest.approx(200 / 3)


def test_a_class_without_a_video_that_counts_is_not_in_the_mean_of_classes() -> None:
    metrics = RecognitionMetrics(3, failed_are_wrong=False)
    metrics.update(torch.eye(3)[[0, 1, 0, 2]], torch.tensor([0, 1, 1, 2]), torch.tensor([False, False, False, True]))
    assert metrics.compute()["mean_class"] == pytest.approx((100 + 50) / 2)
    assert metrics.per_class_percent().isnan().tolist() == [False, False, True]


def test_no_video_that_counts_gives_counts_alone() -> None:
    metrics = RecognitionMetrics(7, failed_are_wrong=False)
    assert metrics.compute() == {"n_evaluated": 0, "n_failed": 0}
    metrics.update(torch.zeros(4, 7), torch.tensor([0, 1, 2, 3]), ~DECODED)
    assert metrics.compute() == {"n_evaluated": 0, "n_failed": 4}


def test_reset_forgets_everything() -> None:
    metrics = RecognitionMetrics(3)
    metrics.update(torch.eye(3)[[0, 1, 1, 2]], torch.tensor([1, 0, 0, 0]), DECODED)
    metrics.reset()
    metrics.update(torch.eye(3)[[0, 1, 1, 2]], torch.tensor([0, 1, 1, 2]), DECODED)
    assert metrics.compute()["top1"] == pytest.approx(100.0)


def test_one_class_is_refused() -> None:
    with pytest.raises(ValueError, match="at least 2 classes"):
        RecognitionMetrics(1)
