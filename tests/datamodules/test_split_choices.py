import pytest

from zsar.datamodules.settings import Split
from zsar.datamodules.split_choices import check_split


@pytest.mark.parametrize("split", [Split(), Split(fold=3), Split(classes="halves"), Split(classes="all_new")])
def test_what_a_data_set_offers_is_accepted(split: Split) -> None:
    check_split(split, "Kinetics600", n_folds=3, class_choices=("all", "halves", "all_new"))


@pytest.mark.parametrize(
    ("split", "n_folds", "message"),
    [
        (Split(fold=4), 3, "split.fold is 4, but UCF101 has the official splits 1 to 3"),
        (Split(fold=2), 1, "split.fold is 2, but UCF101 has no official splits to choose from; leave it at 1"),
        (Split(classes="all_new"), 1, "split.classes is all_new, but UCF101 offers only all, halves"),
        (Split(classes="halves", protocol="base_to_novel"), 1, "halves, but split.protocol is base_to_novel"),
    ],
)
def test_anything_else_is_an_error(split: Split, n_folds: int, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        check_split(split, "UCF101", n_folds=n_folds, class_choices=("all", "halves"))
