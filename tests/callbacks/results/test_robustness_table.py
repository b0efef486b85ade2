import pytest

from tests.makers.results.perturbed_sets import CONDITIONS, perturbed_sets, printed_rows
from zsar.callbacks.results.robustness import robustness
from zsar.callbacks.results.robustness_table import print_robustness

SETS = perturbed_sets()


def test_a_perturbation_is_a_row_with_its_severities_its_mean_and_its_robustness(
    capsys: pytest.CaptureFixture[str],
) -> None:
    print_robustness(SETS, CONDITIONS, robustness(SETS, CONDITIONS), weights="weights: a")
    printed = printed_rows(capsys)
    assert ["clean", "80.0"] in printed
    assert ["jpeg", "60.0", "40.0", "50.0", "0.625"] in printed
    assert ["mean", "of", "digital", "50.0", "0.625"] in printed
    assert ["fog", "20.0", "8.0", "14.0", "0.175"] in printed
    assert ["mean", "of", "fog", "14.0", "0.175"] not in printed  # a group of one
    assert ["mean", "of", "all", "50.0", "26.0", "38.0", "0.475"] in printed
    assert ["1,530", "videos", "in", "each", "of", "7", "sets,", "1", "failed"] in printed
    assert ["weights:", "a"] in printed


def test_without_a_clean_video_that_is_right_robustness_stays_empty(capsys: pytest.CaptureFixture[str]) -> None:
    sets = {**SETS, "clean": {**SETS["clean"], "top1": 0.0}}
    print_robustness(sets, CONDITIONS, robustness(sets, CONDITIONS))
    assert ["jpeg", "60.0", "40.0", "50.0"] in printed_rows(capsys)
