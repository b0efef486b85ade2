import json

import numpy as np
import pytest
import torch
from torchmetrics.functional.classification import multiclass_confusion_matrix

from zsar.callbacks.pictures.errors.class_table import (
    ClassRow,
    ConfusionCluster,
    class_rows,
    confusion_clusters,
    counts_of,
    undecodable_of,
)

# Three videos of "run", two of which are right; two of "walk", both taken for "run"; one of "swim", not decoded.
LABELS, PREDICTIONS = [0, 0, 0, 1, 1, 2], [0, 1, 0, 0, 0, -1]
NAMES = ("run", "walk", "swim")


def test_counts_are_by_true_class_and_prediction() -> None:
    counts = counts_of(LABELS, PREDICTIONS, 3)
    np.testing.assert_array_equal(counts, [[2, 1, 0], [2, 0, 0], [0, 0, 0]])
    assert counts.dtype == np.int64
    np.testing.assert_array_equal(undecodable_of(LABELS, PREDICTIONS, 3), [0, 0, 1])


def test_counts_are_those_of_torchmetrics() -> None:
    torch.manual_seed(0)
    labels, predictions = torch.randint(17, (900,)), torch.randint(17, (900,))
    expected = multiclass_confusion_matrix(predictions, labels, num_classes=17)
    np.testing.assert_array_equal(counts_of(labels.numpy(), predictions.numpy(), 17), expected.numpy())


def test_rows_are_worst_first_and_name_the_most_frequent_confusion() -> None:
    rows = class_rows(counts_of(LABELS, PREDICTIONS, 3), NAMES, undecodable=undecodable_of(LABELS, PREDICTIONS, 3))
    assert rows == [
        ClassRow("walk", 2, 0.0, "run", 2, 0),
        ClassRow("swim", 1, 0.0, None, 0, 1),  # not decoded: wrong, but taken for nothing
        ClassRow("run", 3, 2 / 3, "walk", 1, 0),
    ]
    assert json.loads(json.dumps(rows[1].to_dict()))["confused_with"] is None


def test_a_class_without_videos_has_no_accuracy_and_comes_last() -> None:
    rows = class_rows(counts_of([1], [1], 2), ("a", "b"))
    assert [(row.name, row.n, row.top1) for row in rows] == [("b", 1, 1.0), ("a", 0, None)]


def test_one_class_and_no_mistake_are_rows_like_others() -> None:
    assert class_rows(counts_of([0, 0], [0, 0], 1), ("$a$",)) == [ClassRow("$a$", 2, 1.0, None, 0)]
    assert confusion_clusters(counts_of([0, 0], [0, 0], 1)) == []


def test_the_order_of_classes_does_not_matter() -> None:
    rng = np.random.default_rng(0)
    counts = rng.permutation(144).reshape(12, 12)  # all different: of equal counts, the first class is named
    names = [f"class {i}" for i in range(12)]
    order = rng.permutation(12)
    permuted = class_rows(counts[np.ix_(order, order)], [names[i] for i in order])
    assert permuted == class_rows(counts, names)
    sparse = np.where(rng.random((12, 12)) < 0.12, counts, 0) + np.diag(np.full(12, 30))
    groups = [{names[i] for i in c.classes} for c in confusion_clusters(sparse)]
    again = confusion_clusters(sparse[np.ix_(order, order)])
    assert [{names[order[i]] for i in c.classes} for c in again] == groups
    assert groups


def test_a_pair_is_merged_by_the_share_of_videos_between_them() -> None:
    counts = np.array([[7, 2, 1, 0], [1, 9, 0, 0], [0, 0, 10, 0], [0, 1, 0, 9]])
    # Between 0 and 1 are 3 of 20 videos; between {0, 1} and 2 there is 1 of 30, between {0, 1} and 3 also 1.
    assert confusion_clusters(counts) == [ConfusionCluster((0, 1), 20, 4, 3)]
    assert confusion_clusters(counts, least_share=0.15) == [ConfusionCluster((0, 1), 20, 4, 3)]
    assert confusion_clusters(counts, least_share=0.151) == []


def test_blocks_that_are_confused_evenly_are_found_whole() -> None:
    """Ten classes that nobody can tell apart are one group, though each pair shares little."""
    counts = np.zeros((16, 16), dtype=np.int64)
    counts[:10, :10] = 5
    counts[10:, 10:] = np.diag(np.full(6, 50))
    counts[12, 14] = counts[14, 12] = 20
    assert [c.classes for c in confusion_clusters(counts, least_share=0.1)] == [tuple(range(10)), (12, 14)]


def test_a_single_mistake_makes_no_group_and_scattered_ones_neither() -> None:
    assert confusion_clusters(counts_of([0, 1], [1, 1], 2)) == []
    assert confusion_clusters(counts_of([0, 1], [1, 1], 2), least_mistakes=1) == [ConfusionCluster((0, 1), 2, 1, 1)]
    scattered = np.ones((100, 100), dtype=np.int64) + np.diag(np.full(100, 100))
    assert confusion_clusters(scattered) == []


def test_a_group_as_json_has_names() -> None:
    content = ConfusionCluster((0, 2), 3, 2, 1).to_dict(NAMES)
    assert json.loads(json.dumps(content)) == {"classes": ["run", "swim"], "n": 3, "n_wrong": 2, "n_within": 1}


@pytest.mark.parametrize(
    ("labels", "predictions", "message"),
    [
        ([0, 3], [0, 0], "a label must be from 0 to 2; got 3"),
        ([-1], [0], "a label must be from 0 to 2; got -1"),
        ([0], [-2], "a prediction must be from -1 to 2; got -2"),
        ([0, 1], [0], "same length; got"),
    ],
)
def test_classes_out_of_range_are_errors(labels: list[int], predictions: list[int], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        counts_of(labels, predictions, 3)


def test_shapes_and_options_out_of_range_are_errors() -> None:
    counts = counts_of(LABELS, PREDICTIONS, 3)
    with pytest.raises(ValueError, match="counts are of 3 classes, but there are 2 names"):
        class_rows(counts, ("a", "b"))
    with pytest.raises(ValueError, match="undecodable must have 3 counts"):
        class_rows(counts, NAMES, undecodable=np.zeros(2, dtype=np.int64))
    with pytest.raises(ValueError, match="least_share must be above 0 and at most 1; got 0"):
        confusion_clusters(counts, least_share=0)
    with pytest.raises(ValueError, match="least_mistakes must be at least 1; got 0"):
        confusion_clusters(counts, least_mistakes=0)
    with pytest.raises(ValueError, match=r"counts must be \[C, C\]"):
        confusion_clusters(counts[:2])
