import json

import numpy as np
import pytest

from zsar.callbacks.pictures.errors.confusions import Confusions, chosen_classes

# "a" and "b" are taken for each other, "c" is right, "d" has no video, one of "c" was not decoded.
COUNTS = np.array([[2, 3, 0, 0], [4, 1, 0, 0], [0, 0, 5, 0], [0, 0, 0, 0]])


def confusions(**changes: object) -> Confusions:
    values = {
        "set_name": "novel",
        "names": ("a", "b", "c", "d"),
        "counts": COUNTS,
        "undecodable": np.array([0, 0, 1, 0]),
        "n_listed": 16,
    }
    return Confusions(**{**values, **changes})  # type: ignore[arg-type]


def test_the_summary_counts_videos_that_could_not_be_decoded_as_wrong() -> None:
    assert confusions().summary == "novel: 8 of 16 videos right (50.0 %), 4 classes, 1 not decoded"
    limited = confusions(n_listed=99)
    assert limited.summary.endswith(", limited test, 99 are listed")


def test_a_class_is_taken_for_others_in_order_of_their_number() -> None:
    counts = np.array([[1, 2, 5], [0, 1, 0], [0, 0, 1]])
    found = confusions(names=("a", "b", "c"), counts=counts, undecodable=np.zeros(3, dtype=int))
    assert found.taken_for(0) == [(2, 5), (1, 2)]
    assert found.taken_for(1) == []


def test_the_matrix_as_json_is_complete_and_sparse() -> None:
    content = json.loads(json.dumps(confusions().to_dict()))
    rebuilt = np.zeros((4, 4), dtype=int)
    for true, predicted, n in content["cells"]:
        rebuilt[true, predicted] = n
    np.testing.assert_array_equal(rebuilt, COUNTS)
    assert (len(content["cells"]), content["undecodable"], content["n"], content["n_right"]) == (5, [0, 0, 1, 0], 16, 8)
    assert content["clusters"] == [{"classes": ["a", "b"], "n": 10, "n_wrong": 7, "n_within": 7}]


def test_a_picture_shows_groups_first_and_then_the_worst_classes() -> None:
    counts = np.diag([10, 10, 10, 10, 10, 10])
    counts[2, 4] = counts[4, 2] = 8
    counts[5, 0] = 1
    found = confusions(names=tuple("abcdef"), counts=counts, undecodable=np.zeros(6, dtype=int))
    assert chosen_classes(found, 6) == ([2, 4, 5, 0, 1, 3], [[2, 4]])
    assert chosen_classes(found, 3) == ([2, 4, 5], [[2, 4]])
    assert chosen_classes(found, 1) == ([2], [])  # the group does not fit; its classes are the worst


def test_names_must_fit() -> None:
    with pytest.raises(ValueError, match="counts are of 4 classes, but there are 2 names"):
        confusions(names=("a", "b"))
