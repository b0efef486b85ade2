"""What `zsar.mteb_model` sees of MTEB and of Hugging Face's data sets, for tests where they are not installed.

It has their names and no more: that MTEB itself runs the model is tested where it is installed.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from importlib.machinery import ModuleSpec
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest


class Video:
    """The feature of a column of videos."""

    def __init__(self, decode: bool = True) -> None:
        self.decode = decode


class Rows:
    """A data set of columns; a column of videos is decoded unless its feature says otherwise, which no test allows."""

    def __init__(self, columns: dict[str, list[Any]], features: dict[str, object] | None = None) -> None:
        self._columns = columns
        self.features = features or {name: Video() if name == "video" else object() for name in columns}

    @property
    def column_names(self) -> list[str]:
        return list(self._columns)

    def __len__(self) -> int:  # noqa: D105
        return len(next(iter(self._columns.values())))

    def __getitem__(self, index: int) -> dict[str, Any]:  # noqa: D105
        for name, feature in self.features.items():
            assert not (isinstance(feature, Video) and feature.decode), f"{name} would be decoded by torchcodec"
        return {name: column[index] for name, column in self._columns.items()}

    def select_columns(self, column_names: str) -> Rows:
        return Rows({column_names: self._columns[column_names]}, {column_names: self.features[column_names]})

    def cast_column(self, column: str, feature: object) -> Rows:
        return Rows(self._columns, {**self.features, column: feature})


class Inputs:
    """MTEB's data loader over a data set."""

    num_workers = 0

    def __init__(self, columns: dict[str, list[Any]], batch_size: int = 2) -> None:
        self.dataset = Rows(columns)
        self._columns, self._batch_size = columns, batch_size

    def __iter__(self) -> Iterator[dict[str, Any]]:  # noqa: D105
        for start in range(0, len(self.dataset), self._batch_size):
            yield {name: column[start : start + self._batch_size] for name, column in self._columns.items()}


TASK = SimpleNamespace(name="ShapesZeroShot")


def encoded(model: Any, columns: dict[str, list[Any]], **settings: Any) -> Any:
    """What a model returns for a data set of a task."""
    call = {"task_metadata": TASK, "hf_split": "test", "hf_subset": "default", "show_progress_bar": False}
    return model.encode(Inputs(columns), **{**call, **settings})


def stand_in(patch: pytest.MonkeyPatch, names: Sequence[str] = ("mteb", "mteb.models", "datasets")) -> None:
    """Puts the stand-ins in place of the packages, installed or not."""
    made = {name: ModuleType(name) for name in names}
    for name, module in made.items():
        module.__spec__ = ModuleSpec(name, None)
        patch.setitem(sys.modules, name, module)
    if "mteb.models" in made:
        made["mteb.models"].ModelMeta = SimpleNamespace  # type: ignore[attr-defined]
    if "datasets" in made:
        made["datasets"].Video = Video  # type: ignore[attr-defined]
