import pytest

from tests.makers.results.perturbed_sets import CONDITIONS, perturbed_sets, printed_rows
from zsar.callbacks.results.set_summary import print_sets, set_summary

COUNTS = {"n_listed": 4, "n_evaluated": 4, "n_failed": 0}
PERTURBED = perturbed_sets()


def test_halves_have_mean_and_deviation_and_perturbations_a_mean_without_the_clean_videos() -> None:
    halves = {"half_0": {"top1": 70.0, **COUNTS}, "half_1": {"top1": 76.0, **COUNTS}}
    assert set_summary(halves, {"classes": "halves"})["mean"] == {"top1": 73.0}
    of_perturbed = set_summary(PERTURBED, {"classes": "all", "conditions": CONDITIONS})
    assert of_perturbed["mean"] == {"top1": 38.0}
    assert of_perturbed["robustness"]["all"]["top1"] == 38.0
    assert "std" not in of_perturbed
    assert set_summary(halves, {"classes": "all"}) == {}


def test_the_table_fits_the_sets(capsys: pytest.CaptureFixture[str]) -> None:
    print_sets({"test": {"top1": 75.0, **COUNTS}}, {}, {"harmonic_mean": None}, weights=None)
    assert ["test", "75.0", "4", "4", "0"] in printed_rows(capsys)
    data = {"conditions": CONDITIONS}
    print_sets(PERTURBED, data, {"harmonic_mean": None, **set_summary(PERTURBED, data)}, weights=None)
    printed = printed_rows(capsys)
    assert ["mean", "of", "all", "50.0", "26.0", "38.0", "0.475"] in printed
    assert not any(row[:1] == ["jpeg_1"] for row in printed)
