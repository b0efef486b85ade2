"""VideoChoice: the test videos that pictures are of, chosen at the end of a test, and their clips, read again."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol

import numpy as np
import torch
from lightning.pytorch import LightningModule, Trainer
from torch import Tensor

from zsar.callbacks.pictures.figures import linspace_indices
from zsar.callbacks.pictures.tested_videos import TestedSet
from zsar.datamodules.batch import VideoBatch
from zsar.lightning_modules.recognition.recognizer import ActionRecognizer
from zsar.runtime.choices import check_choices
from zsar.runtime.number_limits import check_least
from zsar.runtime.seeds import derive_seed

Choice = Literal["spread", "random", "mistakes", "doubtful"]
_LONGEST_NAME = 120  # characters of a key in a file name; file systems take 255 bytes


class NamedVideos(Protocol):
    """The videos of a set by name, as `VideoTable` has them."""

    def __len__(self) -> int: ...  # noqa: D105 - number of videos

    def key(self, index: int) -> str: ...  # noqa: D102 - the name of a video in tables

    def path(self, index: int) -> str: ...  # noqa: D102 - its file, relative to the data set


@dataclass(frozen=True)
class VideoChoice:
    """Which videos of each test set are shown.

    Attributes:
        n: Number of videos of a set; all if it has fewer.
        by: "spread" evenly over the set, "random", the most confident "mistakes", or the most "doubtful" right answers.
        videos: These videos instead, named as in the columns video or path of predictions_SET.csv.
        classes: Only videos of these classes.
        seed: Seed of "random".
    """

    n: int = 8
    by: Choice = "spread"
    videos: list[str] | None = None
    classes: list[str] | None = None
    seed: int = 0

    def __post_init__(self) -> None:
        """Checks the settings."""
        check_choices(self)
        check_least(1, n=self.n)
        for name in ("videos", "classes"):
            given = getattr(self, name)
            if given is not None and not given:
                raise ValueError(f"{name} is an empty list; name some, or leave it null")
        if self.videos is not None and self.classes is not None:
            raise ValueError("videos and classes are both given; name the videos, or their classes")

    def check(self, tables: Mapping[str, NamedVideos], classes: Mapping[str, Sequence[str]]) -> None:
        """Checks that what is named is in the test sets, before the test.

        Args:
            tables: The videos of each set.
            classes: The class names of each set.

        Raises:
            ValueError: A video or class is in none of the sets.
        """
        sets = ", ".join(tables)
        if self.videos and (missing := sorted(set(self.videos) - _names_in(tables))):
            raise ValueError(
                f"no test set ({sets}) has the video(s) {', '.join(map(repr, missing))}; give names as in "
                f"predictions_SET.csv, such as {next(iter(tables.values())).key(0)!r}"
            )
        known = [name for names in classes.values() for name in names]
        if missing := sorted(set(self.classes or ()) - set(known)):
            raise ValueError(
                f"no test set ({sets}) has the class(es) {', '.join(map(repr, missing))}; there are {len(known)}, such "
                f"as {known[0]!r}"
            )

    def positions(self, tested: TestedSet, table: NamedVideos) -> list[int]:
        """Chooses videos of a tested set.

        Args:
            tested: Its predictions.
            table: Its videos.

        Returns:
            Positions in `tested` (not rows of the set), in the order in which they are shown. Undecodable videos are
            chosen only by name.
        """
        if self.videos is not None:
            wanted = set(self.videos)
            rows = tested.rows.tolist()
            return [i for i, row in enumerate(rows) if {table.key(row), table.path(row)} & wanted]
        allowed = tested.decoded
        if self.classes is not None:
            labels = [label for label, name in enumerate(tested.text.names) if name in self.classes]
            allowed = allowed[torch.isin(tested.labels[allowed], torch.tensor(labels, dtype=torch.int64))]
        if self.by == "spread":
            return [int(allowed[i]) for i in sorted(linspace_indices(self.n, len(allowed)))] if len(allowed) else []
        if self.by == "random":
            random = np.random.default_rng(derive_seed(self.seed, "pictures", tested.set_name))
            return sorted(random.permutation(allowed.numpy())[: self.n].tolist())
        return self._by_confidence(tested, allowed)

    def n_untested(self, n_chosen: int) -> int:
        """Number of named videos that a limited test did not reach.

        Args:
            n_chosen: Number of videos chosen from all sets.
        """
        return max(0, len(set(self.videos or ())) - n_chosen)

    def _by_confidence(self, tested: TestedSet, allowed: Tensor) -> list[int]:
        right, mistakes = tested.correct[allowed], self.by == "mistakes"
        candidates = allowed[~right if mistakes else right]
        order = tested.confidences[candidates].argsort(descending=mistakes, stable=True)
        chosen: list[int] = candidates[order[: self.n]].tolist()
        return chosen


def _names_in(tables: Mapping[str, NamedVideos]) -> set[str]:
    return {name for table in tables.values() for i in range(len(table)) for name in (table.key(i), table.path(i))}


def check_chosen(choice: VideoChoice, trainer: Trainer, model: LightningModule) -> None:
    """Checks a choice when a test starts.

    Args:
        choice: The choice.
        trainer: The trainer.
        model: The tested model, which has fetched its class text.

    Raises:
        ValueError: A video or class is in none of the test sets.
    """
    assert isinstance(model, ActionRecognizer)
    classes = {text.set_name: text.names for text in model.class_texts["test"]}
    tables = trainer.datamodule.sets  # type: ignore[attr-defined]
    choice.check({name: tables[name] for name in classes}, classes)


def read_clips(
    trainer: Trainer, dataloader_idx: int, rows: Sequence[int], *, may_be_stored: bool = False
) -> VideoBatch:
    """Reads clips of a test set again, as they were tested.

    Args:
        trainer: The trainer, in a test or at its end.
        dataloader_idx: Index of the set's data loader.
        rows: Rows of the set, at least one.
        may_be_stored: Whether stored embeddings suffice.

    Returns:
        The clips, on the CPU.

    Raises:
        ValueError: The test reads stored embeddings, which have no frames.
    """
    loaders: Any = trainer.test_dataloaders
    loader = loaders[dataloader_idx] if isinstance(loaders, list) else loaders
    batch: VideoBatch = loader.collate_fn([loader.dataset[row] for row in rows])
    if batch.embeddings is not None and not may_be_stored:
        raise ValueError(
            "the test reads stored embeddings, which have no frames to show; leave out --data.embeddings to decode the "
            "videos"
        )
    return batch


def file_stem(row: int, key: str) -> str:
    """A name for the files of a video: keys that differ only in special characters have different rows.

    Args:
        row: Its row in the set.
        key: Its name, with "_" for characters that not every file system takes.
    """
    return f"{row:05d}_{re.sub(r'[^A-Za-z0-9._-]+', '_', key)[-_LONGEST_NAME:]}"
