"""The readers of all tables and lists: a user's text file is read exactly or rejected.

`text_files` has the common rules: UTF-8, line ends, errors as `FILE:LINE: problem, reason, remedy`. JSON is read by
`json_files`, which this module re-exports.

Tables (`read_table`) are CSV by RFC 4180, with stricter rules:

* The first line that is not blank names the columns, in any order, each once. Unknown columns are ignored.
* Cells are separated by commas. A cell with a comma or a quote is quoted, with its quotes doubled; it ends on its line,
  except where a reader allows line breaks in cells.
* White space and zero-width characters around a cell, also around its quotes, are removed.
* A row has no more cells than the header, except empty ones, and a text in each required column. Blank rows are
  skipped. There are no comments: a class may be called "#selfie".

Lists (`read_lines`) have one entry per line:

* Blank lines are skipped. A line that begins with `#` is a comment, except in published lists, which have none: some
  HMDB51 videos are called "#437_How_To_Ride_A_Bike...". Other entries that begin with `#` must go into a table.
* White space around an entry is removed.

Both keep texts as written, as paths require: two spaces stay two. *Names* (`Row.name`, `Line.name`) are normalized:
single spaces, and Unicode NFC.
"""

from __future__ import annotations

import os
import unicodedata
from collections.abc import Iterator, Sequence
from pathlib import Path

from zsar.runtime.shards.stored_videos import is_stored
from zsar.runtime.text.csv_cells import cells_of, joined_lines
from zsar.runtime.text.json_files import read_json
from zsar.runtime.text.listed_entries import LARGEST_NUMBER, Line, Row
from zsar.runtime.text.table_header import columns_of
from zsar.runtime.text.text_files import ListFileError, fault_in, read_text, shown, stripped
from zsar.runtime.text.written_names import read_name

__all__ = [
    "LARGEST_NUMBER",
    "Line",
    "ListFileError",
    "Row",
    "iterate_table",
    "lines_of",
    "listed_path",
    "path_problem",
    "read_json",
    "read_lines",
    "read_table",
]


def read_lines(path: Path, what: str, *, comments: bool = True, if_missing: str = "check the path") -> list[Line]:
    """The entries of a list, by the rules of this module.

    Args:
        path: The file.
        what: Its expected kind, for errors: "list of classes".
        comments: Whether lines that begin with # are comments; false for published lists.
        if_missing: The remedy if the file is missing.

    Returns:
        The lines that are neither blank nor comments.

    Raises:
        FileNotFoundError: There is no such file.
        ListFileError: It is not a text file, or too large.
    """
    return lines_of(read_text(path, what, if_missing=if_missing), path, comments=comments)


def lines_of(text: str, path: Path, *, comments: bool = True) -> list[Line]:
    """The entries of a list from another source, such as standard input, decoded by `text_of`.

    Args:
        text: The list.
        path: Name of its source in errors.
        comments: Whether lines that begin with # are comments.
    """
    numbered = enumerate(text.split("\n"), start=1)
    lines = ((number, stripped(line)) for number, line in numbered)
    return [Line(path, number, text) for number, text in lines if text and not (comments and text.startswith("#"))]


def read_table(
    path: Path,
    what: str,
    *,
    columns: Sequence[str],
    may_be_empty: Sequence[str] = (),
    optional: Sequence[str] = (),
    by_zsar: bool = False,
    line_breaks: bool = False,
    if_missing: str = "check the path",
) -> list[Row]:
    """The rows of a table, by the rules of this module.

    Args:
        path: The CSV file.
        what: Its expected kind, for errors: "label file".
        columns: Required columns with a text in each row.
        may_be_empty: Further required columns, whose cells may be empty.
        optional: Columns that may be missing or empty.
        by_zsar: Whether zsar wrote it; quoted cells may then have several lines, since file names may.
        line_breaks: Whether quoted cells may have several lines in a table that zsar did not write.
        if_missing: The remedy if the file is missing.

    Raises:
        FileNotFoundError: There is no such file.
        ListFileError: It is not a valid table.
    """
    names = (*columns, *may_be_empty, *optional)
    rows = iterate_table(
        path,
        what,
        columns=columns,
        may_be_empty=may_be_empty,
        optional=optional,
        by_zsar=by_zsar,
        line_breaks=line_breaks,
        if_missing=if_missing,
    )
    return [Row(path, number, dict(zip(names, cells, strict=True))) for number, cells in rows]


