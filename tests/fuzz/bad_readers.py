"""Readers with each fault that there is, for the test of the harness."""

from __future__ import annotations

import os
import random
import signal
from collections.abc import Callable
from pathlib import Path

from tests.fuzz.outcomes import READ, REFUSED, told
from zsar.datamodules.video_files.decoding import VideoDecodeError


def hang(path: Path) -> str:
    while True:
        pass


def crash(path: Path) -> str:
    os.kill(os.getpid(), signal.SIGSEGV)
    return ""


def take_memory(path: Path) -> str:
    return str(len(b"x" * (1200 * 2**20)))


def leave_open(path: Path) -> str:
    os.open(path, os.O_RDONLY)
    return ""


def talk(path: Path) -> str:
    os.write(2, b"Traceback of a library")
    return ""


def raise_another(path: Path) -> str:
    raise IndexError("list index out of range")


def raise_without_name(path: Path) -> str:
    raise VideoDecodeError("it is broken")


def refuse(path: Path) -> str:
    raise VideoDecodeError(f"{path}: it is broken")


def say_much(path: Path) -> str:
    raise VideoDecodeError(f"{path}: " + "x" * 10_000)


def say_more_lines(path: Path) -> str:
    raise VideoDecodeError(f"{path}: broken\nor not")


def read(path: Path) -> str:
    return "frames"


READERS: dict[str, Callable[[Path], str]] = {
    READ: read,
    REFUSED: refuse,
    "hang": hang,
    "crash": crash,
    "memory": take_memory,
    "descriptors": leave_open,
    "noise": talk,
    "exception": raise_another,
    "long message": say_much,
    "many lines": say_more_lines,
    "unnamed": raise_without_name,
}
"""By what the harness must say of them."""


def write_seeds(folder: Path) -> None:
    """Writes a file for each."""
    for name in READERS:
        (folder / name).write_bytes(b"content")


def mutate(name: str, content: bytes, draw: random.Random) -> bytes:
    """The content as it is."""
    return content


def exercise(name: str, path: Path, number: int) -> tuple[str, str]:
    """Calls the reader of this name."""
    return told(lambda: READERS[name](path), path, (VideoDecodeError,))
