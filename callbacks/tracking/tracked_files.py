"""The files of a run that Weights & Biases keeps as artifacts."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from zsar.lightning_modules.run_folders.checkpoint_names import checkpoints_in
from zsar.lightning_modules.run_folders.picture_files import PICTURES, read_pictures
from zsar.lightning_modules.run_folders.prediction_files import prediction_file
from zsar.lightning_modules.run_folders.run_folder import DETECTION_FILES, RESULT_FILES

_LONGEST_NAME = 120  # characters; W&B takes 128, and "-checkpoints" follows


@dataclass(frozen=True)
class TrackedFiles:
    """An artifact.

    Attributes:
        kind: Its type and the end of its name: "results", "pictures", "report" or "checkpoints".
        files: Its files, by their names in it.
    """

    kind: str
    files: dict[str, Path]


def result_files(folder: Path, stage: str, sets: list[str]) -> TrackedFiles:
    """The results of a stage, with the prediction tables of its sets and its detections."""
    names = [RESULT_FILES[stage], DETECTION_FILES.get(stage)]
    paths = [folder / name for name in names if name] + [prediction_file(folder, name) for name in sets]
    return TrackedFiles("results", {path.name: path for path in paths if path.is_file()})


def picture_files(folder: Path, stage: str) -> TrackedFiles:
    """What belongs to the pictures of a stage: numbers, tables, videos, embeddings; PNG files are on the run's page."""
    files = {}
    for picture in read_pictures(folder):
        for role, name in picture.files.items():
            path = folder / PICTURES / name
            if picture.stage == stage and role != "picture" and path.is_file():
                files[name] = path
    return TrackedFiles("pictures", files)


def checkpoint_files(folder: Path) -> TrackedFiles:
    """The checkpoints in a folder."""
    return TrackedFiles("checkpoints", {path.name: path for path in checkpoints_in(folder)})


def artifact_name(run_name: str, kind: str) -> str:
    """The name of an artifact, in the characters that W&B takes.

    Args:
        run_name: Name of the run.
        kind: As in `TrackedFiles`.
    """
    return f"{re.sub(r'[^A-Za-z0-9_.-]+', '-', run_name)[-_LONGEST_NAME:].lstrip('-.')}-{kind}"
