import math

import pytest
import torch

from zsar.datamodules.batch import ClassText
from zsar.lightning_modules.recognition.accuracy import RecognitionMetrics, SetMetrics, metric_prefix

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


# --- all sets of a stage ----------------------------------------------------------------------------------------------

NAMES = ("a", "b")


def text(set_name: str, names: tuple[str, ...] = NAMES) -> ClassText:
    return ClassText(set_name, names, tuple((name,) for name in names), "test")


def entered(metrics: SetMetrics, stage: str, of_set: int, labels: list[int], predicted: list[int]) -> None:
    """Counts videos; a prediction of -1 could not be decoded."""
    logits = torch.nn.functional.one_hot(torch.tensor(predicted).clamp(min=0), 2).float()
    metrics.of(stage)[of_set].update(logits, torch.tensor(labels), torch.tensor(predicted) < 0)


def test_metrics_of_a_set_are_told_apart_by_their_prefix() -> None:
    assert metric_prefix("validate", text("val")) == "val"
    assert metric_prefix("test", text("test")) == "test"
    assert metric_prefix("test", text("novel")) == "test/novel"


def test_figures_of_base_and_novel_have_their_names_and_a_harmonic_mean() -> None:
    metrics, texts = SetMetrics(), [text("base"), text("novel")]
    metrics.start("test", texts)
    entered(metrics, "test", 0, [0, 1, 0, 1], [0, 1, 0, 0])
    entered(metrics, "test", 1, [0, 0], [0, 1])
    results = metrics.results("test", texts, may_be_empty=False)
    figures = results.figures
    assert (figures["test/base/top1"], figures["test/novel/top1"]) == (75, 50)
    assert figures["test/harmonic_mean"] == pytest.approx(2 * 75 * 50 / 125)
    assert figures["test/base/n_evaluated"] == 4
    assert results.per_class_percent["base"] == [100, 50]
    assert results.per_class_percent["novel"][0] == 50
    assert math.isnan(results.per_class_percent["novel"][1])


def test_they_start_over_after_each_stage() -> None:
    metrics, texts = SetMetrics(), [text("val")]
    metrics.start("validate", texts)
    for predicted, top1 in (([0, 0], 50), ([0, 1], 100)):
        entered(metrics, "validate", 0, [0, 1], predicted)
        assert metrics.results("validate", texts, may_be_empty=False).figures["val/top1"] == top1


def test_what_cannot_be_decoded_is_wrong_in_a_test_and_left_out_in_validation() -> None:
    metrics = SetMetrics()
    top1 = {}
    for stage, name in (("validate", "val"), ("test", "test")):
        metrics.start(stage, [text(name)])
        entered(metrics, stage, 0, [0, 1], [0, -1])
        top1[stage] = metrics.results(stage, [text(name)], may_be_empty=False).figures[f"{name}/top1"]
    assert top1 == {"validate": 100, "test": 50}


def test_a_set_of_which_nothing_could_be_decoded_is_an_error_but_in_a_sanity_check() -> None:
    metrics, texts = SetMetrics(), [text("val")]
    metrics.start("validate", texts)
    entered(metrics, "validate", 0, [0, 1], [-1, -1])
    assert metrics.results("validate", texts, may_be_empty=True).figures["val/n_failed"] == 2
    entered(metrics, "validate", 0, [0, 1], [-1, -1])
    with pytest.raises(ValueError, match=r"none of the 2 clips of the set 'val' could be decoded.*doctor --decode all"):
        metrics.results("validate", texts, may_be_empty=False)
