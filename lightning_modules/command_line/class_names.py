"""Class names from a command line: separated by commas, one a line in a file or a table of them, or both.

A class is its cleaned name, and is named once: a repeat, in this or another spelling, is an error. A file is a list
with a name a line, or a table whose first line is `id,name`. What looks like a table but has no such line, and what can
be no class name, is refused with file and line.
"""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from zsar.datamodules.batch import ClassText
from zsar.datamodules.class_identity import class_identity
from zsar.datamodules.class_text.checked_names import name_problem, same_class
from zsar.datamodules.lists.list_files import read_labels
from zsar.datamodules.lists.video_index import VIDEO_SUFFIXES
from zsar.lightning_modules.open_clip_towers.open_clip_text import text_without_weights
from zsar.runtime.text.text_files import plain_name, shown
from zsar.runtime.text.text_tables import Line, read_lines

_OPTION = "--classes"
_WHAT = "list of class names"
# What tables of classes call a column of names: no list begins with a class of that name.
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
    """A name and where it is given."""

    name: str
    place: str


def read_class_names(classes: str | None, classes_file: Path | None) -> list[str]:
    """The names given, in their order.

    Args:
        classes: Names separated by commas (`--classes`); one that holds commas is quoted, as in CSV: '"a, b", c'.
        classes_file: A text file with one name a line, or a table with the columns id and name (`--classes_file`).

    Returns:
        The names without superfluous white space, in Unicode NFC.

    Raises:
        FileNotFoundError: There is no such file.
        ValueError: The file is no such file, a name is no class name, or a class is there twice, in one spelling or in
            two; file and line are named.
    """
    given = [*(_of_option(classes) if classes else ()), *(_of_file(classes_file) if classes_file is not None else ())]
    return _checked(given)


def each_class_once(*lists: Sequence[str]) -> list[str]:
    """The classes of several lists, in their order; one that is repeated in one spelling counts once.

    Args:
        lists: Lists of class names.

    Raises:
        ValueError: A class is spelled in two ways.
    """
    first: dict[str, str] = {}
    for name in (name for of_list in lists for name in of_list):
        before = first.setdefault(class_identity(name), name)
        if before != name:
            raise ValueError(f"{same_class(before, name)}; write it in one way, and once")
    return list(first.values())


def check_names_fit(text: ClassText, architecture: str) -> None:
    """Checks, before weights are loaded, that the text tower of a model can hold the prompts with the names.

    A tower whose tokenizer comes with its weights is asked when these are there.

    Args:
        text: The class names in their templates.
        architecture: The model.

    Raises:
        ValueError: A prompt has too many tokens; the class and both numbers are named.
        BackboneError: There is no such model.
    """
    tower = text_without_weights(architecture)
    for name, prompts in zip(text.names, text.prompts, strict=True) if tower is not None else ():
        assert tower is not None
        longest = max(map(tower.n_tokens, prompts))
        if longest > tower.context_length:
            raise ValueError(
                f"the class {shown(name)} has {longest} tokens in its prompt, but {architecture} reads "
                f"{tower.context_length}; shorten the name or the template"
            )


def _checked(given: Sequence[_Given]) -> list[str]:
    """The names, if all can be class names and each class is there once."""
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
    return [kept.name for kept in first.values()]


def _of_option(classes: str) -> list[_Given]:
    """The names between commas that are not in quotes; empty ones are left out."""
    try:
        (names,) = csv.reader([classes], skipinitialspace=True, strict=True)
    except (csv.Error, ValueError) as error:
        raise ValueError(
            f"{_OPTION} {shown(classes)} is no list of names ({error}); put a comma between two names, and quotes "
            "around a name that holds commas"
        ) from None
    return [_Given(name, _OPTION) for name in names if name.strip()]


def _of_file(path: Path) -> list[_Given]:
    lines = read_lines(path, _WHAT)
    if not lines:
        raise ValueError(f"{path}: holds no class name; write one a line")
    columns = [cell.strip().strip('":').lower() for cell in re.split(r"[,;\t]", lines[0].text)]
    if {"id", "name"} <= set(columns) and "," in lines[0].text:
        return [_Given(name, str(path)) for name in read_labels(path)]
    columns = [column for column in columns if column] or columns  # a spreadsheet ends lines with commas
    if set(columns) <= (_NAMES if len(columns) == 1 else _COLUMNS):
        raise lines[0].fault(
            f"{shown(lines[0].text)} is the header of a table, not a class name; remove the line, or write id,name "
            "above numbers and names"
        )
    _refuse_tables(lines)
    return [_Given(_unquoted(line.text), f"{path}:{line.number}") for line in lines]


def _refuse_tables(lines: Sequence[Line]) -> None:
    """Refuses numbered lines, columns between tabs, lists of Markdown or YAML, and JSON."""
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
        raise video.fault(f"{shown(video.text)} names a video; the file must hold class names, one a line")
    if tabbed := next((line for line in lines if "\t" in line.text), None):
        raise tabbed.fault(f"{shown(tabbed.text)} has a tab, as tables have; leave one class name a line")
    if any(all(text.startswith(bullet) for text in texts) for bullet in _BULLETS):
        raise lines[0].fault(f"{shown(lines[0].text)} begins with a list mark; remove it from every line")
    if texts[0][0] in "[{":
        try:
            json.loads("\n".join(texts))
        except (ValueError, RecursionError):
            return
        raise lines[0].fault("the file is JSON; write one class name a line")


def _names_a_video(text: str) -> bool:
    return any(cell.strip(' "').lower().endswith(tuple(VIDEO_SUFFIXES)) for cell in re.split(r"[,;\t|]|\s\d+$", text))


def _count_up(texts: Sequence[str], pattern: re.Pattern[str]) -> bool:
    """Whether two lines or more hold the numbers 0, 1, 2, ... or 1, 2, 3, ..."""
    found = [match and match.group(1) for match in map(pattern.match, texts)]
    return len(texts) > 1 and any(found == [str(first + i) for i in range(len(texts))] for first in (0, 1))


def _unquoted(text: str) -> str:
    inner = text[1:-1]
    return inner if len(text) > 2 and text[0] == text[-1] == '"' and '"' not in inner else text
