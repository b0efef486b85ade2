import pytest

from zsar.callbacks.results.mean_of_sets import mean_accuracies, mean_and_deviation


def test_means_and_deviations_are_over_the_sets_with_figures() -> None:
    sets: list[dict[str, float]] = [
        {"map": 10.0, "n_videos": 3},
        {"map": 13.0, "n_videos": 4},
        {"n_videos": 0, "n_classes": 0},
    ]
    assert mean_and_deviation(sets) == {"mean": {"map": 11.5}, "std": {"map": pytest.approx(4.5**0.5)}}
    assert mean_and_deviation(sets[1:]) == {"mean": {"map": 13.0}, "std": None}


def test_accuracies_are_averaged_over_draws_and_counts_are_not() -> None:
    sets = [
        {"top1": 70.0, "untuned_top1": 68.0, "n_listed": 3, "flipped_right": 1.0, "per_class": {"a": 70.0}},
        {"top1": 76.0, "untuned_top1": 70.0, "n_listed": 5, "flipped_right": 3.0, "per_class": {"b": 76.0}},
    ]
    assert mean_accuracies(sets) == {
        "mean": {"top1": 73.0, "untuned_top1": 69.0},
        "std": {"top1": pytest.approx(18**0.5), "untuned_top1": pytest.approx(2**0.5)},
    }
