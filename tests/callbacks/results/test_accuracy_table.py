import pytest

from zsar.callbacks.results.accuracy_table import print_accuracies

COUNTS = {"n_listed": 4, "n_evaluated": 3, "n_failed": 1}


def rows(capsys: pytest.CaptureFixture[str]) -> list[list[str]]:
    """The words of each printed line."""
    text = capsys.readouterr().out
    return [line.replace("│", " ").replace("┃", " ").split() for line in text.splitlines()]


def test_sets_have_their_accuracies_and_counts(capsys: pytest.CaptureFixture[str]) -> None:
    print_accuracies({"base": {"top1": 75.0, **COUNTS}, "novel": {"top1": 50.0, **COUNTS}}, 60.0, weights="weights: a")
    printed = rows(capsys)
    assert ["base", "75.0", "4", "3", "1"] in printed
    assert ["harmonic", "mean", "60.0"] in printed
    assert ["weights:", "a"] in printed
    assert not any(row[:1] == ["mean"] for row in printed)


def test_draws_of_classes_end_with_mean_and_deviation(capsys: pytest.CaptureFixture[str]) -> None:
    sets = {"half_0": {"top1": 70.0, **COUNTS}, "half_1": {"top1": 76.0, **COUNTS}}
    print_accuracies(sets, None, mean={"top1": 73.0}, std={"top1": 4.243})
    printed = rows(capsys)
    assert ["mean", "73.0"] in printed
    assert ["±", "deviation", "4.2"] in printed


def test_a_prediction_has_counts_alone(capsys: pytest.CaptureFixture[str]) -> None:
    print_accuracies({"predict": COUNTS}, None)
    assert ["predict", "4", "3", "1"] in rows(capsys)
