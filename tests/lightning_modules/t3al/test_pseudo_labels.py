import pytest
import torch

from zsar.lightning_modules.t3al.pseudo_labels import PseudoLabels, distinct_jobs

COSINES = torch.tensor([0.1, 0.5, 0.45, 0.5, 0.2])


def test_the_nearest_class_is_the_pseudo_label_and_the_first_of_equals() -> None:
    assert PseudoLabels().nearest(COSINES) == [1]


def test_further_ones_are_within_the_margin() -> None:
    assert PseudoLabels(most=2, margin=0.1).nearest(COSINES) == [1, 3]
    assert PseudoLabels(most=4, margin=0.1).nearest(COSINES) == [1, 3, 2]
    assert PseudoLabels(most=9, margin=2.0).nearest(COSINES) == [1, 3, 2, 4, 0]


@pytest.mark.parametrize(("most", "margin"), [(0, None), (1, 0.1), (2, None), (2, -0.1), (2, 2.5)])
def test_pseudo_labels_that_make_no_sense_are_refused(most: int, margin: float | None) -> None:
    with pytest.raises(ValueError, match="pseudo_labels"):
        PseudoLabels(most=most, margin=margin)


def test_sets_share_the_work_on_a_label_unless_each_has_prototypes_of_its_own() -> None:
    labels = [{0: [4], 1: [2], 2: [4]}, {1: [4, 2]}]
    assert distinct_jobs(labels, lambda index: None) == [(0, 4, None), (0, 2, None), (1, 4, None), (1, 2, None)]
    own = [(0, 4, 0), (0, 2, 1), (0, 4, 2), (1, 4, 1), (1, 2, 1)]
    assert distinct_jobs(labels, lambda index: index) == own
