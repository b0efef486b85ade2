"""Live sources for tests: MPEG-TS that a server sends, or that grows on disk."""

from __future__ import annotations

import socket
import struct
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

from tests.makers.videos.encoded_videos import moving_picture
from zsar.datamodules.video_files.writing.encoding import write_video

RATE = 20
"""Frames per second."""


def write_stream(path: Path, n_frames: int) -> Path:
    """MPEG-TS (or whatever the suffix says) of a moving picture, with a keyframe every 12 frames."""
    options = {"preset": "veryfast", "g": "12", "bf": "2"}
    write_video(path, moving_picture(n_frames), frames_per_second=RATE, options=options)
    return path


@contextmanager
def served(data: bytes, then: Literal["close", "stall", "reset"]) -> Iterator[str]:
    """The address of a TCP server that sends data to the first who connects, and what it does then."""
    server = socket.create_server(("127.0.0.1", 0))
    done = threading.Event()

    def serve() -> None:
        connection, _ = server.accept()
        with connection:
            connection.sendall(data)
            if then == "stall":
                done.wait(30)
            elif then == "reset":
                time.sleep(0.3)  # until the data is read; a reset discards what is not
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield f"tcp://127.0.0.1:{server.getsockname()[1]}"
    finally:
        done.set()
        thread.join(5)
        server.close()


@contextmanager
def growing(path: Path, data: bytes, *, seconds: float, n_parts: int = 20) -> Iterator[Path]:
    """A file to which a thread appends data, part by part."""
    path.write_bytes(b"")
    size = -(-len(data) // n_parts)

    def write() -> None:
        for begin in range(0, len(data), size):
            with path.open("ab") as file:
                file.write(data[begin : begin + size])
            time.sleep(seconds / n_parts)

    thread = threading.Thread(target=write, daemon=True)
    thread.start()
    try:
        yield path
    finally:
        thread.join(seconds + 5)
