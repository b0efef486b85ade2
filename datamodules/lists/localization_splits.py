"""Which classes localization in untrimmed videos is tested on, and the annotation files that say where they happen.

T3AL (Liberatori et al. 2024, section 5) tests on half or on a quarter of the classes, drawn ten times. Its published
draws are text files with one exact class name a line; where they are not given, the same shares are drawn from a seed:

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
from zsar.runtime.text.json_files import JsonValue, json_value
from zsar.runtime.text.text_files import fault_in, shown
from zsar.runtime.text.text_tables import read_lines

N_DRAWS = 10
"""How often T3AL draws classes of each share."""

_LISTS_URL = "https://github.com/benedettaliberatori/T3AL"
_FOLDER_OF = {"50_50": "train_50_test_50", "75_25": "train_75_test_25"}
_TEST_SHARE = {"50_50": 0.5, "75_25": 0.25}


@dataclass(frozen=True)
class ClassSplit:
    """Which classes are tested on; nothing is trained.

    Attributes:
        name: Shares of the classes that others train on and that are tested on: "50_50" or "75_25" (in YAML with
            quotes, without which it is the number 5050), or "all_classes", for features and for your own tests.
        number: Which of the ten draws, 0 to 9, or "all" of them in one run, so that work on a video is done once; 0
            where all classes are tested on.
        lists: Folder of published draws, relative to the data root; null to draw from `seed`.
        seed: Seed of the draws, for those that are not published.
        exclude: CSV file with a column `video` of ids: videos that are not tested on, and counted in every result.
            Relative to the working directory.
    """

    name: Literal["50_50", "75_25", "all_classes"] = "50_50"
    number: int | Literal["all"] = 0
    lists: Path | str | None = None
    seed: int = 0
    exclude: Path | str | None = None

    def __post_init__(self) -> None:
        """Refuses a draw that there is not, and settings without effect."""
        if self.number not in ("all", *range(N_DRAWS)):
            raise ValueError(
                f"split.number is {self.number}, but there are {N_DRAWS} draws, 0 to {N_DRAWS - 1}, and 'all' of them"
            )
        if self.name == "all_classes" and (self.number or self.lists is not None):
            raise ValueError(
                "split.name is 'all_classes', of which there is one split: leave split.number at 0 and split.lists at "
                f"null; got {self.number} and {self.lists}"
            )
        if self.seed and (self.lists is not None or self.name == "all_classes"):
            raise ValueError(f"split.seed is {self.seed}, but nothing is drawn with these settings; leave it at 0")

    @property
    def numbers(self) -> tuple[int, ...]:
        """The draws that are tested on."""
        return tuple(range(N_DRAWS)) if self.number == "all" else (self.number,)


@dataclass(frozen=True)
class Instance:
    """One annotated action.

    Attributes:
        class_name: The class, exactly as the makers write it.
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
        id: Its name, which is that of its file without the suffix.
        duration_seconds: How long it is, as annotated; None where that is not said.
        instances: All its actions, of any class; there may be none.
    """

    id: str
    duration_seconds: float | None
    instances: tuple[Instance, ...]


def classes_of_split(
    split: ClassSplit, names: Sequence[str], *, data_set: str, data_root: Path
) -> dict[int, tuple[str, ...]]:
    """The classes that are tested on, in label order, of each draw.

    Args:
        split: The settings.
        names: All exact class names of the data set.
        data_set: The data set's folder among the lists: "THUMOS14" or "ActivityNet".
        data_root: What `split.lists` is relative to.

    Returns:
        Number of the draw -> its exact names: all in their order, those of the list in its order, or those drawn,
        sorted. A draw is the same alone and among all ten.

    Raises:
        FileNotFoundError: A list is not there.
        ValueError: A list names an unknown class or one twice, or is empty; or there are too few classes to draw.
    """
    return {number: _classes_of_draw(split, number, names, data_set, data_root) for number in split.numbers}


def read_class_list(path: Path, names: Collection[str]) -> tuple[str, ...]:
    """A published draw: one exact class name a line.

    Raises:
        FileNotFoundError: The list is not there.
        ListFileError: It names an unknown class, or one twice, or none.
    """
    if_missing = (
        f"the lists come from {_LISTS_URL}. The folder is set by --data.split.lists, relative to the data root; null "
        "draws classes instead"
    )
    first: dict[str, int] = {}
    for line in read_lines(path, "class list", comments=False, if_missing=if_missing):
        name = line.name
        if name not in names:
            raise line.fault(f"{shown(name)} is none of the {len(names)} classes of the data set; correct its spelling")
        if name in first:
            raise line.fault(f"{shown(name)} is there already, on line {first[name]}; take one of them out")
        first[name] = line.number
    if not first:
        raise fault_in(path, "names no class; the class list has one on each line")
    return tuple(first)


def _classes_of_draw(
    split: ClassSplit, number: int, names: Sequence[str], data_set: str, data_root: Path
) -> tuple[str, ...]:
    if split.name == "all_classes":
        return tuple(names)
    if split.lists is not None:
        folder = data_root / split.lists / _FOLDER_OF[split.name] / data_set / "test"
        return read_class_list(folder / f"split_{number}.list", names)
    n_test = math.floor(len(names) * _TEST_SHARE[split.name])
    return draw_classes(names, n_test, seed=derive_seed(split.seed, "localization", split.name, number))


def read_thumos14_annotations(path: Path) -> list[AnnotatedVideo]:
    """T3AL's THUMOS14: {ID: {"duration_second", "annotations": [{"segment": ["18.1", "24.3"], "label"}]}}.

    Segments are strings of seconds. `duration_frame` counts frames at 10 per second, which is no video's rate, and is
    not read.

    Raises:
        FileNotFoundError: The file is not there.
        ListFileError: It is no such file, or a segment is no stretch of time.
    """
    database = json_value(path, "annotation file", if_missing=_from(_LISTS_URL))
    return [_video(video, entry, "duration_second") for video, entry in sorted(database.items())]


def read_activitynet_annotations(path: Path, subsets: Collection[str]) -> list[AnnotatedVideo]:
    """ActivityNet: {"database": {ID: {"subset", "duration", "annotations": [{"segment": [s, e], "label"}]}}}.

    Args:
        path: activity_net.v1-3.min.json.
        subsets: "training", "validation" or both; the annotations of "testing" are secret.

    Returns:
        The videos, each called v_ID as its file is.

    Raises:
        FileNotFoundError: The file is not there.
        ListFileError: It is no such file, or a segment is no stretch of time.
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
