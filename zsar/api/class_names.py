"""Class names from a command line: separated by commas, in a file (a list or a table), or both.

A class is identified by its cleaned name and given once: a repeat, in this or another spelling, is an error. A file is
a list with one name per line, or a table whose first line is `id,name`. A table without that line, and text that cannot
be a class name, are rejected with file and line.
"""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from zsar.datamodules.class_identity import class_identity
from zsar.datamodules.class_text.checked_names import name_problem, same_class
from zsar.datamodules.lists.list_files import read_labels
from zsar.datamodules.lists.video_index import VIDEO_SUFFIXES
from zsar.runtime.text.text_files import plain_name, shown
from zsar.runtime.text.text_tables import Line, read_lines

if TYPE_CHECKING:
    from zsar.datamodules.batch import ClassText

_OPTION = "--classes"
_WHAT = "list of class names"
# Usual headers of a column of names; a list never begins with a class called like this.
_NAMES = frozenset(
    (
        *("name", "names", "class", "classes", "label", "labels", "category", "categories", "classname", "classnames"),
        *("class name", "class names", "class_name", "class_names", "label_name", "label name", "id"),
    )
)
_COLUMNS = _NAMES | {"index", "idx", "no", "number", "class_id", "class id", "label_id", "label id", "action", "path"}
_NUMBER_FIRST = re.compile(r"(\d+)\s*(?:[,;\t|]|[.:)]?\s)\s*\S")
_SURELY_NUMBERED = re.compile(r"\d+\s*[,;\t|]\s*\S")
_NUMBER_LAST = re.compile(r"\S.*[,;\t|]\s*(\d+)")
_BULLETS = ("- ", "* ", "\N{BULLET} ")


class _Given(NamedTuple):
    """A name and where it was given."""

    name: str
    place: str


def read_class_names(classes: str | None, classes_file: Path | None) -> list[str]:
    """Reads the given names, in their order.

    Args:
        classes: Names separated by commas (`--classes`); a name with commas is quoted, as in CSV: '"a, b", c'.
        classes_file: A text file with one name per line, or a table with the columns id and name (`--classes_file`).

    Returns:
        The names without redundant white space, in Unicode NFC.

    Raises:
        FileNotFoundError: There is no such file.
        ValueError: The file is malformed, a text is not a class name, or a class is given twice, in one spelling or in
            two; the message gives file and line.
    """
    given = [*(_of_option(classes) if classes else ()), *(_of_file(classes_file) if classes_file is not None else ())]
    return _checked(given)


def checked_names(names: Sequence[str], place: str) -> list[str]:
    """Checks names that were not read from a command line.

    Args:
        names: The names.
        place: Where they were given, for messages.

    Returns:
        The names without redundant white space, in Unicode NFC.

    Raises:
        ValueError: A text is not a class name, or a class is given twice.
    """
    return _checked([_Given(name, place) for name in names])


def each_class_once(*lists: Sequence[str]) -> list[str]:
    """Merges lists of classes, in their order; a class repeated in the same spelling counts once.

    Args:
        lists: Lists of class names.

    Raises:
        ValueError: A class is spelled in two ways.
    """
    first: dict[str, str] = {}
    for name in (name for names in lists for name in names):
        before = first.setdefault(class_identity(name), name)
        if before != name:
            raise ValueError(f"{same_class(before, name)}; write it in one way, and once")
    return list(first.values())


def check_names_fit(text: ClassText, architecture: str, tokenizer: Path | str | None = None) -> None:
    """Checks, before weights are loaded, that the prompts fit into the text tower of a model, as its tokenizer counts.

    A tower whose config comes with its weights is checked after these are loaded.

    Args:
        text: The class names in their templates.
        architecture: The model.
        tokenizer: Folder with the files of its tokenizer; None for the tokenizer that it names.

    Raises:
        ValueError: A prompt has too many tokens; the message gives the class and both numbers.
        BackboneError: There is no such model, or its tokenizer cannot be loaded.
    """
    # here, as names are read without a model, too
    from zsar.lightning_modules.open_clip_towers.text.open_clip_tokens import tokens_without_weights

    tower = tokens_without_weights(architecture, tokenizer=None if tokenizer is None else str(tokenizer))
    for name, prompts in zip(text.names, text.prompts, strict=True) if tower is not None else ():
        assert tower is not None
        longest = max(map(tower.n_tokens, prompts))
        if longest > tower.context_length:
            raise ValueError(
                f"the class {shown(name)} has {longest} tokens in its prompt, but {architecture} reads "
                f"{tower.context_length}; shorten the name or the template"
            )


