"""Spread of class texts by tuning: by hand, and sums beside all videos at once."""

import numpy as np
import pytest

from zsar.callbacks.pictures.embedding_map.numbers.frame_spread import unit_length
from zsar.callbacks.pictures.embedding_map.numbers.text_spread import TextSpread, class_points, deviation

DRAWS = np.random.default_rng(0)
UNTUNED = unit_length(DRAWS.normal(size=(4, 6)))
TUNED = unit_length(UNTUNED + 0.3 * DRAWS.normal(size=(10, 4, 6)))
NAMES = ("run", "swim", "jump", "dance")


def test_prompts_are_averaged_to_unit_length() -> None:
    np.testing.assert_allclose(class_points(np.array([[[1.0, 0.0], [0.0, 1.0]]])), [[0.5**0.5, 0.5**0.5]])
    assert class_points(np.ones((3, 4, 2, 6))).shape == (3, 4, 6)


def test_two_opposite_classes_deviate_by_one_and_equal_ones_by_nothing() -> None:
    opposite, equal = [[1.0, 0.0], [-1.0, 0.0]], [[1.0, 0.0], [1.0, 0.0]]
    np.testing.assert_allclose(deviation(np.array([opposite, equal])), [1, 0])


def test_classes_that_are_not_tuned_do_not_move() -> None:
    spread = TextSpread(UNTUNED)
    spread.add(np.stack([UNTUNED, UNTUNED]))
    numbers = spread.numbers(NAMES)
    assert numbers["std_after"] == pytest.approx(numbers["std_before"])
    assert [(row["shift"], row["spread"]) for row in numbers["classes"]] == [
        (pytest.approx(0), pytest.approx(0, abs=1e-6))
    ] * 4


def test_sums_over_batches_and_processes_are_those_of_all_videos() -> None:
    one, other = TextSpread(UNTUNED), TextSpread(UNTUNED)
    one.add(TUNED[:3])
    one.add(TUNED[3:4])
    other.add(TUNED[4:])
    one.merge(other)
    numbers = one.numbers(NAMES)
    assert numbers["n_videos"] == 10
    assert numbers["std_before"] == pytest.approx(float(np.sqrt(UNTUNED.var(axis=0).sum())), abs=1e-6)
    each = [np.sqrt(video.var(axis=0).sum()) for video in TUNED]
    assert numbers["std_after"] == pytest.approx(np.mean(each), abs=1e-6)
    by_name = {row["name"]: row for row in numbers["classes"]}
    for c, name in enumerate(NAMES):
        assert by_name[name]["shift"] == pytest.approx(np.mean(1 - TUNED[:, c] @ UNTUNED[c]), abs=1e-6)
        assert by_name[name]["spread"] == pytest.approx(np.sqrt(TUNED[:, c].var(axis=0).sum()), abs=1e-6)
    shifts = [row["shift"] for row in numbers["classes"]]
    assert shifts == sorted(shifts, reverse=True)


def test_without_videos_there_is_no_spread() -> None:
    numbers = TextSpread(UNTUNED).numbers(NAMES)
    assert (numbers["n_videos"], numbers["std_after"]) == (0, 0)
    assert {row["spread"] for row in numbers["classes"]} == {0}
