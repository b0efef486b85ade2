"""A server on localhost that sends ranges of the files of a folder, and fails on command."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Literal

Fault = Literal["none", "status 503", "status 403", "hang up", "half", "stall", "whole"]


@dataclass
class RangeServer:
    """A running server.

    Attributes:
        url: The address of the folder.
        folder: What it serves.
        faults: What it does with the first requests, in order.
        later: What it does with all others.
        stall_seconds: How long it says nothing where it stalls.
        requests: Path and range of each request, in order.
    """

    url: str
    folder: Path
    faults: list[Fault] = field(default_factory=list)
    later: Fault = "none"
    stall_seconds: float = 1.0
    requests: list[tuple[str, str]] = field(default_factory=list)


@contextmanager
def range_server(folder: Path) -> Iterator[RangeServer]:
    """Serves a folder until the block ends."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            asked = self.headers.get("Range", "")
            state.requests.append((self.path, asked))
            fault = state.faults.pop(0) if state.faults else state.later
            path = folder / self.path.lstrip("/")
            if fault.startswith("status") or not path.is_file():
                self.answer(int(fault.split()[1]) if fault.startswith("status") else 404, b"")
            elif fault == "hang up":
                self.close_connection = True
            else:
                if fault == "stall":
                    time.sleep(state.stall_seconds)
                content = path.read_bytes()
                match = re.fullmatch(r"bytes=(\d+)-(\d+)", asked)
                if match is None or fault == "whole":
                    self.answer(200, content)
                else:
                    part = content[int(match[1]) : int(match[2]) + 1]
                    self.answer(206, part, sent=part[: len(part) // 2] if fault == "half" else part)

        def answer(self, status: int, content: bytes, sent: bytes | None = None) -> None:
            self.send_response(status)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content if sent is None else sent)
            if sent is not None and len(sent) < len(content):
                self.close_connection = True

        def log_message(self, *_: Any) -> None:
            pass

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, *_: Any) -> None:
            pass  # the client gave up

    server = Server(("127.0.0.1", 0), Handler)
    state = RangeServer(f"http://127.0.0.1:{server.server_port}", folder)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield state
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
