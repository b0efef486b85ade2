"""Checks of class names and of lists of class names that users give: each class once, in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from zsar.datamodules.class_identity import class_identity, find_same_classes
from zsar.runtime.text.text_files import plain_name, shown, stripped

MOST_CHARACTERS = 1_000
"""Maximum length of a class name; the longest in the known data sets has 98 characters."""


def name_problem(name: object) -> str | None:
    """Why a value cannot be a class name; None if it can.

    Args:
        name: Any value of a configuration. A class name is a string with at least one letter of some script, since
            "3" or "--" tells a model nothing about the action.
    """
    if not isinstance(name, str):
        return "is not a text; put it in quotes"
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
    return f"is only {kind}, which tells a model nothing about the action; write the class in words"


def same_class(before: str, name: str) -> str:
    """The message for two names of one class: "'Arm Wrestling' and 'arm_wrestling' are one class ('arm wrestling')"."""
    if before == name:
        return f"{shown(name)} is listed twice"
    return f"{shown(before)} and {shown(name)} are one class ({shown(class_identity(name))})"


def checked_names(names: Sequence[str], what: str) -> tuple[str, ...]:
    """Checks and normalizes a list of class names from a user.

    Args:
        names: The names, in label order.
        what: Name of the list in messages: "--data.classes".

    Returns:
        The names in Unicode NFC, without outer white space and with single spaces inside.

    Raises:
        ValueError: The list is empty, a value is not a class name, or two names mean the same class.
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
    """Why sets of videos cannot be used for classification; None if they can.

    Args:
        sets: {set name: its class names}.

    Returns:
        A message about the first set with fewer than two classes, where there is nothing to classify.
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
