import pytest

from zsar.datamodules.data_sets import HMDB51, MultiLabelShapes, VideoFolder
from zsar.datamodules.data_sets.kinetics600 import Kinetics600
from zsar.datamodules.data_sets.ssv2 import SomethingSomethingV2
from zsar.datamodules.settings import Split
from zsar.datamodules.split_choices import check_split


@pytest.mark.parametrize(
    "split",
    [
        Split(),
        Split(fold=3),
        Split(classes="halves"),
        Split(classes="halves", half_draws="numpy"),
        Split(classes="all_new"),
        Split(classes="drawn_160", test_videos="validation"),
    ],
)
def test_what_a_data_set_offers_is_accepted(split: Split) -> None:
    check_split(split, Kinetics600)


@pytest.mark.parametrize(
    ("split", "data_set", "message"),
    [
        (Split(fold=4), HMDB51, "split.fold is 4, but HMDB51 has the official splits 1 to 3"),
        (
            Split(fold=2),
            SomethingSomethingV2,
            "split.fold is 2, but SomethingSomethingV2 has no official splits",
        ),
        (Split(classes="all_new"), HMDB51, "split.classes is all_new, but HMDB51 offers only all, halves"),
        (Split(classes="halves", protocol="base_to_novel"), HMDB51, "halves, but split.protocol is base_to_novel"),
        (Split(half_draws="numpy"), HMDB51, "half_draws is numpy, but split.classes is all, so that no halves are"),
        (Split(test_videos="validation"), HMDB51, "validation, but HMDB51 offers only official, train_and_test, all"),
        (
            Split(test_videos="train_and_test"),
            SomethingSomethingV2,
            "but SomethingSomethingV2 offers only official",
        ),
        (
            Split(protocol="multi_label"),
            HMDB51,
            "HMDB51 offers only all_classes, base_to_novel; list its videos",
        ),
        (Split(protocol="multi_label", shots=4), VideoFolder, "split.shots is 4, but videos of several labels"),
        (Split(protocol="multi_label", classes="halves"), VideoFolder, "halves, but split.protocol is multi_label"),
        (Split(), MultiLabelShapes, "all_classes, but MultiLabelShapes offers only multi_label"),
        (Split(test_videos="all", protocol="base_to_novel"), HMDB51, "test_videos is all, but split.protocol is base"),
    ],
)
def test_anything_else_is_an_error(split: Split, data_set: type, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        check_split(split, data_set)
