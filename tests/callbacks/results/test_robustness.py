import pytest

from tests.makers.results.perturbed_sets import CONDITIONS, perturbed_sets
from zsar.callbacks.results.robustness import relative_robustness, robustness


def test_relative_robustness_is_the_share_of_the_clean_accuracy_that_is_kept() -> None:
    assert relative_robustness(80, 60) == pytest.approx(0.75)  # 1 - (80 - 60) / 80
    assert relative_robustness(80, 80) == 1
    assert relative_robustness(80, 88) == pytest.approx(1.1)
    assert relative_robustness(0, 10) is None


def test_means_are_by_perturbation_group_and_severity_and_of_all_without_the_clean_videos() -> None:
    own = robustness(perturbed_sets(), CONDITIONS)
    assert own["clean"] == 80
    assert own["all"] == {"top1": pytest.approx(38.0), "relative_robustness": pytest.approx(0.475)}  # 228 / 6
    assert {name: of["top1"] for name, of in own["by_perturbation"].items()} == {"jpeg": 50, "mpeg1": 50, "fog": 14}
    assert own["by_group"]["digital"] == {"top1": 50, "relative_robustness": pytest.approx(0.625)}
    assert own["by_group"]["fog"] == {"top1": 14, "relative_robustness": pytest.approx(0.175)}
    assert {level: of["top1"] for level, of in own["by_severity"].items()} == {"1": 50, "2": 26}
