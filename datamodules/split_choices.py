"""The settings of a split, and which of them a data set offers: official splits, choices of classes and of videos."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Literal, Protocol


@dataclass(frozen=True)
class Split:
    """Which classes and videos are used for training and for testing.

    Attributes:
        protocol: Train and test on "all_classes", or train on base classes and test on base and on novel classes
            separately ("base_to_novel"); or test videos that show several classes each, or none ("multi_label": mean
            average precision over the classes; nothing is trained).
        classes: Which classes are tested: "all", or ten random "halves" of them, each a test set of one run, with mean
            and deviation (as published for ActivityNet). Of Kinetics-600 also "drawn_160" (draw `fold` of 160 of the
            220 that Kinetics-400 lacks) or "all_new" (one test on all 220).
        half_draws: How halves are drawn: "hashed", by a hash of `seed` and each name, the same for any order of the
            classes; or by "numpy", the first half of its permutation for each of the ten seeds from `seed` (BIKE's
            authors: 0 to 9).
        test_videos: Which videos are tested: the "official" test set; or "train_and_test", all videos of an official
            split (UCF-101 13,320, HMDB-51 5,100, ActivityNet 14,950), or "all" of HMDB-51 (6,766), as tests of models
            that were trained elsewhere; or the "validation" set of Kinetics-600 for a draw of its classes, whose
            official set is the test set.
        shots: Training videos per class; null for all.
        held_out_fraction: Fraction of each class's training videos that is held out for choosing the checkpoint. Test
            videos and novel classes are never used for this.
        seed: Seed of all random splits, independent of the run's seed.
        fold: Which official split: 1, 2 or 3 of UCF-101 and HMDB-51, or of Kinetics-600's draws.
        exclude: CSV file with a column `video`, as `zsar doctor` writes it: videos to use neither for training nor for
            testing. Results state their number. Relative to the working directory.
    """

    protocol: Literal["all_classes", "base_to_novel", "multi_label"] = "all_classes"
    classes: Literal["all", "halves", "drawn_160", "all_new"] = "all"
    half_draws: Literal["hashed", "numpy"] = "hashed"
    test_videos: Literal["official", "train_and_test", "all", "validation"] = "official"
    shots: int | None = None
    held_out_fraction: float = 0.1
    seed: int = 0
    fold: int = 1
    exclude: Path | str | None = None


_OF_A_LIST = "; list its videos with their labels in a CSV file, and test them as the data set VideoFolder"


class OffersSplits(Protocol):
    """A kind of data set.

    Attributes:
        n_folds: Number of its official splits.
        protocol_choices: The values of `split.protocol` that it offers.
        class_choices: The values of `split.classes` that it offers.
        video_choices: The values of `split.test_videos` that it offers.
    """

    n_folds: ClassVar[int]
    protocol_choices: ClassVar[tuple[str, ...]]
    class_choices: ClassVar[tuple[str, ...]]
    video_choices: ClassVar[tuple[str, ...]]


def check_split(split: Split, offered: type[OffersSplits]) -> None:
    """Checks fold, protocol, classes and test videos.

    Args:
        split: The settings.
        offered: The data set's class.

    Raises:
        ValueError: There is no such official split or choice of protocol, classes or test videos, halves are drawn in
            base_to_novel, how they are drawn is stated where none are, or shots are of videos with several labels.
    """
    data_set, n_folds = offered.__name__, offered.n_folds
    if not 1 <= split.fold <= n_folds:
        raise ValueError(f"split.fold is {split.fold}, but {data_set} has {_folds(n_folds)}")
    if (chosen := split.protocol) not in offered.protocol_choices:
        raise ValueError(
            f"split.protocol is {chosen}, but {data_set} offers only {', '.join(offered.protocol_choices)}"
            + (_OF_A_LIST if chosen == "multi_label" else "; its videos have several labels each")
        )
    for name, choices in (("classes", offered.class_choices), ("test_videos", offered.video_choices)):
        if (chosen := getattr(split, name)) not in choices:
            raise ValueError(f"split.{name} is {chosen}, but {data_set} offers only {', '.join(choices)}")
    if split.protocol != "all_classes":
        for name, default in (("classes", "all"), ("test_videos", "official")):
            if (chosen := getattr(split, name)) in ("halves", "train_and_test", "all") and chosen != default:
                raise ValueError(
                    f"split.{name} is {chosen}, but split.protocol is {split.protocol}, which has its own classes and "
                    "videos; set one of them to its default"
                )
    if split.protocol == "multi_label" and split.shots is not None:
        raise ValueError(
            f"split.shots is {split.shots}, but videos of several labels (split.protocol multi_label) are only tested; "
            "leave it out"
        )
    if split.half_draws != "hashed" and split.classes != "halves":
        raise ValueError(
            f"split.half_draws is {split.half_draws}, but split.classes is {split.classes}, so that no halves are "
            "drawn; set split.classes to halves, or leave out split.half_draws"
        )


def _folds(n: int) -> str:
    return "no official splits to choose from; leave it at 1" if n == 1 else f"the official splits 1 to {n}"
