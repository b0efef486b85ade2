"""Files that look like videos and cannot be decoded, of every kind that data sets have."""

from __future__ import annotations

import os
import shutil
from pathlib import Path


def cut_off(good: Path, path: Path) -> None:
    """The first half: an MP4 file without its index."""
    content = good.read_bytes()
    path.write_bytes(content[: len(content) // 2])


def text(good: Path, path: Path) -> None:
    path.write_text("404 not found\n")


def empty(good: Path, path: Path) -> None:
    path.write_bytes(b"")


def damaged(good: Path, path: Path) -> None:
    """It can be opened and lists its frames, but what is in them is lost."""
    content = bytearray(good.read_bytes())
    begin = content.index(b"mdat") + 4
    end = content.index(b"moov", begin) - 4 if b"moov" in content[begin:] else len(content)
    content[begin:end] = bytes(end - begin)
    path.write_bytes(content)


def folder(good: Path, path: Path) -> None:
    path.mkdir()


def pipe(good: Path, path: Path) -> None:
    """Reading it waits for ever."""
    os.mkfifo(path)


def broken_link(good: Path, path: Path) -> None:
    path.symlink_to("nowhere.mp4")


NO_FILES = {"folder.mp4": folder, "pipe.mp4": pipe, "broken_link.mp4": broken_link}
UNOPENABLE = {"cut_off.mp4": cut_off, "text.mp4": text, "empty.mp4": empty, **NO_FILES}
BAD = {**UNOPENABLE, "damaged.mp4": damaged}


def spoil(folder: Path, good: Path, *, unopenable: bool = True) -> list[Path]:
    """Puts bad videos of every kind beside a copy of a good one, or only those that can be opened.

    Returns:
        The bad ones.
    """
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copy(good, folder / "good.mp4")
    kinds = BAD if unopenable else {name: make for name, make in BAD.items() if name not in UNOPENABLE}
    for name, make in kinds.items():
        make(good, folder / name)
    return [folder / name for name in kinds]
