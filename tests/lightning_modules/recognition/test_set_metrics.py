import math

import pytest
import torch

from zsar.datamodules.batch import ClassText
from zsar.lightning_modules.recognition.set_metrics import SetMetrics, metric_prefix

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
