"""The test classes of localization in untrimmed videos, and readers of the annotation files.

T3AL (Liberatori et al. 2024, section 5) tests on half or on a quarter of the classes, drawn ten times. Its published
draws are text files with one exact class name per line; without them, the same fractions are drawn from a seed:

    FOLDER/train_50_test_50/THUMOS14/test/split_0.list    ... split_9.list; likewise train/ and ActivityNet/
    FOLDER/train_75_test_25/THUMOS14/test/split_0.list
"""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from zsar.datamodules.lists.annotations import segment_seconds
from zsar.datamodules.lists.splits import draw_classes
from zsar.runtime.seeds import derive_seed
from zsar.runtime.text.json_files import json_value
from zsar.runtime.text.json_values import JsonValue
from zsar.runtime.text.text_files import fault_in, shown
from zsar.runtime.text.text_tables import read_lines

N_DRAWS = 10
"""How often T3AL draws classes for each fraction."""

_LISTS_URL = "https://github.com/benedettaliberatori/T3AL"
_FOLDERS = {"50_50": "train_50_test_50", "75_25": "train_75_test_25"}
_TEST_FRACTION = {"50_50": 0.5, "75_25": 0.25}


@dataclass(frozen=True)
class ClassSplit:
    """Which classes are tested; nothing is trained.

    Attributes:
        name: Percentages of training and test classes: "50_50" or "75_25" (quoted in YAML, where unquoted 50_50 is the
            number 5050), or "all_classes", for extracting features and for your own tests.
        number: Which of the ten draws, 0 to 9, or "all" in one run, so that each video is processed once; 0 for
            all_classes.
        lists: Folder of published draws, relative to the data root; null to draw from `seed`.
        seed: Seed of the draws, for those that are not published.
        exclude: CSV file with a column `video` of ids: videos to leave out of the test. Results state their number.
            Relative to the working directory.
    """

    name: Literal["50_50", "75_25", "all_classes"] = "50_50"
    number: int | Literal["all"] = 0
    lists: Path | str | None = None
    seed: int = 0
    exclude: Path | str | None = None

    def __post_init__(self) -> None:
        """Checks that the draw exists and that no setting is without effect."""
        if self.number not in ("all", *range(N_DRAWS)):
            raise ValueError(
                f"split.number is {self.number}, but there are {N_DRAWS} draws: 0 to {N_DRAWS - 1}, or 'all' of them"
            )
        if self.name == "all_classes" and (self.number or self.lists is not None):
            raise ValueError(
                "split.name is 'all_classes', which has a single split: leave split.number at 0 and split.lists at "
                f"null; got {self.number} and {self.lists}"
            )
        if self.seed and (self.lists is not None or self.name == "all_classes"):
            raise ValueError(f"split.seed is {self.seed}, but nothing is drawn with these settings; leave it at 0")

    @property
    def numbers(self) -> tuple[int, ...]:
        """The tested draws."""
        return tuple(range(N_DRAWS)) if self.number == "all" else (self.number,)


@dataclass(frozen=True)
class Instance:
    """One annotated action.

    Attributes:
        class_name: The class, in the data set's original spelling.
        start_seconds: When it starts, in seconds on the player's clock (`video_files.decoding`).
        end_seconds: When it ends.
    """

    class_name: str
    start_seconds: float
    end_seconds: float


@dataclass(frozen=True)
class AnnotatedVideo:
    """An untrimmed video as annotated.

    Attributes:
        id: Its name: the file name without suffix.
        duration_seconds: Annotated duration; None if not annotated.
        instances: All its actions, of any class; may be empty.
    """

    id: str
    duration_seconds: float | None
    instances: tuple[Instance, ...]


