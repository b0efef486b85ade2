"""Every data set of zsar by its name: how its miniature is made, and what its commands say beside the protocol."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from tests.makers import miniatures as miniature
from tests.makers.miniatures.localization_files import write_class_list, write_thumos14_annotations
from tests.makers.miniatures.truth import Truth
from tests.makers.videos.class_folders import write_class_folders


def options(**settings: object) -> list[str]:
    """Settings of the data as options: `split__shots=1` is `--data.split.shots=1`."""
    return [f"--data.{name.replace('__', '.')}={value}" for name, value in settings.items()]


@dataclass(frozen=True)
class Miniature:
    """A data set in small.

    Attributes:
        make: Writes its files below a data root.
        tested: The subset of the truth that is tested on.
        options: Of every command.
        zero_shot: Of a test of another data set's model.
        keeps_last: Whether it has too few training videos to hold some out, so that the last checkpoint is kept.
        protocol: Of a test of all its classes.
    """

    make: Callable[[Path], Truth | Path | None]
    tested: str = "test"
    options: tuple[str, ...] = ()
    zero_shot: tuple[str, ...] = ()
    keeps_last: bool = False
    protocol: str = "all_classes"


def perturbed(root: Path, make: Callable[[Path], Truth], fold: int = 1) -> Truth:
    """A miniature with its clean clips, whose annotations it is read by."""
    return miniature.make_perturbed(root, make(root), split=fold)


def rendered(_: Path) -> None:
    """Nothing: `zsar` renders the benchmark itself."""


SHIFT = ("--data.perturbation=gaussian_noise", "--data.severity=3")
FEW_SHAPES = ("--data.n_test=1",)
MINIATURES = {
    "ActivityNet": Miniature(miniature.make_activitynet, "validation", keeps_last=True),
    "HMDB51": Miniature(miniature.make_hmdb51),
    "HMDB51P": Miniature(partial(perturbed, make=miniature.make_hmdb51), options=SHIFT),
    "Kinetics400": Miniature(miniature.make_kinetics400, "val"),
    "Kinetics600": Miniature(miniature.make_kinetics600, zero_shot=("--data.split.classes=drawn_160",)),
    "MovingShapes": Miniature(rendered, options=(*FEW_SHAPES, "--data.n_train=2")),
    "MultiLabelShapes": Miniature(rendered, options=FEW_SHAPES, protocol="multi_label"),
    "PhasedActivities": Miniature(rendered, options=(*FEW_SHAPES, "--data.n_train=2")),
    "ShiftedMovingShapes": Miniature(
        rendered, options=(*FEW_SHAPES, "--data.shifts=[clean,noise]"), protocol="base_to_novel"
    ),
    "SomethingSomethingV2": Miniature(miniature.make_ssv2, "validation"),
    "THUMOS14": Miniature(miniature.make_thumos14),
    "UCF101": Miniature(miniature.make_ucf101),
    "UCF101DS": Miniature(miniature.make_ucf101_ds),
    "UCF101O": Miniature(lambda root: miniature.make_occluded(root, miniature.make_ucf101(root))),
    "UCF101P": Miniature(partial(perturbed, make=miniature.make_ucf101), options=SHIFT),
    "VideoFolder": Miniature(lambda root: write_class_folders(root / "own"), options=("--data.train=own",)),
}
OF_FOLDS: dict[str, Callable[[Path, int], Truth]] = {  # whose files are those of one fold
    "HMDB51P": lambda root, fold: perturbed(root, miniature.make_hmdb51, fold),
    "UCF101O": lambda root, fold: miniature.make_occluded(root, miniature.make_ucf101(root), split=fold),
    "UCF101P": lambda root, fold: perturbed(root, miniature.make_ucf101, fold),
}


def make_untrimmed_activitynet(root: Path) -> list[str]:
    """ActivityNet with the lists of ten draws."""
    return listed_draws(root, miniature.make_activitynet(root), "ActivityNet")


def make_untrimmed_thumos14(root: Path) -> list[str]:
    """THUMOS14 with T3AL's annotations, and the lists of ten draws."""
    truth = miniature.make_thumos14(root)
    videos: dict[str, list[tuple[str, float, float]]] = {}
    for instance in sorted(truth.instances["validation"] | truth.instances["test"]):
        videos.setdefault(instance.stem, []).append((instance.class_name, *instance[2:]))
    write_thumos14_annotations(root / "thumos14/thumos14_annotations.json", videos)
    return listed_draws(root, truth, "THUMOS14")


def listed_draws(root: Path, truth: Truth, folder: str) -> list[str]:
    """Published lists of two classes in each of the ten draws of both shares."""
    names = truth.class_names
    for number in range(10):
        for share in ("50_50", "75_25"):
            tested = [names[number % len(names)], names[(number + 1) % len(names)]]
            write_class_list(root / "lists", share, folder, number, tested)
    return options(split__lists="lists")


def make_untrimmed_files(root: Path) -> list[str]:
    """Videos of one's own, with annotations."""
    write_class_folders(root / "own")
    middle = [{"segment": [0.25, 1.0], "label": "red dance"}]
    annotations = {f"{index}": {"duration_second": 1.5, "annotations": middle} for index in range(5)}
    (root / "annotations.json").write_text(json.dumps(annotations))
    return options(videos="own/red dance", classes="[red dance]", annotations="annotations.json")


UNTRIMMED_MINIATURES: dict[str, Callable[[Path], list[str]]] = {
    "ActivityNetUntrimmed": make_untrimmed_activitynet,
    "THUMOS14Untrimmed": make_untrimmed_thumos14,
    "UntrimmedFiles": make_untrimmed_files,
    "UntrimmedShapes": lambda root: options(n_videos=1),
}
