"""Files of a miniature, in folders that are made as they are needed, and ids that look like those of YouTube."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Sequence
from pathlib import Path


def write_bytes(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


def write_lines(path: Path, lines: Sequence[str], *, end: str = "\n") -> None:
    write_bytes(path, "".join(line + end for line in lines).encode())


def write_json(path: Path, value: object) -> None:
    write_bytes(path, json.dumps(value).encode())


def youtube_id(seed: str, number: int) -> str:
    """Eleven characters, always the same for a seed; one id of three begins with "-", another one contains "_"."""
    drawn = base64.urlsafe_b64encode(hashlib.sha256(seed.encode()).digest()).decode()[:11]
    return ("-" + drawn[1:], drawn[:5] + "_" + drawn[6:], drawn)[number % 3]
