import sys
import time
from contextlib import nullcontext
from datetime import datetime, timedelta, timezone
from email.utils import format_datetime
from typing import Any

import pytest

from tests.makers.command_line.chat_server import Answer, ChatServer
from zsar.lightning_modules.command_line.describe.language_model import (
    BadReplyError,
    LanguageModel,
    LanguageModelError,
    ModelSettings,
    Reply,
    TemporaryFailureError,
    is_of_openai,
)

HELLO = [{"role": "user", "content": 'Say "hello".'}]


def ask(server: ChatServer, *, max_requests: int = 1, **settings: Any) -> Reply:
    return LanguageModel(ModelSettings("tiny", server.url, **settings)).ask(HELLO, max_requests=max_requests)


def test_a_reply_has_the_text_and_says_whether_it_was_cut_off(server: ChatServer) -> None:
    server.script = [Answer("Hello."), Answer("Good after", finish_reason="length")]
    assert ask(server) == Reply("Hello.", truncated=False)
    assert ask(server) == Reply("Good after", truncated=True)


def test_settings_are_sent_and_those_that_are_none_are_not(server: ChatServer) -> None:
    ask(server, temperature=0.2, seed=5)
    ask(server, temperature=None)
    first, second = server.requests
    assert first == {"model": "tiny", "messages": HELLO, "temperature": 0.2, "seed": 5}
    assert second == {"model": "tiny", "messages": HELLO}


def test_the_key_is_that_of_the_named_variable(server: ChatServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MY_KEY", "secret")
    ask(server, api_key_env="MY_KEY")
    ask(server)
    assert server.authorization[0] == "Bearer secret"
    assert "secret" not in server.authorization[1]


def test_without_key_and_address_the_remedy_is_named(monkeypatch: pytest.MonkeyPatch, server: ChatServer) -> None:
    with pytest.raises(LanguageModelError, match=r"no key for api\.openai\.com: set .* MY_KEY, or give --base_url"):
        LanguageModel(ModelSettings("tiny", api_key_env="MY_KEY"))
    monkeypatch.setenv("OPENAI_BASE_URL", server.url)
    assert LanguageModel(ModelSettings("tiny")).host == server.url.split("/")[2]


@pytest.mark.parametrize("status", [200, 307, 401])
@pytest.mark.parametrize("by_variable", [True, False])
def test_openai_s_key_and_names_go_to_no_other_server(
    server: ChatServer, monkeypatch: pytest.MonkeyPatch, by_variable: bool, status: int
) -> None:
    for name in ("OPENAI_API_KEY", "OPENAI_ADMIN_KEY", "OPENAI_ORG_ID", "OPENAI_PROJECT_ID"):
        monkeypatch.setenv(name, "secret")
    monkeypatch.setenv("OPENAI_BASE_URL", server.url if by_variable else "https://api.openai.com/v1")
    server.script = [Answer("Hello.", status=status)]
    model = LanguageModel(ModelSettings("tiny", None if by_variable else server.url))
    with nullcontext() if status == 200 else pytest.raises(LanguageModelError):
        model.ask(HELLO)
    assert len(server.requests) == 1
    assert "secret" not in str([dict(headers) for headers in server.headers])


def test_a_key_goes_where_it_is_named_for(server: ChatServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "secret")
    ask(server, api_key_env="OPENAI_API_KEY")
    assert server.authorization == ["Bearer secret"]
    with pytest.raises(LanguageModelError, match="set the environment variable NOT_SET"):
        ask(server, api_key_env="NOT_SET")


def test_a_redirect_is_not_followed(server: ChatServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MY_KEY", "secret")
    server.script = [Answer("elsewhere", status=307, headers={"Location": f"{server.url}/chat/completions"})]
    with pytest.raises(LanguageModelError, match=r"307.*it redirects to 127\.0\.0\.1:\d+, which is not followed"):
        ask(server, api_key_env="MY_KEY")
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    ("url", "is_openai"),
    [
        ("https://api.openai.com/v1", True),
        ("https://API.OpenAI.com:443/v1", True),
        ("https://eu.api.openai.com/v1", True),
        ("http://api.openai.com/v1", False),  # readable on the way
        ("https://api.openai.com.evil.org/v1", False),
        ("https://api.openai.com@evil.org/v1", False),
        ("https://evil.org@api.openai.com/v1", False),
        ("https://evil.org/api.openai.com", False),
        ("https://evil.org#api.openai.com", False),
        ("https://evil.org?api.openai.com", False),
        ("https://notapi.openai.com/v1", False),
        ("https://xapi.openai.com/v1", False),
        ("https://api-openai.com/v1", False),
        ("https://api.openai.com:8443/v1", False),
    ],
)
def test_look_alikes_of_openai_are_other_servers(url: str, is_openai: bool) -> None:
    assert is_of_openai(url) == is_openai


@pytest.mark.parametrize(
    "url", ["https://api.openai.com\\@evil.org/v1", "https://api.openai.c\u043em/v1", "https://a b/v1", "http://a:x/v1"]
)
def test_an_address_that_parsers_may_read_differently_is_none(url: str) -> None:
    with pytest.raises(LanguageModelError, match="the base URL must be like"):
        LanguageModel(ModelSettings("tiny", url))


def test_the_host_has_no_password(server: ChatServer) -> None:
    assert LanguageModel(ModelSettings("tiny", "https://me:secret@llm.example:8000/v1")).host == "llm.example:8000"


@pytest.mark.parametrize("url", ["localhost:8000/v1", "llm", "ftp://llm/v1", "http:///v1"])
def test_an_address_that_is_none_is_refused(url: str) -> None:
    with pytest.raises(LanguageModelError, match=f"must be like http://localhost:8000/v1; got '{url}'"):
        LanguageModel(ModelSettings("tiny", url))


def test_a_missing_package_is_named_with_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "openai", None)
    with pytest.raises(LanguageModelError, match=r"pip install 'zsar\[describe\]'"):
        LanguageModel(ModelSettings("tiny", "http://localhost/v1"))


