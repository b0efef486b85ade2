"""The classes that a user gives from Python: names, names with prompts, or a file; as class text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from zsar.api.class_names import checked_names, read_class_names
from zsar.datamodules.batch import ClassText
from zsar.datamodules.class_text.templates import fill_templates
from zsar.datamodules.class_text.text_files import described_classes, read_class_text, shipped_class_text

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
    text = _class_text(classes, template)
    if len(text.names) < least:
        raise ValueError(
            f"there must be at least {least} class names to choose from; got {list(text.names)}: give each class that "
            "may occur"
        )
    return text


def _class_text(classes: Classes, template: str | Sequence[str]) -> ClassText:
    if isinstance(classes, ClassText):
        return classes
    if isinstance(classes, Mapping):
        names = checked_names(list(classes), "classes")
        prompts = [(text,) if isinstance(text, str) else tuple(text) for text in classes.values()]
        return ClassText("classify", tuple(names), tuple(prompts), "prompts of the caller")
    if isinstance(classes, str | Path):
        return _of_file(classes, template)
    return fill_templates("classify", checked_names(list(classes), "classes"), template)


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
