"""Class text in JSON files: descriptions, explanations and action prompts, shipped or the user's own.

The format is described in `class_text.schema.json` next to this file. A plain, hand-written {class name: text or texts}
counts as descriptions.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from reprlib import repr as shortened
from typing import Any, Literal, get_args

from zsar.datamodules.batch import ClassText
from zsar.datamodules.class_text.action_prompts import ATTRIBUTES, attribute_of_prompts
from zsar.runtime.files.whole_files import write_json_whole
from zsar.runtime.text.json_files import read_json
from zsar.runtime.text.text_files import fault_in, plain_name, shown

Kind = Literal["description", "explanation", "action_prompts"]
Texts = str | list[str] | dict[str, list[str]]

FOLDER = Path(__file__).parent / "texts"

_PLURAL: dict[Kind, str] = {
    "description": "descriptions",
    "explanation": "explanations",
    "action_prompts": "action prompts",
}
_MOST_SUGGESTIONS = 3


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


def read_class_text(set_name: str, names: Sequence[str], file: Path | str, *, lead: str | None = None) -> ClassText:
    """Class text from a file; its texts are used as prompts unchanged.

    Args:
        set_name: Name of the set of videos.
        names: C class names, in label order.
        file: A JSON file, or the name of a shipped one without suffix ("ucf101_descriptions"); it may also describe
            other classes.
        lead: A template with one {} for the class name, put before each text as in AP-CLIP: "a video of {}." gives
            "a video of brush hair. TEXT".

    Returns:
        The names with P prompts each; action prompts are grouped by attribute in the order of `ATTRIBUTES`, with the
        attribute and group of each.

    Raises:
        ValueError: The file is missing or malformed, lacks classes (the message lists all of them), or has different
            numbers of texts for them; or the lead does not have exactly one {}.
    """
    if lead is not None and lead.count("{}") != 1:
        raise ValueError(f"the lead {lead!r} must have one {{}} for the class name, as in 'a video of {{}}.'")
    path = _locate(file)
    content = read_class_text_file(path)
    label = f"{_PLURAL[content.kind]} {path.name}"
    _check_complete(label, names, content.classes)
    prompts = [texts_of(content.classes[name]) for name in names]
    for name, texts in zip(names, prompts, strict=True):
        if len(texts) != len(prompts[0]):
            raise ValueError(
                f"{label}: {names[0]!r} has {len(prompts[0])} texts, but {name!r} has {len(texts)}; every class needs "
                "the same number"
            )
    source = f"{_PLURAL[content.kind]}: {path.name}"
    if lead is not None:
        leads = [lead.replace("{}", name) for name in names]
        prompts = [tuple(f"{first} {text}" for text in texts) for first, texts in zip(leads, prompts, strict=True)]
        source += f" after {lead!r}"
    groups: tuple[str, ...] | None = None
    attributes: tuple[str, ...] | None = None
    if content.kind == "action_prompts":
        per_prompt = attribute_of_prompts(len(prompts[0]))
        groups, attributes = tuple(a.group for a in per_prompt), tuple(a.name for a in per_prompt)
    return ClassText(
        set_name, tuple(names), tuple(prompts), source, groups, attributes, () if lead is None else (lead,)
    )


def shipped_class_text() -> tuple[str, ...]:
    """The names of the files that come with the package."""
    return tuple(sorted(path.stem for path in FOLDER.glob("*.json")))


def read_class_text_file(path: Path) -> ClassTextFile:
    """Reads a class-text file.

    Args:
        path: The JSON file.

    Returns:
        Its validated content.

    Raises:
        FileNotFoundError: The file is missing.
        ListFileError: It is malformed.
    """
    return _checked(read_json(path, "class text"), path)


def write_class_text(path: Path, kind: Kind, *, data_set: str, source: str, classes: Mapping[str, Texts]) -> None:
    """Writes a class-text file atomically: a killed run leaves the old or the new file, never a partial one.

    Args:
        path: The JSON file.
        kind: Kind of the texts.
        data_set: Data set whose classes they describe.
        source: Who or what wrote them.
        classes: The texts of each class, in the order to write them.

    Raises:
        ValueError: The texts are not of this kind.
    """
    file = ClassTextFile(kind, data_set, source, dict(classes))
    content = asdict(file)
    _checked(content, path)
    write_json_whole(path, content)


def texts_of(texts: Texts) -> tuple[str, ...]:
    """The prompts of a class in order: its text or texts, or those of its attributes in turn."""
    if isinstance(texts, str):
        return (texts,)
    if isinstance(texts, list):
        return tuple(texts)
    return tuple(text for attribute in ATTRIBUTES for text in texts[attribute.name])


def _locate(file: Path | str) -> Path:
    path = Path(file).expanduser()
    shipped = FOLDER / f"{file}.json"
    is_name = path.suffix == "" and path.name == str(file)
    if is_name and shipped.is_file():
        return shipped
    if not path.is_file():
        known = ", ".join(shipped_class_text()) or "none"
        raise ValueError(f"there is no class text {str(file)!r}: neither a file nor one of the shipped ones ({known})")
    return path


def _check_complete(label: str, names: Sequence[str], classes: Mapping[str, Texts]) -> None:
    missing = [name for name in names if name not in classes]
    if not missing:
        return
    near = [(name, difflib.get_close_matches(name, classes, n=1)) for name in missing]
    pairs = [f"{matches[0]!r} for {name!r}" for name, matches in near if matches][:_MOST_SUGGESTIONS]
    hint = f" (it has {', '.join(pairs)})" if pairs else ""
    raise ValueError(f"{label} lack {len(missing)} of {len(names)} classes: {', '.join(missing)}{hint}")


# --- checks of the format ---------------------------------------------------------------------------------------------


def _checked(content: object, path: Path) -> ClassTextFile:
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
    return replace(file, classes=classes)


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
    missing, unknown = [n for n in names if n not in texts], [n for n in texts if n not in names]
    if missing or unknown:
        lacks = [f"lacks the attributes {', '.join(missing)}"] if missing else []
        strange = ", ".join(shown(name) if not name.isidentifier() else name for name in unknown[:5])
        odd = [f"has the unknown attributes {strange} (they are {', '.join(names)})"] if unknown else []
        yield " and ".join(lacks + odd)
        return
    for name in names:
        yield from (f"{problem} (attribute {name})" for problem in _problems_of_list(texts[name]))
    counts = {name: len(texts[name]) for name in names}
    if len(set(counts.values())) != 1:
        yield f"must have the same number of texts for every attribute, not {counts}"
