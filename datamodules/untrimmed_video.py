"""UntrimmedVideoDataModule: the base of the data sets of untrimmed videos, in which actions are found in time.

It holds no frames: a video is minutes long and its features are extracted once. It says which videos a split tests on,
what happens in them and when, and what a model reads of the classes. A data set says what its classes are and what its
files hold (`all_exact_names`, `read_videos`, `videos_folder`); nothing is trained, so there are no training videos.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar, NamedTuple

import torch
from lightning.pytorch import LightningDataModule
from torch import Tensor
from torch.utils.data import DataLoader

from datamodules.batch import ClassText
from datamodules.checked_lists import missing_keys, read_excluded
from datamodules.class_text.templates import fill_templates
from datamodules.class_text.text_files import read_class_text
from datamodules.class_text.vocabulary import clean_names
from datamodules.localization_splits import AnnotatedVideo, ClassSplit, classes_of_split
from datamodules.samplers import EvaluationSampler
from datamodules.settings import Text
from datamodules.splits import split_hash
from datamodules.video import default_data_root
from datamodules.video_index import VideoIndex
from datamodules.video_table import VideoTable

_SHOWN = 5
ACTION_TEMPLATE = "a video of action {}"
"""T3AL's prompt."""


@dataclass(frozen=True)
class UntrimmedVideo:
    """A video that is tested on.

    Attributes:
        id: Its name in annotations, features and results: that of its file without the suffix.
        path: The file; None where it is not there, which only `needs_files=False` allows.
        duration_seconds: How long it is, as annotated; None where that is not said.
    """

    id: str
    path: Path | None
    duration_seconds: float | None


@dataclass(frozen=True)
class ActionInstance:
    """An action of a tested class in a tested video.

    Attributes:
        video: Row of its video in `videos`.
        label: Index of its class in `class_names`.
        start_seconds: When it starts, in seconds after the video's first frame.
        end_seconds: When it ends.
    """

    video: int
    label: int
    start_seconds: float
    end_seconds: float


class GroundTruth(NamedTuple):
    """The instances of some videos as tensors, as temporal mAP takes them.

    Attributes:
        videos: int64 [M], rows of `videos`.
        labels: int64 [M], indices into `class_names`.
        seconds: float64 [M, 2], start and end.
    """

    videos: Tensor
    labels: Tensor
    seconds: Tensor


