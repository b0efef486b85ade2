"""What can be a class name, and lists of class names that people give: each class once, in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from zsar.datamodules.class_identity import class_identity, find_same_classes
from zsar.runtime.text.text_files import plain_name, shown, stripped

MOST_CHARACTERS = 1_000
"""Of a class name; the longest of the known data sets has 98."""


def name_problem(name: object) -> str | None:
    """Why something can be no class name; None where it can.

    Args:
        name: A text, which needs a letter of some script: of "3" or "--" a model reads no action. Or what a
            configuration holds in its place.
    """
    if not isinstance(name, str):
        return "is no text; put it in quotes"
    try:
        plain = plain_name(name)
    except ValueError as error:
        return str(error).removeprefix(f"{shown(name)} ")
    if len(plain) > MOST_CHARACTERS:
        return f"has {len(plain):,} characters, but a class name has at most {MOST_CHARACTERS:,}; shorten it"
    if any(character.isalpha() for character in plain):
        return None
    if not plain:
        return "is empty; name the class"
    kind = "a number" if any(character.isdigit() for character in plain) else "punctuation"
    return f"is only {kind}, of which a model reads no action; write the class in words"


def same_class(before: str, name: str) -> str:
    """What two names of one class are: "'Arm Wrestling' and 'arm_wrestling' are one class ('arm wrestling')"."""
    if before == name:
        return f"{shown(name)} is listed twice"
    return f"{shown(before)} and {shown(name)} are one class ({shown(class_identity(name))})"


def checked_names(names: Sequence[str], what: str) -> tuple[str, ...]:
    """Class names that somebody gives as a list.

    Args:
        names: The names, in label order.
        what: What the list is called in messages: "--data.classes".

    Returns:
        The names: white space around them taken off and within them one space, in Unicode NFC.

    Raises:
        ValueError: There is none, one can be no class name, or two are one class.
    """
    if not names or any(isinstance(name, str) and not stripped(name) for name in names):
        raise ValueError(f"{what} must be at least one name, none of them empty; got {shown(list(names))}")
    for name in names:
        if (problem := name_problem(name)) is not None:
            raise ValueError(f"{what}: {shown(name)} {problem}")
    plain = tuple(plain_name(name) for name in names)
    if twice := sorted({name for name in plain if plain.count(name) > 1}):
        raise ValueError(f"{what} names {', '.join(map(shown, twice))} more than once; name each class once")
    for before, index in find_same_classes(plain):
        raise ValueError(f"{what}: {same_class(plain[before], plain[index])}; name each class once")
    return plain


def too_few_classes(sets: Mapping[str, Sequence[str]]) -> str | None:
    """Why sets of videos make no sense for classification; None where they do.

    Args:
        sets: {set name: its class names}.

    Returns:
        The first set that has fewer than two classes, among which there is nothing to tell apart.
    """
    for set_name, names in sets.items():
        if len(names) < 2:
            only = f"a single class, {names[0]!r}" if names else "no class"
            return (
                f"the set {set_name!r} has {only}, so that there is nothing to tell apart and every answer would be "
                "right; give videos of at least two classes"
                + (", of four for base and novel ones" if set_name in ("base", "novel") else "")
            )
    return None
