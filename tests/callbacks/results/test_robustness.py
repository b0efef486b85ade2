import pytest

from zsar.callbacks.results.robustness import relative_robustness, robustness

CONDITIONS = {
    "jpeg_1": {"perturbation": "jpeg", "severity": 1, "group": "digital"},
    "jpeg_2": {"perturbation": "jpeg", "severity": 2, "group": "digital"},
    "mpeg1_1": {"perturbation": "mpeg1", "severity": 1, "group": "digital"},
    "mpeg1_2": {"perturbation": "mpeg1", "severity": 2, "group": "digital"},
    "fog_1": {"perturbation": "fog", "severity": 1, "group": "fog"},
    "fog_2": {"perturbation": "fog", "severity": 2, "group": "fog"},
}
TOP1 = {"clean": 80.0, "jpeg_1": 60.0, "jpeg_2": 40.0, "mpeg1_1": 70.0, "mpeg1_2": 30.0, "fog_1": 20.0, "fog_2": 8.0}


def test_relative_robustness_is_the_share_of_the_clean_accuracy_that_is_kept() -> None:
    assert relative_robustness(80, 60) == pytest.approx(0.75)  # 1 - (80 - 60) / 80
    assert relative_robustness(80, 80) == 1
    assert relative_robustness(80, 88) == pytest.approx(1.1)
    assert relative_robustness(0, 10) is None


def test_means_are_by_perturbation_group_and_severity_and_of_all_without_the_clean_videos() -> None:
    own = robustness({name: {"top1": value, "n_failed": 0} for name, value in TOP1.items()}, CONDITIONS)
    assert own["clean"] == 80
    assert own["all"] == {"top1": pytest.approx(38.0), "relative_robustness": pytest.approx(0.475)}  # 228 / 6
    assert {name: of["top1"] for name, of in own["by_perturbation"].items()} == {"jpeg": 50, "mpeg1": 50, "fog": 14}
    assert own["by_group"]["digital"] == {"top1": 50, "relative_robustness": pytest.approx(0.625)}
    assert own["by_group"]["fog"] == {"top1": 14, "relative_robustness": pytest.approx(0.175)}
    assert {level: of["top1"] for level, of in own["by_severity"].items()} == {"1": 50, "2": 26}
