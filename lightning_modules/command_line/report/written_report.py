"""Writes reports: a page for a run or for several, or an index of many with a page for each."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from zsar.lightning_modules.command_line.report.found_runs import check_folder, is_run_folder, names_of, runs_within
from zsar.lightning_modules.command_line.report.page import run_page
from zsar.lightning_modules.command_line.report.reported_run import read_reported_run
from zsar.runtime.files.output_folders import check_output_folder
from zsar.runtime.files.whole_files import write_text_whole

_OURS = b"<!DOCTYPE html>\n<!-- zsar report:"
_SUFFIX = ".html"


def write_report(folders: Sequence[Path], output: Path | None = None, *, force: bool = False) -> Path:
    """Writes the report of run folders.

    Args:
        folders: Run folders, whose runs share a page; if one of them is not a run but holds some, an index of all runs
            is written, and a page for each.
        output: The page, or the index, whose pages then lie in a folder beside it; None for `report.html` in the run
            folder, or in the folder that holds all of them, and for an index `index.html` in the folder and
            `report.html` in each run.
        force: Whether a file that is not a report may be replaced.

    Returns:
        The page or the index.

    Raises:
        ValueError: A folder holds no run or is given twice, the output is not a .html file, or another file is there.
    """
    for folder in folders:
        check_folder(folder)
    check_given_once(folders)
    if all(is_run_folder(folder) for folder in folders):
        path = output or common_folder(folders) / "report.html"
        check_page(path, force=force)
        runs = [read_reported_run(*pair) for pair in zip(folders, names_of(folders), strict=True)]
        return write_text_whole(path, run_page(runs))
    runs_within(folders[0])
    raise NotImplementedError


def check_given_once(folders: Sequence[Path]) -> None:
    """Checks that no folder is given twice.

    Raises:
        ValueError: One is.
    """
    resolved = [folder.resolve() for folder in folders]
    twice = next((folder for folder, path in zip(folders, resolved, strict=True) if resolved.count(path) > 1), None)
    if twice is not None:
        raise ValueError(f"{twice} is given more than once; give each run folder once")


def common_folder(folders: Sequence[Path]) -> Path:
    """The folder itself, or the nearest folder that holds all.

    Raises:
        ValueError: They have only the root of the file system in common.
    """
    if len(folders) == 1:
        return folders[0]
    common = Path(os.path.commonpath([folder.resolve() for folder in folders]))
    if common == Path(common.anchor):
        raise ValueError("the runs lie in no common folder; give --output FILE.html")
    return common


def check_page(path: Path, *, force: bool) -> None:
    """Checks that a page can be written, and replaces nothing but a report.

    Raises:
        ValueError: The file has another suffix, cannot be written, or is not a report.
    """
    if path.suffix != _SUFFIX:
        raise ValueError(f"--output {path}: the suffix must be {_SUFFIX}; got {path.suffix!r}")
    check_output_folder(path.parent, option="--output")
    if path.is_dir():
        raise ValueError(f"--output {path} is a folder; give a file")
    if path.exists() and not force and not is_report(path):
        raise ValueError(
            f"{path} is there already and is not a report; give another --output, or --force to replace it"
        )


def is_report(path: Path) -> bool:
    """Whether `zsar report` wrote a file."""
    if not path.is_file():
        return False
    with path.open("rb") as file:
        return file.read(len(_OURS)) == _OURS
