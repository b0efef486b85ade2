"""Small files of class text, and the schema that files of class text follow."""

import json
from pathlib import Path

from zsar.datamodules.class_text import text_files
from zsar.datamodules.class_text.action_prompts import ATTRIBUTES

SCHEMA = json.loads((text_files.FOLDER.parent / "class_text.schema.json").read_text())
HEADER = {"data_set": "toys", "source": "a test"}


def written(folder: Path, content: object) -> Path:
    path = folder / "t.json"
    path.write_text(json.dumps(content))
    return path


def attributes(text: str, n_texts: int = 2) -> dict[str, list[str]]:
    return {attribute.name: [f"{text} {attribute.name} {i}" for i in range(n_texts)] for attribute in ATTRIBUTES}


def with_header(kind: str, classes: object) -> dict[str, object]:
    return {"kind": kind, **HEADER, "classes": classes}
