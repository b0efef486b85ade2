"""Descriptions of classes from a JSON file, {class name: text or list of texts}."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from datamodules.batch import ClassText


def read_descriptions(set_name: str, names: Sequence[str], path: Path) -> ClassText:
    """Class text from a file of descriptions, which are the prompts as they stand.

    Args:
        set_name: Name of the set of videos.
        names: C class names, in label order.
        path: A JSON object with a text, or a list of P texts, for each class name; it may describe other classes too.

    Returns:
        The names with their descriptions.

    Raises:
        ValueError: The file is missing or malformed, or a class has no description; all such classes are named.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, json.JSONDecodeError) as error:
        raise ValueError(f"descriptions {path} cannot be read: {error}") from error
    if not isinstance(content, dict):
        kind = type(content).__name__
        raise ValueError(f"descriptions {path} must be a JSON object {{class name: text}}, not a {kind}")
    missing = [name for name in names if not content.get(name)]
    if missing:
        raise ValueError(f"descriptions {path} lack {len(missing)} of {len(names)} classes: {', '.join(missing)}")
    prompts = tuple((text,) if isinstance(text := content[name], str) else tuple(text) for name in names)
    return ClassText(set_name=set_name, names=tuple(names), prompts=prompts, source=f"descriptions: {path.name}")