def _checked(given: Sequence[_Given]) -> list[str]:
    """Returns the names if all can be class names and each class is given once."""
    first: dict[str, _Given] = {}
    for name, place in given:
        if (problem := name_problem(name)) is not None:
            raise ValueError(f"{place}: {shown(name)} {problem}")
        this = _Given(plain_name(name), place)
        before = first.setdefault(class_identity(name), this)
        if before is not this:
            where = "" if before.place == place else f" (the first in {before.place})"
            remedy = "name it once" if before.name == this.name else "write it in one way, and once"
            raise ValueError(f"{place}: {same_class(before.name, this.name)}{where}; {remedy}")
    return [entry.name for entry in first.values()]


def _of_option(classes: str) -> list[_Given]:
    """The names between unquoted commas; empty ones are left out."""
    try:
        (names,) = csv.reader([classes], skipinitialspace=True, strict=True)
    except (csv.Error, ValueError) as error:
        raise ValueError(
            f"{_OPTION} {shown(classes)} is not a list of names ({error}); put a comma between two names, and quotes "
            "around a name that holds commas"
        ) from None
    return [_Given(name, _OPTION) for name in names if name.strip()]


def _of_file(path: Path) -> list[_Given]:
    lines = read_lines(path, _WHAT)
    if not lines:
        raise ValueError(f"{path}: holds no class name; write one per line")
    columns = [cell.strip().strip('":').lower() for cell in re.split(r"[,;\t]", lines[0].text)]
    if {"id", "name"} <= set(columns) and "," in lines[0].text:
        return [_Given(name, str(path)) for name in read_labels(path)]
    columns = [column for column in columns if column] or columns  # a spreadsheet ends lines with commas
    if set(columns) <= (_NAMES if len(columns) == 1 else _COLUMNS):
        raise lines[0].fault(
            f"{shown(lines[0].text)} is the header of a table, not a class name; remove the line, or write id,name "
            "above numbers and names"
        )
    _check_no_table(lines)
    return [_Given(_unquoted(line.text), f"{path}:{line.number}") for line in lines]


def _check_no_table(lines: Sequence[Line]) -> None:
    """Rejects numbered lines, columns between tabs, lists in Markdown or YAML, and JSON."""
    texts = [line.text for line in lines]
    numbered = next((line for line in lines if _SURELY_NUMBERED.match(line.text)), None)
    if numbered is None and (_count_up(texts, _NUMBER_FIRST) or _count_up(texts, _NUMBER_LAST)):
        numbered = lines[0]
    if numbered is not None:
        raise numbered.fault(
            f"{shown(numbered.text)} is a number and a name; write id,name as the first line of such a table, or "
            "remove the numbers"
        )
    if video := next((line for line in lines if _names_a_video(line.text)), None):
        raise video.fault(f"{shown(video.text)} names a video; the file must hold class names, one per line")
    if tabbed := next((line for line in lines if "\t" in line.text), None):
        raise tabbed.fault(f"{shown(tabbed.text)} has a tab, as tables have; leave one class name per line")
    if any(all(text.startswith(bullet) for text in texts) for bullet in _BULLETS):
        raise lines[0].fault(f"{shown(lines[0].text)} begins with a list mark; remove it from every line")
    if texts[0][0] in "[{":
        try:
            json.loads("\n".join(texts))
        except (ValueError, RecursionError):
            return
        raise lines[0].fault("the file is JSON; write one class name per line")


def _names_a_video(text: str) -> bool:
    return any(cell.strip(' "').lower().endswith(tuple(VIDEO_SUFFIXES)) for cell in re.split(r"[,;\t|]|\s\d+$", text))


def _count_up(texts: Sequence[str], pattern: re.Pattern[str]) -> bool:
    """Whether two lines or more hold the numbers 0, 1, 2, ... or 1, 2, 3, ..."""
    numbers = [match and match.group(1) for match in map(pattern.match, texts)]
    return len(texts) > 1 and any(numbers == [str(first + i) for i in range(len(texts))] for first in (0, 1))


def _unquoted(text: str) -> str:
    inner = text[1:-1]
    return inner if len(text) > 2 and text[0] == text[-1] == '"' and '"' not in inner else text