@pytest.mark.parametrize("status", [408, 409, 429, 500, 502, 503, 529])
def test_a_passing_failure_is_repeated_as_often_as_allowed(server: ChatServer, status: int) -> None:
    busy = Answer("too busy", status, headers={"Retry-After": "0.01"})
    server.script = [busy, busy, Answer("Hello.")]
    assert ask(server, max_requests=3) == Reply("Hello.", truncated=False, n_requests=3)
    server.script = [busy, busy, Answer("Hello.")]
    with pytest.raises(TemporaryFailureError, match=rf"127\.0\.0\.1:\d+ answers {status}: too busy"):
        ask(server, max_requests=2)
    assert len(server.requests) == 5


@pytest.mark.parametrize(
    ("status", "message"),
    [
        (400, "answers 400: no such setting$"),
        (
            401,
            "401: no such setting; if it needs a key, name the environment variable that holds it",
        ),
        (403, "403: .*if it needs a key, name the environment"),
        (404, r"check --model \(tiny\) and --base_url, which usually ends in /v1"),
        (422, "answers 422: no such setting$"),
    ],
)
def test_a_lasting_failure_is_explained(server: ChatServer, status: int, message: str) -> None:
    server.script = [Answer("no such setting", status)]
    with pytest.raises(LanguageModelError, match=message):
        ask(server)


def test_a_wrong_path_is_explained(server: ChatServer) -> None:
    server.url = server.url.removesuffix("/v1")
    with pytest.raises(LanguageModelError, match="no such page; .* usually ends in /v1"):
        ask(server)


@pytest.mark.parametrize("is_date", [False, True])
def test_the_pause_that_the_server_asks_for_is_kept_to(server: ChatServer, is_date: bool) -> None:
    date = format_datetime(datetime.now(timezone.utc) + timedelta(seconds=3), usegmt=True)
    server.script = [Answer("slow down", 429, headers={"Retry-After": date if is_date else "1.5"}), Answer("Hello.")]
    started = time.monotonic()
    assert ask(server, max_requests=2).text == "Hello."
    assert time.monotonic() - started > 1.4


def test_a_wait_of_an_hour_and_an_empty_account_stop_the_run(server: ChatServer) -> None:
    empty = '{"error": {"message": "You exceeded your quota", "code": "insufficient_quota"}}'
    server.script = [Answer("later", 429, headers={"Retry-After": "3600"}), Answer(status=429, body=empty)]
    with pytest.raises(LanguageModelError, match="asks to wait 3600 s; rerun the same command then"):
        ask(server, max_requests=5)
    assert len(server.requests) == 1
    with pytest.raises(LanguageModelError, match=r"You exceeded your quota \(insufficient_quota\)"):
        ask(server)


def test_silence_and_a_closed_connection_are_temporary(server: ChatServer) -> None:
    server.script = [Answer("late", delay_seconds=0.5), Answer(hang_up=True)]
    with pytest.raises(TemporaryFailureError, match=r"no answer within 0\.1 s"):
        ask(server, timeout_seconds=0.1)
    with pytest.raises(TemporaryFailureError, match="no connection to 127"):
        ask(server)


@pytest.mark.parametrize("body", ["<html>welcome</html>", "{", "{}", '{"choices": []}', '{"choices": null}', "[]"])
def test_what_is_no_chat_completion_is_a_bad_reply(server: ChatServer, body: str) -> None:
    server.script = [Answer(body=body), Answer(body=body, headers={"Content-Type": "text/html"})]
    for _ in range(2):
        with pytest.raises(BadReplyError, match="the reply of .* is not a chat completion"):
            ask(server)


def test_an_answer_without_text_is_empty(server: ChatServer) -> None:
    message = '{"role": "assistant", "content": null, "refusal": "no"}'
    server.script = [Answer(body=f'{{"choices": [{{"index": 0, "finish_reason": "stop", "message": {message}}}]}}')]
    assert ask(server) == Reply("", truncated=False)
