"""Annotation files and class lists of localization in their published formats, in miniature."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from tests.makers.source_tree import SHARED

SHARED_LISTS = SHARED / "splits" / "t3al"

Annotated = Mapping[str, Sequence[tuple[str, float, float]]]
"""Video -> its instances: exact class name, start and end in seconds."""


def published_lists() -> Path:
    """T3AL's published files; skips where the workplace does not have them."""
    if not SHARED_LISTS.is_dir():
        pytest.skip(f"{SHARED_LISTS} is not here")
    return SHARED_LISTS


def write_thumos14_annotations(path: Path, videos: Annotated, *, duration_seconds: float = 5.0) -> None:
    """T3AL's JSON file of THUMOS14: segments are strings, frames are counted at 10 per second."""
    database = {
        video: {
            "duration_second": duration_seconds,
            "duration_frame": int(duration_seconds * 10),
            "feature_frame": int(duration_seconds * 10) - 2,
            "annotations": [{"segment": [str(start), str(end)], "label": name} for name, start, end in instances],
        }
        for video, instances in videos.items()
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(database), encoding="utf-8")


def write_class_list(folder: Path, share: str, data_set: str, number: int, names: Sequence[str]) -> Path:
    """One of T3AL's lists of test classes; the share is "50_50" or "75_25"."""
    train, test = share.split("_")
    path = folder / f"train_{train}_test_{test}" / data_set / "test" / f"split_{number}.list"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(f"{name}\n" for name in names), encoding="utf-8")
    return path
