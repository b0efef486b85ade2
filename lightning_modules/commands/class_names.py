"""Class names from a command line: separated by commas, one a line in a file, or both."""

from __future__ import annotations

from pathlib import Path


def read_class_names(classes: str | None, classes_file: Path | None) -> list[str]:
    """The names given, each once, in their order.

    Args:
        classes: Names separated by commas (`--classes`).
        classes_file: A text file with one name a line (`--classes-file`).

    Returns:
        The names without spaces around them; empty ones are left out.
    """
    names = classes.split(",") if classes else []
    if classes_file is not None:
        names += classes_file.read_text(encoding="utf-8-sig").splitlines()
    return list(dict.fromkeys(name.strip() for name in names if name.strip()))
