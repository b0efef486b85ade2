"""Which run folders a report is of: those that are given, and those within given folders."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from zsar.lightning_modules.run_folders.checkpoint_names import checkpoints_in
from zsar.lightning_modules.run_folders.prediction_files import prediction_tables
from zsar.lightning_modules.run_folders.run_folder import RESULT_FILES
from zsar.runtime.files.given_files import read_given_json

_NOT_WITHIN = ("checkpoints", "csv", "wandb", "pictures", "tensorboard")  # of a run folder, which hold no runs
_DEEPEST = 8  # levels below a given folder


def is_run_folder(folder: Path) -> bool:
    """Whether a folder holds results, predictions, checkpoints or logs of a run; a summary of runs is none."""
    return (
        bool(checkpoints_in(folder / "checkpoints"))
        or bool(prediction_tables(folder))
        or any(folder.glob("csv/*/metrics.csv"))
        or any(_is_result(folder / name) for name in RESULT_FILES.values())
    )


def _is_result(path: Path) -> bool:
    """Whether a file is a result; also if it is broken, so that the report can say so."""
    if not path.is_file():
        return False
    try:
        content = read_given_json(path, what="result", remedy="test again", bytes_of_names=True)
    except (OSError, ValueError):
        return True
    if not isinstance(content, dict) or not content:
        return True
    # `zsar summarize --output results.json` writes {name of a row: its means}
    return not all(isinstance(row, dict) and "n_runs" in row for row in content.values())


def runs_within(folder: Path) -> list[Path]:
    """All run folders below a folder, or itself, by path; links to folders are not followed.

    Raises:
        ValueError: There is none, or the path is not a folder.
    """
    check_folder(folder)
    found = sorted(_runs(folder, 0))
    if not found:
        raise ValueError(
            f"{folder} holds no run: no results.json, checkpoints/, csv/ or predictions_SET.csv in it or in a folder "
            "below; give a --run_dir of `zsar fit` or `zsar test`"
        )
    return found


def check_folder(folder: Path) -> None:
    """Checks that a folder is there.

    Raises:
        ValueError: It is not there, or is something else.
    """
    if not folder.is_dir():
        what = "is a file, not a folder" if folder.exists() else "does not exist"
        raise ValueError(f"{folder} {what}; give a --run_dir of `zsar fit` or `zsar test`")


def names_of(folders: Sequence[Path]) -> list[str]:
    """Names of runs: the folder's, with the fewest of its parents that tell it from the others."""
    parts = [folder.resolve().parts[1:] or ("run",) for folder in folders]
    names = [path[-1] for path in parts]
    for depth in range(2, max(map(len, parts), default=0) + 1):
        names = [
            "/".join(path[-depth:]) if names.count(name) > 1 else name for name, path in zip(names, parts, strict=True)
        ]
    return names


def _runs(folder: Path, depth: int) -> Iterator[Path]:
    is_run = is_run_folder(folder)
    if is_run:
        yield folder
    if depth == _DEEPEST:
        return
    try:
        entries = [entry for entry in os.scandir(folder) if entry.is_dir(follow_symlinks=False)]
    except PermissionError:
        return
    for entry in entries:
        if not entry.name.startswith(".") and not (is_run and entry.name in _NOT_WITHIN):
            yield from _runs(folder / entry.name, depth + 1)
