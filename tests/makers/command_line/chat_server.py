"""A server on localhost that speaks /v1/chat/completions and fails on command."""

from __future__ import annotations

import hashlib
import json
import re
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from zsar.datamodules.class_text.action_prompts import ATTRIBUTES


@dataclass
class Answer:
    """What the server does with a request.

    Attributes:
        text: What the model says; with a status of an error, the error's message.
        status: HTTP status.
        finish_reason: "stop", or "length" for an answer that was cut off.
        headers: Further headers.
        delay_seconds: How long it takes.
        hang_up: Close the connection without a word.
        body: Sent instead of a chat completion.
    """

    text: str = ""
    status: int = 200
    finish_reason: str = "stop"
    headers: dict[str, str] = field(default_factory=dict)
    delay_seconds: float = 0.0
    hang_up: bool = False
    body: str | None = None


@dataclass
class ChatServer:
    """A running server.

    Attributes:
        url: What --base-url takes.
        script: Answers to the first requests, in order; `answer` makes those to all others.
        answer: From a class name and the whole conversation to an answer.
        requests: The bodies of all requests.
        authorization: Their Authorization headers.
        headers: All their headers.
        most_at_a_time: How many requests were being answered at once, at most.
    """

    url: str = ""
    script: list[Answer] = field(default_factory=list)
    answer: Callable[[str, str], Answer] = field(default=lambda name, said: Answer(description(name)))
    requests: list[dict[str, Any]] = field(default_factory=list)
    authorization: list[str] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    most_at_a_time: int = 0
    _n_now: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def asked(self) -> list[str]:
        """The class that each request asked for."""
        return [class_of(request) for request in self.requests]

    def take(self, request: dict[str, Any], authorization: str) -> Answer:
        with self._lock:
            self.requests.append(request)
            self.authorization.append(authorization)
            self._n_now += 1
            self.most_at_a_time = max(self.most_at_a_time, self._n_now)
            answer = self.script.pop(0) if self.script else None
        said = "\n".join(message["content"] for message in request["messages"])
        answer = answer or self.answer(class_of(request), said)
        time.sleep(answer.delay_seconds)
        with self._lock:
            self._n_now -= 1
        return answer


@contextmanager
def chat_server() -> Iterator[ChatServer]:
    """Starts a server, and stops it in the end."""
    server = ChatServer()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            if self.path != "/v1/chat/completions":
                self.reply(Answer("no such page", 404))
                return
            server.headers.append(dict(self.headers.items()))
            answer = server.take(request, self.headers.get("Authorization", ""))
            if answer.hang_up:
                self.close_connection = True
                return
            self.reply(answer)

        def reply(self, answer: Answer) -> None:
            content = (answer.body if answer.body is not None else completion(answer)).encode()
            try:
                self.send_response(answer.status)
                for name, value in {"Content-Type": "application/json", **answer.headers}.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)
            except (BrokenPipeError, ConnectionResetError):
                self.close_connection = True

        def log_message(self, *arguments: object) -> None:
            pass

    http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    http.daemon_threads = True
    thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    server.url = f"http://127.0.0.1:{http.server_address[1]}/v1"
    try:
        yield server
    finally:
        http.shutdown()
        http.server_close()


def completion(answer: Answer) -> str:
    if answer.status != 200:
        return json.dumps({"error": {"message": answer.text, "type": "test", "code": None}})
    message = {"role": "assistant", "content": answer.text}
    choice = {"index": 0, "message": message, "finish_reason": answer.finish_reason}
    return json.dumps(
        {"id": "1", "object": "chat.completion", "created": 0, "model": "tiny", "choices": [choice], "usage": None}
    )


def class_of(request: dict[str, Any]) -> str:
    """The class that a request asks for, in one of the shipped questions."""
    shapes = (
        r'"([^"]+)"',
        r"[Dd]escribe (.+?) as an action performed",
        r"What does (.+?) mean",
        r"doing (.+?) look like",
    )
    shapes += (r"how people do (.+?), as", r"in a video of (.+?)\?", r"the human action (.+?), so that")
    found = [match[1] for shape in shapes if (match := re.search(shape, request["messages"][0]["content"]))]
    assert found
    return found[0]


def description(name: str) -> str:
    """An answer that is accepted."""
    return f"Somebody outdoors moves both arms and legs, as is usual in {name}."


def sentences(name: str, n: int, said: str = "") -> str:
    """An answer with customized texts that is accepted; another one for another question."""
    number = hashlib.sha256(said.encode()).hexdigest()[:4]
    return json.dumps([f"Visible thing {i} of {name} seen from side {number}." for i in range(n)])


def action_prompts(name: str, per_attribute: int = 1, said: str = "") -> str:
    """An answer that is accepted; another one for another question."""
    number = hashlib.sha256(said.encode()).hexdigest()[:4] if said else "any"
    return json.dumps(
        {
            attribute.name: [
                f"Visible thing {i} of {name} from side {number} shows {attribute.name}." for i in range(per_attribute)
            ]
            for attribute in ATTRIBUTES
        }
    )