def iterate_table(
    path: Path,
    what: str,
    *,
    columns: Sequence[str],
    may_be_empty: Sequence[str] = (),
    optional: Sequence[str] = (),
    by_zsar: bool = False,
    line_breaks: bool = False,
    if_missing: str = "check the path",
) -> Iterator[tuple[int, list[str]]]:
    """The rows of `read_table` one by one, without `Row` objects, for lists of many thousand videos.

    Args:
        path: The CSV file.
        what: Its expected kind, for errors.
        columns: Required columns with a text in each row.
        may_be_empty: Further required columns, whose cells may be empty.
        optional: Columns that may be missing or empty.
        by_zsar: Whether zsar wrote it.
        line_breaks: Whether quoted cells may have several lines in a table that zsar did not write.
        if_missing: The remedy if the file is missing.

    Yields:
        The line number, and the cells of `columns`, `may_be_empty` and `optional` in their order.

    Raises:
        FileNotFoundError: There is no such file.
        ListFileError: It is not a valid table.
    """
    lines = read_text(path, what, if_missing=if_missing).split("\n")
    first = next((number for number, line in enumerate(lines, start=1) if stripped(line)), None)
    if first is None:
        raise fault_in(
            path, f"is empty, but the first line of the {what} must name {','.join(columns)}; add it and the rows"
        )
    header = columns_of(Line(path, first, lines[first - 1]), what, (*columns, *may_be_empty))
    width = len(header)
    places = [header.index(name) if name in header else width for name in (*columns, *may_be_empty, *optional)]
    n_required, last = len(columns), max(places)
    numbered = enumerate(lines[first:], start=first + 1)
    for number, line in joined_lines(numbered) if by_zsar or line_breaks else numbered:
        cells = cells_of(line, path, number) if '"' in line else line.split(",")
        if len(cells) > width:
            cells = _without_surplus(cells, header, path, number)
        if len(cells) <= last:
            cells.extend([""] * (last + 1 - len(cells)))
        row = [cells[place].strip() for place in places]
        if not line.isascii():
            row = [stripped(cell) for cell in row]
        if by_zsar:
            row = [read_name(cell) for cell in row]
        if not all(row[:n_required]):
            if not any(map(stripped, cells)):
                continue
            empty = [name for name, cell in zip(columns, row, strict=False) if not cell]
            raise fault_in(path, f"no {', '.join(empty)}; each row needs {','.join(columns)}", line=number)
        yield number, row


def listed_path(folder: Path, listed: str) -> str:
    """A listed path in the Unicode form of its file, so that paths written on macOS work elsewhere.

    Args:
        folder: The folder that the path is relative to.
        listed: The path as listed.

    Returns:
        The listed path if it exists, or if no form exists; else its composed (NFC) or decomposed (NFD) form.
    """
    if listed.isascii() or is_stored(folder / listed):
        return listed
    forms = [unicodedata.normalize("NFC", listed), unicodedata.normalize("NFD", listed)]
    return next((form for form in forms if is_stored(folder / form)), listed)


def path_problem(folder: Path, listed: str) -> str | None:
    """Why a listed path cannot lead to a video: it is written for another system, a shell or a browser.

    Args:
        folder: The folder that the path is relative to.
        listed: The path as listed.

    Returns:
        Problem and remedy; None for a path that may be right. Only suspicious paths are looked up on disk.
    """
    if "://" in listed and not (folder / listed).exists():
        return f"{shown(listed)} is an address, not a path; download the video and list its path"
    if listed.startswith("~") and not (folder / listed).exists():
        return f"{shown(listed)} begins with ~, which only a shell knows; write the whole path"
    if "\\" in listed and os.sep == "/" and not (folder / listed).exists():
        return f"{shown(listed)} is a Windows path, and there is no such file; write it with /"
    return None


def _without_surplus(cells: list[str], header: Sequence[str], path: Path, number: int) -> list[str]:
    surplus = [cell for cell in cells[len(header) :] if stripped(cell)]
    if surplus:
        raise fault_in(
            path,
            f"{len(cells)} cells, but the header names {len(header)} ({','.join(header)}); put quotes around a cell "
            'that holds a comma, as "a, b"',
            line=number,
        )
    return cells[: len(header)]
