"""One draw of classes, its test videos, and their action instances.

Several draws share a list of videos; each refers to it by row, and numbers its own classes.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import torch
from torch import Tensor

from zsar.datamodules.lists.localization_splits import AnnotatedVideo

_SHOWN = 5


@dataclass(frozen=True)
class ActionInstance:
    """An action of a tested class in a tested video.

    Attributes:
        video: Row of its video in the shared list.
        label: Index of its class in `class_names` of the set.
        start_seconds: When it starts, in seconds on the player's clock (`video_files.decoding`).
        end_seconds: When it ends.
    """

    video: int
    label: int
    start_seconds: float
    end_seconds: float


class GroundTruth(NamedTuple):
    """The instances of some videos as tensors, for temporal mAP.

    Attributes:
        videos: int64 [M], rows of the shared list.
        labels: int64 [M], indices into `class_names` of the set.
        seconds: float64 [M, 2], start and end.
    """

    videos: Tensor
    labels: Tensor
    seconds: Tensor


@dataclass(frozen=True)
class TestedSet:
    """The test data of one draw.

    Attributes:
        number: Number of the draw; 0 if all classes are tested.
        exact_names: Its C classes in label order, in the data set's original spelling.
        class_names: The same in plain words: "HighJump" is "high jump".
        rows: Rows of its videos in the shared list.
        instances: The instances of its classes in these videos, sorted by video, start and end.
        n_dropped_instances: Number of instances of other classes in these videos.
    """

    __test__ = False  # pytest collects classes of this name as tests

    number: int
    exact_names: tuple[str, ...]
    class_names: tuple[str, ...]
    rows: frozenset[int]
    instances: tuple[ActionInstance, ...]
    n_dropped_instances: int

    def ground_truth(self, rows: Sequence[int]) -> GroundTruth:
        """The instances of some videos, in the order of `instances`.

        Args:
            rows: Rows of the shared list; those outside this set contribute nothing.
        """
        chosen = [instance for row in sorted(set(rows)) for instance in self._by_row.get(row, ())]
        return GroundTruth(
            videos=torch.tensor([i.video for i in chosen], dtype=torch.int64),
            labels=torch.tensor([i.label for i in chosen], dtype=torch.int64),
            seconds=torch.tensor([(i.start_seconds, i.end_seconds) for i in chosen], dtype=torch.float64).reshape(
                -1, 2
            ),
        )

    @cached_property
    def _by_row(self) -> dict[int, list[ActionInstance]]:
        """The instances of each video, since a test needs them video by video."""
        by_row: dict[int, list[ActionInstance]] = {}
        for instance in self.instances:
            by_row.setdefault(instance.video, []).append(instance)
        return by_row


def list_tested_set(
    number: int,
    exact_names: Sequence[str],
    class_names: Sequence[str],
    videos: Sequence[AnnotatedVideo],
    *,
    on_all_videos: bool,
) -> TestedSet:
    """Finds the videos of a draw and their instances.

    Args:
        number: Number of the draw.
        exact_names: Its C classes in label order, spelled as in the annotations.
        class_names: The same in plain words.
        videos: The shared list.
        on_all_videos: Whether to include videos without any of the classes.
    """
    label_of = {name: label for label, name in enumerate(exact_names)}
    rows = frozenset(
        row
        for row, video in enumerate(videos)
        if on_all_videos or any(i.class_name in label_of for i in video.instances)
    )
    instances = tuple(
        ActionInstance(row, label_of[i.class_name], i.start_seconds, i.end_seconds)
        for row in sorted(rows)
        for i in sorted(videos[row].instances, key=lambda i: (i.start_seconds, i.end_seconds, i.class_name))
        if i.class_name in label_of
    )
    n_dropped = sum(len(videos[row].instances) for row in rows) - len(instances)
    return TestedSet(number, tuple(exact_names), tuple(class_names), rows, instances, n_dropped)


def check_annotations(videos: Sequence[AnnotatedVideo], known_names: Collection[str], *, data_set: str) -> None:
    """Checks that annotations can be used for testing.

    Args:
        videos: All annotated videos.
        known_names: All exact class names of the data set.
        data_set: Its name in messages.

    Raises:
        ValueError: A class is not among the names, or a video is annotated twice.
    """
    known = set(known_names)
    unknown = sorted({i.class_name for video in videos for i in video.instances} - known)
    if unknown:
        raise ValueError(
            f"the annotations of {data_set} name classes that are not among its {len(known)}: "
            f"{', '.join(unknown[:_SHOWN])}"
        )
    ids: set[str] = set()
    for video in videos:
        if video.id in ids:
            raise ValueError(f"the annotations of {data_set} annotate the video {video.id!r} twice")
        ids.add(video.id)