def classes_of_split(
    split: ClassSplit, names: Sequence[str], *, data_set: str, data_root: Path
) -> dict[int, tuple[str, ...]]:
    """The test classes of each draw, in label order.

    Args:
        split: The settings.
        names: All exact class names of the data set.
        data_set: The data set's folder among the lists: "THUMOS14" or "ActivityNet".
        data_root: The folder that `split.lists` is relative to.

    Returns:
        Number of the draw -> its exact names: all names in order, those of the list in its order, or the drawn ones,
        sorted. A draw does not depend on whether the others are drawn.

    Raises:
        FileNotFoundError: A list is missing.
        ValueError: A list names an unknown class or one twice, or is empty; or there are too few classes to draw.
    """
    return {number: _classes_of_draw(split, number, names, data_set, data_root) for number in split.numbers}


def read_class_list(path: Path, names: Collection[str]) -> tuple[str, ...]:
    """A published draw: one exact class name per line.

    Raises:
        FileNotFoundError: The list is missing.
        ListFileError: It names an unknown class, a class twice, or no class.
    """
    if_missing = (
        f"the lists come from {_LISTS_URL}. The folder is set by --data.split.lists, relative to the data root; null "
        "draws classes instead"
    )
    first: dict[str, int] = {}
    for line in read_lines(path, "class list", comments=False, if_missing=if_missing):
        name = line.name
        if name not in names:
            raise line.fault(f"{shown(name)} is not one of the {len(names)} classes of the data set; correct it")
        if name in first:
            raise line.fault(f"{shown(name)} is already listed on line {first[name]}; take one of them out")
        first[name] = line.number
    if not first:
        raise fault_in(path, "lists no class; a class list has one class name per line")
    return tuple(first)


def _classes_of_draw(
    split: ClassSplit, number: int, names: Sequence[str], data_set: str, data_root: Path
) -> tuple[str, ...]:
    if split.name == "all_classes":
        return tuple(names)
    if split.lists is not None:
        folder = data_root / split.lists / _FOLDERS[split.name] / data_set / "test"
        return read_class_list(folder / f"split_{number}.list", names)
    n_test = math.floor(len(names) * _TEST_FRACTION[split.name])
    return draw_classes(names, n_test, seed=derive_seed(split.seed, "localization", split.name, number))


def read_thumos14_annotations(path: Path) -> list[AnnotatedVideo]:
    """T3AL's THUMOS14: {ID: {"duration_second", "annotations": [{"segment": ["18.1", "24.3"], "label"}]}}.

    Segments are strings of seconds. `duration_frame` is ignored: it counts frames at 10 per second, which is not the
    rate of any video.

    Raises:
        FileNotFoundError: The file is missing.
        ListFileError: It has another format, or a segment is not an interval.
    """
    database = json_value(path, "annotation file", if_missing=_from(_LISTS_URL))
    return [_video(video, entry, "duration_second") for video, entry in sorted(database.items())]


def read_activitynet_annotations(path: Path, subsets: Collection[str]) -> list[AnnotatedVideo]:
    """ActivityNet: {"database": {ID: {"subset", "duration", "annotations": [{"segment": [s, e], "label"}]}}}.

    Args:
        path: activity_net.v1-3.min.json.
        subsets: "training", "validation" or both; the annotations of "testing" are not published.

    Returns:
        The videos, named v_ID like their files.

    Raises:
        FileNotFoundError: The file is missing.
        ListFileError: It has another format, or a segment is not an interval.
    """
    content = json_value(path, "annotation file", if_missing=_from("http://activity-net.org/download.html"))
    return [
        _video(f"v_{video}", entry, "duration")
        for video, entry in sorted(content["database"].items())
        if entry["subset"].text() in subsets
    ]


def _video(name: str, entry: JsonValue, duration_key: str) -> AnnotatedVideo:
    return AnnotatedVideo(
        id=name,
        duration_seconds=entry[duration_key].seconds(),
        instances=tuple(
            Instance(annotation["label"].name(), *segment_seconds(annotation["segment"]))
            for annotation in entry["annotations"].elements()
        ),
    )


def _from(source: str) -> str:
    return f"it comes from {source}. The data root is set by $ZSAR_DATA or --data.data_root"
