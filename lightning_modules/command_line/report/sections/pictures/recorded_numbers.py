"""The numbers behind the pictures of a run, as callbacks wrote them; damaged files become problems of the run."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from zsar.lightning_modules.command_line.report.reported_run import ReportedRun
from zsar.lightning_modules.run_folders.picture_files import Picture
from zsar.runtime.files.given_files import read_given_json

_REMEDY = "run the test again"


def recorded_numbers(run: ReportedRun, kind: str) -> Iterator[tuple[Picture, dict[str, Any]]]:
    """Reads the numbers of the pictures of a kind.

    Args:
        run: The run; files that cannot be read are noted in its `problems`.
        kind: The kind of picture.

    Yields:
        Each picture with what its file of numbers holds.
    """
    for picture in run.pictures:
        path = picture.path(run.folder, "numbers") if picture.kind == kind else None
        if path is None:
            continue
        try:
            content = read_given_json(path, what="numbers of a picture", remedy=_REMEDY, bytes_of_names=True)
        except (OSError, ValueError) as error:
            run.problems.append(str(error))
            continue
        if isinstance(content, dict):
            yield picture, content


def mappings_in(content: dict[str, Any], key: str) -> list[dict[str, Any]]:
    """The mappings of a list; empty where there is no list.

    Args:
        content: What a file holds.
        key: The entry that should be a list.
    """
    entries = content.get(key)
    return [entry for entry in entries if isinstance(entry, dict)] if isinstance(entries, list) else []


def numbers_in(content: dict[str, Any], key: str) -> Sequence[float]:
    """The numbers of a list; empty where there is no list of numbers.

    Args:
        content: What a file holds.
        key: The entry that should be a list.
    """
    entries = content.get(key)
    is_list = isinstance(entries, list) and all(isinstance(entry, int | float) for entry in entries)
    return entries if is_list else []  # type: ignore[return-value]
