"""Class text in files: descriptions, explanations and action prompts, shipped or the user's own.

The JSON format is in `text_format.py`; CSV files of T2L's authors are read too (`ez_clip_texts.py`).
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from zsar.datamodules.class_identity import class_identity
from zsar.datamodules.class_text.action_prompts import ATTRIBUTES, Attribute, attributes_of_groups
from zsar.datamodules.class_text.ez_clip_texts import SUFFIX as CSV_SUFFIX
from zsar.datamodules.class_text.ez_clip_texts import read_ez_clip_texts
from zsar.datamodules.class_text.text_format import ClassTextFile, Kind, Texts, checked_class_text
from zsar.runtime.files.whole_files import write_json_whole
from zsar.runtime.text.json_files import read_json

if TYPE_CHECKING:
    from zsar.datamodules.batch import ClassText

FOLDER = Path(__file__).parent / "texts"

_PLURAL: dict[Kind, str] = {
    "description": "descriptions",
    "explanation": "explanations",
    "customized": "customized texts",
    "direct": "direct texts",
    "action_prompts": "action prompts",
}
_MOST_SUGGESTIONS = 3


def read_class_text(
    set_name: str,
    names: Sequence[str],
    file: Path | str,
    *,
    lead: str | None = None,
    groups: Sequence[str] | None = None,
    data_root: Path | None = None,
) -> ClassText:
    """Class text from a file; its texts are used as prompts unchanged.

    Args:
        set_name: Name of the set of videos.
        names: C class names, in label order.
        file: A JSON file, a CSV file of EZ-CLIP (`ez_clip_texts.py`), or the name of a shipped JSON file without suffix
            ("ucf101_descriptions"); it may also describe other classes. A path is relative to the working directory or,
            if there is no such file, to the data root.
        lead: A template with one {} for the class name, put before each text as in AP-CLIP: "a video of {}." gives
            "a video of brush hair. TEXT".
        groups: Groups of attributes of action prompts to use: "Scene", "Actor", "Body"; None for all of the file.
        data_root: The folder that holds all data sets; None for none.

    Returns:
        The names with P prompts each; action prompts are grouped by attribute in the order of `ATTRIBUTES`, with the
        attribute and group of each.

    Raises:
        ValueError: The file is missing or malformed, lacks classes (the message lists all of them), or has different
            numbers of texts for them; or the lead does not have exactly one {}; or the groups are not those of a file
            of action prompts.
    """
    if lead is not None and lead.count("{}") != 1:
        raise ValueError(f"the lead {lead!r} must have one {{}} for the class name, as in 'a video of {{}}.'")
    path = _locate(file, data_root)
    content = read_class_text_file(path)
    label = f"{_PLURAL[content.kind]} {path.name}"
    texts = _texts_of_classes(label, names, content, by_identity=_is_table(path))
    source = f"{_PLURAL[content.kind]}: {path.name}"
    attributes = _attributes(label, content, texts, groups)
    if attributes is not None:
        texts = [{a.name: of_class[a.name] for a in attributes} for of_class in texts if isinstance(of_class, dict)]
        source += "" if groups is None else f" ({', '.join(dict.fromkeys(a.group for a in attributes))})"
    prompts = [texts_of(of_class) for of_class in texts]
    for name, of_class in zip(names, prompts, strict=True):
        if len(of_class) != len(prompts[0]):
            raise ValueError(
                f"{label}: {names[0]!r} has {len(prompts[0])} texts, but {name!r} has {len(of_class)}; every class "
                "needs the same number"
            )
    if lead is not None:
        leads = [lead.replace("{}", name) for name in names]
        prompts = [
            tuple(f"{first} {text}" for text in of_class) for first, of_class in zip(leads, prompts, strict=True)
        ]
        source += f" after {lead!r}"
    of_prompts = attributes and [a for a in attributes for _ in range(len(prompts[0]) // len(attributes))]
    from zsar.datamodules.batch import ClassText  # here, as files are read and written without torch

    return ClassText(
        set_name,
        tuple(names),
        tuple(prompts),
        source,
        None if of_prompts is None else tuple(a.group for a in of_prompts),
        None if of_prompts is None else tuple(a.name for a in of_prompts),
        () if lead is None else (lead,),
    )


def _texts_of_classes(label: str, names: Sequence[str], content: ClassTextFile, *, by_identity: bool) -> list[Texts]:
    """The texts of each class, in label order."""
    if not by_identity:
        _check_complete(label, names, content.classes)
        return [content.classes[name] for name in names]
    spelled = {class_identity(name): name for name in content.classes}
    texts = {name: content.classes[spelled[class_identity(name)]] for name in names if class_identity(name) in spelled}
    _check_complete(label, names, texts, known=content.classes)
    return [texts[name] for name in names]


def _attributes(
    label: str, content: ClassTextFile, texts: Sequence[Texts], groups: Sequence[str] | None
) -> tuple[Attribute, ...] | None:
    """The attributes whose prompts are used; None for texts without attributes."""
    if content.kind != "action_prompts":
        if groups is None:
            return None
        raise ValueError(
            f"text.groups is {list(groups)}, but {label} have no attributes; leave it null, or name a file of action "
            "prompts"
        )
    try:
        return attributes_of_groups(groups, texts[0])
    except ValueError as error:
        raise ValueError(f"{label}: {error}") from None


def described_classes(file: Path | str) -> list[str]:
    """The classes of a class-text file, in its order.

    Args:
        file: A file, or the name of a shipped one, as `read_class_text` takes it.

    Raises:
        ValueError: The file is missing or malformed.
    """
    return list(read_class_text_file(_locate(file, None)).classes)


def shipped_class_text() -> tuple[str, ...]:
    """The names of the files that come with the package."""
    return tuple(sorted(path.stem for path in FOLDER.glob("*.json")))


def read_class_text_file(path: Path) -> ClassTextFile:
    """Reads a class-text file.

    Args:
        path: The JSON file, or a CSV file of EZ-CLIP.

    Returns:
        Its validated content.

    Raises:
        FileNotFoundError: The file is missing.
        ListFileError: It is malformed.
    """
    if _is_table(path):
        return ClassTextFile("description", "", "EZ-CLIP", read_ez_clip_texts(path))
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
    return tuple(text for attribute in ATTRIBUTES for text in texts.get(attribute.name, ()))


def _is_table(path: Path) -> bool:
    return path.suffix.lower() == CSV_SUFFIX


def _locate(file: Path | str, data_root: Path | None) -> Path:
    path = Path(file).expanduser()
    shipped = FOLDER / f"{file}.json"
    is_name = path.suffix == "" and path.name == str(file)
    if is_name and shipped.is_file():
        return shipped
    if not path.is_file() and data_root is not None and (data_root / path).is_file():
        return data_root / path
    if not path.is_file():
        known = ", ".join(shipped_class_text()) or "none"
        root = "" if data_root is None or path.is_absolute() else f" (nor is it in the data root {data_root})"
        raise ValueError(
            f"there is no class text {str(file)!r}: neither a file{root} nor one of the shipped ones ({known})"
        )
    return path


def _check_complete(
    label: str, names: Sequence[str], classes: Mapping[str, Texts], *, known: Mapping[str, Texts] | None = None
) -> None:
    """Checks that all classes have texts; `known` has the spellings to suggest, those of `classes` if None."""
    missing = [name for name in names if name not in classes]
    if not missing:
        return
    near = [(name, difflib.get_close_matches(name, classes if known is None else known, n=1)) for name in missing]
    pairs = [f"{matches[0]!r} for {name!r}" for name, matches in near if matches][:_MOST_SUGGESTIONS]
    hint = f" (it has {', '.join(pairs)})" if pairs else ""
    raise ValueError(f"{label} lack {len(missing)} of {len(names)} classes: {', '.join(missing)}{hint}")
