"""Checks the settings of a split against what a data set offers: its official splits and its choices of classes."""

from __future__ import annotations

from collections.abc import Collection

from zsar.datamodules.settings import Split


def check_split(split: Split, data_set: str, *, n_folds: int, class_choices: Collection[str]) -> None:
    """Checks fold and classes.

    Args:
        split: The settings.
        data_set: Name of the data set's class, for messages.
        n_folds: Number of its official splits.
        class_choices: The values of `split.classes` that it offers.

    Raises:
        ValueError: There is no such official split or choice of classes, or halves are drawn in base_to_novel.
    """
    if not 1 <= split.fold <= n_folds:
        raise ValueError(f"split.fold is {split.fold}, but {data_set} has {_folds(n_folds)}")
    if split.classes not in class_choices:
        raise ValueError(f"split.classes is {split.classes}, but {data_set} offers only {', '.join(class_choices)}")
    if split.classes == "halves" and split.protocol != "all_classes":
        raise ValueError(
            f"split.classes is halves, but split.protocol is {split.protocol}, which has its own classes; set one of "
            "them to its default"
        )


def _folds(n: int) -> str:
    return "no official splits to choose from; leave it at 1" if n == 1 else f"the official splits 1 to {n}"
