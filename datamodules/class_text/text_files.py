"""Class text in JSON files: descriptions, explanations and action prompts, shipped or the user's own.

The format is in `text_format.py`.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

from zsar.datamodules.batch import ClassText
from zsar.datamodules.class_text.action_prompts import ATTRIBUTES, attribute_of_prompts
from zsar.datamodules.class_text.text_format import ClassTextFile, Kind, Texts, checked_class_text
from zsar.runtime.files.whole_files import write_json_whole
from zsar.runtime.text.json_files import read_json

FOLDER = Path(__file__).parent / "texts"

_PLURAL: dict[Kind, str] = {
    "description": "descriptions",
    "explanation": "explanations",
    "action_prompts": "action prompts",
}
_MOST_SUGGESTIONS = 3


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
    return checked_class_text(read_json(path, "class text"), path)


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
    checked_class_text(content, path)
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