class UntrimmedVideoDataModule(LightningDataModule):
    """The videos of a split, their instances and their classes.

    Attributes:
        lists_name: The data set's folder among published class lists.
        split: The settings of the split; `split.name` and `split.number` say which it is.
        text: What models read of a class.
        videos: After `setup`, the videos that are tested on, by id: all with an instance of a tested class, and all
            there are where `split.name` is "all_classes".
        instances: After `setup`, their instances of tested classes, by video, then start, then end.
        n_dropped_instances: After `setup`, how many instances of other classes these videos have.
    """

    lists_name: ClassVar[str] = ""

    def __init__(
        self,
        *,
        data_root: Path | str | None = None,
        split: ClassSplit = ClassSplit(),  # noqa: B008 - frozen, as is the next
        text: Text = Text(templates=ACTION_TEMPLATE),  # noqa: B008
        needs_files: bool = True,
        batch_size: int = 1,
    ) -> None:
        """Describes the data; files are touched in `setup` only.

        Args:
            data_root: The folder that holds all data sets; null for $ZSAR_DATA, or ./data.
            split: Which classes are tested on.
            text: What models read of a class.
            needs_files: Whether every listed video must lie in its folder; false where extracted features are read
                instead, whose reader then says which are missing.
            batch_size: Videos that a model is handed at a time.

        Raises:
            ValueError: A number is out of range.
        """
        super().__init__()
        if batch_size < 1:
            raise ValueError(f"batch_size must be at least 1; got {batch_size}")
        self.data_root = default_data_root() if data_root is None else Path(data_root).expanduser()
        self.split = split
        self.text = text
        self.needs_files = needs_files
        self.batch_size = batch_size
        self.videos: tuple[UntrimmedVideo, ...] = ()
        self.instances: tuple[ActionInstance, ...] = ()
        self.n_dropped_instances = 0

    # --- what a data set defines ----------------------------------------------------------------------------------

    def all_exact_names(self) -> tuple[str, ...]:
        """All class names of the data set, exactly as its makers write them."""
        raise NotImplementedError

    def read_videos(self) -> Sequence[AnnotatedVideo]:
        """All videos with all their instances, from the annotation file."""
        raise NotImplementedError

    @property
    def videos_folder(self) -> Path:
        """Where the videos lie, at any depth."""
        raise NotImplementedError

    # --- classes --------------------------------------------------------------------------------------------------

    @cached_property
    def exact_names(self) -> tuple[str, ...]:
        """The classes that are tested on, exactly as their makers write them, in label order."""
        return classes_of_split(self.split, self.all_exact_names(), data_set=self.lists_name, data_root=self.data_root)

    @cached_property
    def class_names(self) -> tuple[str, ...]:
        """The C classes that are tested on, in plain words and label order: "HighJump" is "high jump"."""
        return clean_names(self.exact_names)

    def class_text(self, stage: str) -> list[ClassText]:
        """The classes as text, in a list of one, as there is one data loader.

        Args:
            stage: "test" or "predict".

        Raises:
            ValueError: Another stage, for which there are no videos.
        """
        _check_stage(stage, type(self).__name__)
        if self.text.descriptions is not None:
            return [read_class_text(stage, self.class_names, self.text.descriptions, lead=self.text.lead)]
        spoken = self.exact_names if self.text.names == "exact" else self.class_names
        return [fill_templates(stage, self.class_names, self.text.templates, spoken=spoken)]

    # --- videos ---------------------------------------------------------------------------------------------------

    def setup(self, stage: str) -> None:
        """Lists the videos of the split.

        Raises:
            FileNotFoundError: The annotations are not where they should be, or listed videos are missing.
            ValueError: The annotations name a class that the data set has not, list a video twice, or leave nothing to
                test on; or another stage than "test" or "predict".
        """
        _check_stage(stage, type(self).__name__)
        annotated = [video for video in self.read_videos() if video.id not in self._excluded]
        self._refuse(annotated)
        tested = {name: label for label, name in enumerate(self.exact_names)}
        chosen = sorted(
            (
                video
                for video in annotated
                if self.split.name == "all_classes" or any(i.class_name in tested for i in video.instances)
            ),
            key=lambda video: video.id,
        )
        if not chosen:
            raise ValueError(f"{type(self).__name__} under {self.data_root} has no video of a tested class")
        paths = self._paths([video.id for video in chosen])
        self.videos = tuple(
            UntrimmedVideo(video.id, path, video.duration_seconds) for video, path in zip(chosen, paths, strict=True)
        )
        self.instances = tuple(
            ActionInstance(row, tested[i.class_name], i.start_seconds, i.end_seconds)
            for row, video in enumerate(chosen)
            for i in sorted(video.instances, key=lambda i: (i.start_seconds, i.end_seconds, i.class_name))
            if i.class_name in tested
        )
        self.n_dropped_instances = sum(len(video.instances) for video in chosen) - len(self.instances)

    def ground_truth(self, rows: Sequence[int]) -> GroundTruth:
        """The instances of some videos.

        Args:
            rows: Rows of `videos`.
        """
        wanted = set(rows)
        chosen = [instance for instance in self.instances if instance.video in wanted]
        return GroundTruth(
            videos=torch.tensor([i.video for i in chosen], dtype=torch.int64),
            labels=torch.tensor([i.label for i in chosen], dtype=torch.int64),
            seconds=torch.tensor([(i.start_seconds, i.end_seconds) for i in chosen], dtype=torch.float64).reshape(
                -1, 2
            ),
        )

    @property
    def data_set(self) -> str:
        """The name of the data set in results: "thumos14_untrimmed", ..."""
        return type(self).__module__.rpartition(".")[2]

    def describe(self) -> dict[str, Any]:
        """What a result must say about the data: split, classes, counts."""
        rows = [(self.videos[i.video].id, self.class_names[i.label]) for i in self.instances]
        return {
            "class_path": f"{type(self).__module__}.{type(self).__qualname__}",
            "data_set": self.data_set,
            "split": self.split.name,
            "split_number": self.split.number,
            "split_lists": None if self.split.lists is None else str(self.split.lists),
            "split_seed": self.split.seed,
            "split_hash": split_hash({"test": rows}),
            "class_names": list(self.class_names),
            "n_listed": {"test": len(self.videos)},
            "n_instances": len(self.instances),
            "n_dropped_instances": self.n_dropped_instances,
            "n_excluded": len(self._excluded),
            "roots": {"test": str(self.videos_folder.resolve())},
        }

    # --- data loaders ---------------------------------------------------------------------------------------------

    def test_dataloader(self) -> DataLoader[Tensor]:
        """Rows of `videos`, int64 [B], each once and shared out among the processes without padding."""
        rows: Any = range(len(self.videos))
        process = {"n_processes": self.trainer.world_size, "rank": self.trainer.global_rank} if self.trainer else {}
        return DataLoader(rows, batch_size=self.batch_size, sampler=EvaluationSampler(rows, **process))

    def predict_dataloader(self) -> DataLoader[Tensor]:
        """The same rows."""
        return self.test_dataloader()

    # --- what is checked ------------------------------------------------------------------------------------------

    @cached_property
    def _excluded(self) -> frozenset[str]:
        return frozenset() if self.split.exclude is None else read_excluded(Path(self.split.exclude).expanduser())

    def _refuse(self, annotated: Sequence[AnnotatedVideo]) -> None:
        """Refuses classes that the data set has not, and a video that is annotated twice."""
        known = set(self.all_exact_names())
        unknown = sorted({i.class_name for video in annotated for i in video.instances} - known)
        if unknown:
            raise ValueError(
                f"the annotations of {type(self).__name__} name classes that are none of its {len(known)}: "
                f"{', '.join(unknown[:_SHOWN])}"
            )
        ids: set[str] = set()
        for video in annotated:
            if video.id in ids:
                raise ValueError(f"the annotations of {type(self).__name__} annotate the video {video.id!r} twice")
            ids.add(video.id)

    def _paths(self, ids: Sequence[str]) -> list[Path | None]:
        """Where videos lie; None where one does not and needs not."""
        index = VideoIndex(self.videos_folder, may_be_missing=not self.needs_files)
        located, found = index.locate(ids)
        missing = missing_keys(VideoTable(index.folder, located, [-1] * len(ids), keys=ids, found=found))
        if missing and self.needs_files:
            raise FileNotFoundError(
                f"{len(missing):,} of {len(ids):,} listed videos are not under {index.folder}: "
                f"{', '.join(missing[:_SHOWN])}{', ...' if len(missing) > _SHOWN else ''}. Get them; or name them in a "
                "CSV file with a column `video` for --data.split.exclude; or set --data.needs_files false, if features "
                "of them were extracted"
            )
        return [index.folder / path if there else None for path, there in zip(located, found.tolist(), strict=True)]


def _check_stage(stage: str, data_set: str) -> None:
    if stage not in ("test", "predict"):
        raise ValueError(
            f"{data_set} has no videos for the stage {stage!r}: actions are found in untrimmed videos without "
            "training; run `test` or `predict`"
        )
