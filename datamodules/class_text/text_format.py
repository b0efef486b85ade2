"""The format of class text files: their content, and its checks.

It is described in `class_text.schema.json` next to this file. A plain, hand-written {class name: text or texts} counts
as descriptions.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from reprlib import repr as shortened
from typing import Any, Literal, get_args

from zsar.datamodules.class_text.action_prompts import ATTRIBUTES
from zsar.runtime.text.text_files import fault_in, plain_name, shown

Kind = Literal["description", "explanation", "customized", "direct", "action_prompts"]
Texts = str | list[str] | dict[str, list[str]]


@dataclass(frozen=True)
class ClassTextFile:
    """The content of a class-text file.

    Attributes:
        kind: Kind of its texts.
        data_set: Data set whose classes they describe; empty if the file does not state it.
        source: Who or what wrote them; empty if the file does not state it.
        classes: The texts of each class; for action prompts, those of each attribute of each class.
    """

    kind: Kind
    data_set: str
    source: str
    classes: Mapping[str, Texts]


def checked_class_text(content: object, path: Path) -> ClassTextFile:
    """Checks what a file of class text holds.

    Args:
        content: The parsed JSON.
        path: The file, for messages.

    Returns:
        The content, with class names in plain spelling.

    Raises:
        ListFileError: It is malformed.
    """
    if not isinstance(content, dict):
        raise fault_in(path, f"class text must be a JSON object {{class name: text}}, not {shortened(content)}")
    if "kind" in content and "classes" in content:
        file = _with_header(content, path)
    else:
        file = ClassTextFile("description", "", "", content)
    classes: dict[str, Texts] = {}
    for key, texts in file.classes.items():
        name = _class_name(key, path)
        if name in classes:
            raise fault_in(path, f"the class {shown(name)} is listed twice, in two spellings; keep one of them")
        problem = next(problems_of_texts(file.kind, texts), None)
        if problem is not None:
            raise fault_in(path, f"class {shown(name)} {problem}")
        classes[name] = texts
    if file.kind == "action_prompts":
        _check_same_attributes(classes, path)
    return replace(file, classes=classes)


def _check_same_attributes(classes: Mapping[str, Texts], path: Path) -> None:
    """All classes of a file have the same attributes, so that their prompts can be compared."""
    first = next(iter(classes), None)
    for name, texts in classes.items():
        ours, theirs = dict(classes[first]), dict(texts)  # type: ignore[arg-type, index] # checked before
        for one, other, has, lacks in ((name, first, theirs, ours), (first, name, ours, theirs)):
            if missing := [attribute for attribute in lacks if attribute not in has]:
                raise fault_in(
                    path,
                    f"class {shown(one)} lacks the attributes {', '.join(missing)}, which {shown(other)} has; add "
                    "them, or take them out of all classes",
                )


def _class_name(key: str, path: Path) -> str:
    try:
        name = plain_name(key)
    except ValueError as error:
        raise fault_in(path, f"the class {error}") from None
    if not name:
        raise fault_in(path, "a class has an empty name; fill it in")
    return name


def _with_header(content: dict[str, Any], path: Path) -> ClassTextFile:
    keys = ("kind", "data_set", "source", "classes")
    odd = [f"no {key!r}" for key in keys if key not in content] + [shown(key) for key in content if key not in keys]
    if odd:
        raise fault_in(
            path, f"class text must have the keys {', '.join(keys)} and no others; it has {', '.join(odd[:5])}"
        )
    if content["kind"] not in get_args(Kind):
        problem = f"kind is {shortened(content['kind'])}, but must be one of {', '.join(get_args(Kind))}"
        raise fault_in(path, problem)
    for key in ("data_set", "source"):
        if not isinstance(content[key], str):
            raise fault_in(path, f"{key} must be a text, not {shortened(content[key])}")
    if not isinstance(content["classes"], dict):
        raise fault_in(path, f"classes must be {{class name: texts}}, not {shortened(content['classes'])}")
    return ClassTextFile(**content)


def problems_of_texts(kind: Kind, texts: object) -> Iterator[str]:
    """Problems of the texts of a class, worded to follow the class name in a sentence.

    Args:
        kind: Expected kind of the texts.
        texts: The value to check.
    """
    if kind == "action_prompts":
        yield from _problems_of_attributes(texts)
    elif isinstance(texts, str):
        if not texts.strip():
            yield "has an empty text"
    elif isinstance(texts, list):
        yield from _problems_of_list(texts)
    else:
        yield (
            f"must have a text or a list of texts, not {shortened(texts)}; attributes and a header need the keys kind, "
            "data_set, source and classes"
        )


def _problems_of_list(texts: object) -> Iterator[str]:
    if not isinstance(texts, list) or not texts:
        yield f"must have a list of at least one text, not {shortened(texts)}"
        return
    for text in texts:
        if not isinstance(text, str):
            yield f"has {shortened(text)} where a text must be"
        elif not text.strip():
            yield "has an empty text"


def _problems_of_attributes(texts: object) -> Iterator[str]:
    names = [attribute.name for attribute in ATTRIBUTES]
    if not isinstance(texts, dict):
        yield f"must have {{attribute: texts}}, not {shortened(texts)}"
        return
    if not texts:
        yield f"has no attributes; give one or more of {', '.join(names)}"
        return
    if unknown := [name for name in texts if name not in names]:
        strange = ", ".join(shown(name) if not name.isidentifier() else name for name in unknown[:5])
        yield f"has the unknown attributes {strange} (they are {', '.join(names)})"
        return
    for name in texts:
        yield from (f"{problem} (attribute {name})" for problem in _problems_of_list(texts[name]))
    counts = {name: len(texts[name]) for name in texts}
    if len(set(counts.values())) != 1:
        yield f"must have the same number of texts for every attribute, not {counts}"
