"""Writes reports: a page for a run or for several, or an index of many with a page for each."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from zsar.lightning_modules.command_line.report.found_runs import check_folder, is_run_folder, names_of, runs_within
from zsar.lightning_modules.command_line.report.index_page import index_page, link_to
from zsar.lightning_modules.command_line.report.page import run_page
from zsar.lightning_modules.command_line.report.reported_run import ReportedRun, read_reported_run
from zsar.lightning_modules.run_folders.written_files import REPORT_BEGINS, REPORT_FILE
from zsar.runtime.files.output_folders import check_output_folder
from zsar.runtime.files.whole_files import write_text_whole
from zsar.runtime.terminal import message_console, tracked

_SUFFIX = ".html"


@dataclass(frozen=True)
class WrittenReport:
    """A report that was written.

    Attributes:
        path: The page, or the index.
        n_runs: Runs of the page or of the index.
        is_index: Whether it is an index.
        problems: What could not be read, a sentence each.
    """

    path: Path
    n_runs: int
    is_index: bool
    problems: tuple[str, ...]


def write_report(folders: Sequence[Path], output: Path | None = None, *, force: bool = False) -> Path:
    """Writes the report of run folders, as `written_report` does.

    Returns:
        The page or the index.

    Raises:
        ValueError: As `written_report`.
    """
    return written_report(folders, output, force=force).path


def written_report(folders: Sequence[Path], output: Path | None = None, *, force: bool = False) -> WrittenReport:
    """Writes the report of run folders.

    Args:
        folders: Run folders, whose runs share a page; if one of them is not a run but holds some, an index of all runs
            is written, and a page for each.
        output: The page, or the index, whose pages then lie in the folder NAME_runs beside it; None for `report.html`
            in the run folder, or in the nearest folder that holds all of them, and for an index `index.html` in the
            folder and `report.html` in each run.
        force: Whether a file that is not a report may be replaced.

    Returns:
        What was written.

    Raises:
        ValueError: A folder holds no run or nothing readable, or is given twice, the output is not a .html file, or
            another file is there.
    """
    for folder in folders:
        check_folder(folder)
    _check_given_once(folders)
    if not all(is_run_folder(folder) for folder in folders):
        return _written_index(folders, output, force=force)
    path = output or _common_folder(folders) / REPORT_FILE
    _check_page(path, force=force)
    runs = [read_reported_run(folder, name) for folder, name in zip(folders, names_of(folders), strict=True)]
    for run in runs:
        if run.problems and not (run.results or run.logs or run.prediction_sets):
            raise ValueError(run.problems[0])
    write_text_whole(path, run_page(runs))
    return WrittenReport(path, len(runs), False, _problems(runs))


def _written_index(folders: Sequence[Path], output: Path | None, *, force: bool) -> WrittenReport:
    found = list(dict.fromkeys(path for folder in folders for path in runs_within(folder)))
    common = _common_folder(folders)
    index = output or common / "index.html"
    names = [_name_within(common, path) for path in found]
    beside = index.with_name(f"{index.stem}_runs")
    pages = {
        name: path / REPORT_FILE if output is None else beside / f"{name}{_SUFFIX}"
        for name, path in zip(names, found, strict=True)
    }
    for path in (index, *pages.values()):
        _check_page(path, force=force)
    runs = [read_reported_run(path, name) for path, name in zip(found, names, strict=True)]
    for run in tracked(runs, "pages", console=message_console()):
        page = pages[run.name]
        write_text_whole(page, run_page([run], index=link_to(_relative(index, page.parent))))
    links = {name: _relative(page, index.parent) for name, page in pages.items()}
    write_text_whole(index, index_page(runs, links, title=f"Runs in {common.resolve().name or common}"))
    return WrittenReport(index, len(runs), True, _problems(runs))


def _problems(runs: Sequence[ReportedRun]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(problem for run in runs for problem in run.problems))


def _relative(path: Path, folder: Path) -> str:
    return os.path.relpath(path.resolve(), folder.resolve()).replace(os.sep, "/")


def _name_within(folder: Path, run: Path) -> str:
    name = _relative(run, folder)
    return run.resolve().name if name == os.curdir else name


def _check_given_once(folders: Sequence[Path]) -> None:
    resolved = [folder.resolve() for folder in folders]
    twice = next((folder for folder, path in zip(folders, resolved, strict=True) if resolved.count(path) > 1), None)
    if twice is not None:
        raise ValueError(f"{twice} is given more than once; give each run folder once")


def _common_folder(folders: Sequence[Path]) -> Path:
    """The folder itself, or the nearest folder that holds all."""
    if len(folders) == 1:
        return folders[0]
    common = Path(os.path.commonpath([folder.resolve() for folder in folders]))
    if common == Path(common.anchor):
        raise ValueError("the runs lie in no common folder; give --output FILE.html")
    return common


def _check_page(path: Path, *, force: bool) -> None:
    """Checks that a page can be written, and replaces nothing but a report."""
    if path.suffix != _SUFFIX:
        raise ValueError(f"--output {path}: the suffix must be {_SUFFIX}; got {path.suffix!r}")
    check_output_folder(path.parent, option="--output")
    if path.is_dir():
        raise ValueError(f"--output {path} is a folder; give a file")
    if path.exists() and not force and not _is_report(path):
        raise ValueError(f"{path} exists and is not a report; give another --output, or --force to replace it")


def _is_report(path: Path) -> bool:
    """Whether `zsar report` wrote a file."""
    if not path.is_file():
        return False
    with path.open("rb") as file:
        return file.read(len(REPORT_BEGINS)) == REPORT_BEGINS.encode()
