"""Folders of small files that hold their own names."""

from __future__ import annotations

from pathlib import Path


def folder_with(root: Path, *files: str) -> Path:
    for file in files:
        (root / file).parent.mkdir(parents=True, exist_ok=True)
        (root / file).write_text(file)
    return root
