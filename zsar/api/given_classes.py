"""The classes that a user gives from Python: names, names with prompts, or a file; as class text."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from zsar.api.class_names import checked_names, read_class_names
from zsar.datamodules.batch import ClassText
from zsar.datamodules.class_text.templates import fill_templates
from zsar.datamodules.class_text.text_files import described_classes, read_class_text, shipped_class_text
from zsar.runtime.text.text_files import shown

Classes = Sequence[str] | Mapping[str, str | Sequence[str]] | Path | str | ClassText
"""Names; prompts by name; a file of names, or a class-text file with texts for all of its classes."""


def class_text_of(classes: Classes, *, template: str | Sequence[str] = "video", least: int = 1) -> ClassText:
    """Class text from what a user gives.

    Args:
        classes: Class names; a mapping from each name to its prompt or prompts, the same number for each; a file with a
            name per line or the columns id,name; a class-text file (JSON) or the name of a shipped one; or class text.
        template: For names: a template with {}, several, or the name of a set ("video", "action_clip", ...).
        least: The smallest number of classes.

    Raises:
        FileNotFoundError: There is no such file.
        ValueError: A name cannot be a class name or is given twice, there are too few, or a file is malformed.
    """
    if isinstance(classes, Mapping | Sequence) and not isinstance(classes, str):
        _check_enough(list(classes), least)
    text = _class_text(classes, template)
    _check_enough(text.names, least)
    return text


def _check_enough(names: Sequence[str], least: int) -> None:
    if len(names) < least:
        what = "class name" if least == 1 else "class names to choose from"
        raise ValueError(f"there must be at least {least} {what}; got {list(names)}: give each class that may occur")


def _class_text(classes: Classes, template: str | Sequence[str]) -> ClassText:
    if isinstance(classes, ClassText):
        return classes
    if isinstance(classes, Mapping):
        names = checked_names(list(classes), "classes")
        prompts = [_prompts_of(name, text) for name, text in classes.items()]
        return ClassText("classify", tuple(names), tuple(prompts), "prompts of the caller")
    if isinstance(classes, str | Path):
        return _of_file(classes, template)
    if not isinstance(classes, Iterable):
        raise TypeError(f"classes are names, a mapping from names to prompts, or a file; got {classes!r}")
    return fill_templates("classify", checked_names(list(classes), "classes"), template)


def _prompts_of(name: str, given: str | Sequence[str]) -> tuple[str, ...]:
    """The prompts of a class of a mapping."""
    prompts = (given,) if isinstance(given, str) or not isinstance(given, Iterable) else tuple(given)
    for prompt in prompts:
        if not isinstance(prompt, str) or not prompt.strip():
            raise ValueError(f"classes: a prompt of {shown(name)} is {prompt!r}; give a text, or a list of texts")
    return prompts


def _of_file(file: str | Path, template: str | Sequence[str]) -> ClassText:
    path = Path(file).expanduser()
    if path.suffix.lower() == ".json" or (str(file) in shipped_class_text() and not path.is_file()):
        return read_class_text("classify", described_classes(file), file)
    if not path.is_file():
        raise FileNotFoundError(
            f"classes is {str(file)!r}, which is no file and no shipped class text; give names as a list: "
            f"[{str(file)!r}, ...]"
        )
    return fill_templates("classify", read_class_names(None, path), template)
