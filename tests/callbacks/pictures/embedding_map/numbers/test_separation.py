"""Separation of classes: by hand, and beside scikit-learn and plain loops."""

from itertools import combinations

import numpy as np
import pytest
from sklearn.metrics import silhouette_score
from sklearn.neighbors import NearestNeighbors

from zsar.callbacks.pictures.embedding_map.numbers import separation as module
from zsar.callbacks.pictures.embedding_map.numbers.frame_spread import unit_length
from zsar.callbacks.pictures.embedding_map.numbers.separation import nearest_neighbours, separation

NAMES = ("run", "swim", "absent", "jump", "alone")


def random_videos() -> tuple[np.ndarray, np.ndarray]:
    draws = np.random.default_rng(0)
    labels = np.array([0] * 20 + [1] * 15 + [3] * 6 + [4])
    return unit_length(draws.normal(size=(5, 8))[labels] + 0.9 * draws.normal(size=(42, 8))), labels


def test_two_classes_by_hand() -> None:
    """Run lies at 0 and 60 degrees, swim at 90 and 180: cosines within 0.5 and 0, between 0, -1, cos 30 and -0.5."""
    angles = np.deg2rad([0, 60, 90, 180])
    x = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    found = separation(x, np.array([0, 0, 1, 1]), NAMES)
    between = (0 - 1 + np.cos(np.pi / 6) - 0.5) / 4
    assert (found.n, found.n_classes, found.within) == (4, 2, 0.25)
    assert found.between == pytest.approx(between, abs=1e-6)
    assert found.ratio == pytest.approx((1 - between) / 0.75, abs=1e-6)
    # The nearest of 0, 60, 90 and 180 degrees are 60, 90, 60 and 90: the first and the last are of the same class.
    assert found.neighbour_accuracy == 50
    run, swim = found.classes
    assert (run.name, run.n, run.within, run.neighbour_accuracy, run.neighbour_class) == ("run", 2, 0.5, 50, "swim")
    assert (swim.within, swim.nearest_class, run.nearest_class) == (0, "run", "swim")
    assert run.nearest_cosine == pytest.approx(np.cos(np.deg2rad(135 - 30)), abs=1e-6)
    # Run at 0 degrees: a = 1 - 0.5, b = the mean of 1 - 0 and 1 + 1; at 60: a = 0.5, b = mean of 1 - cos 30 and 1.5.
    b = 1 - (np.cos(np.pi / 6) - 0.5) / 2
    assert run.silhouette == pytest.approx(((1.5 - 0.5) / 1.5 + (b - 0.5) / b) / 2, abs=1e-6)


def test_cosines_are_those_of_all_pairs() -> None:
    x, labels = random_videos()
    found = separation(x, labels, NAMES)
    pairs = [(x[i] @ x[j], labels[i] == labels[j]) for i, j in combinations(range(len(x)), 2)]
    assert found.within == pytest.approx(np.mean([cosine for cosine, same in pairs if same]), abs=1e-5)
    assert found.between == pytest.approx(np.mean([cosine for cosine, same in pairs if not same]), abs=1e-5)
    swim = x[labels == 1]
    of_swim = [a @ b for a, b in combinations(swim, 2)]
    assert found.classes[1].within == pytest.approx(np.mean(of_swim), abs=1e-5)


def test_silhouette_and_neighbours_are_those_of_scikit_learn(monkeypatch: pytest.MonkeyPatch) -> None:
    x, labels = random_videos()
    expected = NearestNeighbors(n_neighbors=2, metric="cosine").fit(x).kneighbors(x)[1][:, 1]
    for block in (1024, 5):
        monkeypatch.setattr(module, "_BLOCK", block)
        found = separation(x, labels, NAMES)
        assert found.silhouette == pytest.approx(silhouette_score(x, labels, metric="cosine"), abs=1e-5)
        np.testing.assert_array_equal(nearest_neighbours(x.astype(np.float32)), expected)
        several = labels != 4
        right = (labels[expected] == labels)[several]
        assert found.neighbour_accuracy == pytest.approx(100 * right.mean(), abs=1e-4)


def test_a_class_with_one_video_has_no_pairs_and_counts_for_no_accuracy() -> None:
    x, labels = random_videos()
    alone = separation(x, labels, NAMES).classes[-1]
    assert (alone.name, alone.n, alone.within, alone.neighbour_accuracy) == ("alone", 1, None, None)
    assert alone.silhouette == 0
    assert [c.name for c in separation(x, labels, NAMES).classes] == ["run", "swim", "jump", "alone"]


def test_one_class_and_one_video_have_the_numbers_that_are_defined() -> None:
    x, _ = random_videos()
    one = separation(x, np.zeros(len(x), dtype=np.int64), NAMES)
    assert (one.between, one.ratio, one.silhouette, one.neighbour_accuracy) == (None, None, None, 100)
    assert (one.classes[0].nearest_class, one.classes[0].neighbour_class) == (None, None)
    single = separation(x[:1], np.array([3]), NAMES)
    assert (single.n, single.within, single.neighbour_accuracy) == (1, None, None)


def test_equal_videos_of_a_class_have_no_ratio() -> None:
    x = np.array([[1.0, 0.0], [1.0, 0.0], [0.0, 1.0], [0.0, 1.0]])
    found = separation(x, np.array([0, 0, 1, 1]), NAMES)
    assert (found.within, found.between, found.ratio, found.neighbour_accuracy) == (1, 0, None, 100)
    assert found.silhouette == pytest.approx(1)
    assert found.to_dict()["classes"][0]["name"] == "run"
