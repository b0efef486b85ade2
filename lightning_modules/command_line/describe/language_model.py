"""A language model on an OpenAI-compatible server: sends a request and classifies its failures.

The client repeats requests that fail on the way (no connection, timeout, busy server), after its own pause or the one
that the server asks for. The content of answers is checked in `retrying`.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import datetime, timezone
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import SplitResult, urlsplit

OPENAI_URL = "https://api.openai.com/v1"
OPENAI_KEY = "OPENAI_API_KEY"
"""The environment variable of OpenAI's key; another server gets this key only if the variable is named for it."""

_OPENAI_HOST = "api.openai.com"
_LONGEST_WAIT_SECONDS = 120.0  # that the client waits at a server's request
_TEMPORARY = (408, 409, 429)  # and all from 500: the client repeats these
_HINTS = {
    401: "check the key in the environment variable {key}",
    403: "check what the key in the environment variable {key} may do",
    404: "check --model ({model}) and --base_url, which usually ends in /v1",
}


class LanguageModelError(ValueError):
    """A failure that no further request would fix: no key, no such model, no server."""


class TemporaryFailureError(Exception):
    """All allowed requests failed, but a later one may succeed."""


class BadReplyError(Exception):
    """The reply of the server is not a chat completion.

    Attributes:
        n_requests: Number of requests it took.
    """

    def __init__(self, message: str, n_requests: int = 1) -> None:
        """Makes the error.

        Args:
            message: The reply.
            n_requests: Number of requests it took.
        """
        super().__init__(message)
        self.n_requests = n_requests


@dataclass(frozen=True)
class Reply:
    """A reply of the model.

    Attributes:
        text: Its text.
        truncated: Whether it was cut off at the token limit.
        n_requests: Number of requests it took.
    """

    text: str
    truncated: bool
    n_requests: int = 1


@dataclass(frozen=True)
class ModelSettings:
    """Which model is used, where and how.

    Attributes:
        model: Its name on the server.
        base_url: The address before /chat/completions; None for the variable OPENAI_BASE_URL, or else OpenAI's server.
        api_key_env: The environment variable that holds the key for this server; None for OPENAI_API_KEY if the
            server is OpenAI's, and for no key otherwise.
        timeout_seconds: Time limit for connecting and for the answer.
        temperature: Sampling temperature; None for the server's default.
        seed: Seed for servers with reproducible answers; None for none.
    """

    model: str
    base_url: str | None = None
    api_key_env: str | None = None
    timeout_seconds: float = 60.0
    temperature: float | None = 0.7
    seed: int | None = None


class LanguageModel:
    """A chat model.

    Attributes:
        host: The server's name, with its port if it is not the default.
        has_answered: Whether the server has answered at least once, even with an error.
    """

    def __init__(self, settings: ModelSettings) -> None:
        """Makes the client; nothing is sent yet.

        Args:
            settings: Which model.

        Raises:
            LanguageModelError: The package openai is missing, the address is invalid, or there is no key for OpenAI or
                in the named variable.
        """
        try:
            import openai
        except ImportError as error:
            raise LanguageModelError(
                "the package openai is needed: pip install 'zsar[describe]', or in a checkout pip install '.[describe]'"
            ) from error
        given = settings.base_url or os.environ.get("OPENAI_BASE_URL")
        url = _parsed(given or OPENAI_URL)
        is_openai = is_of_openai(given or OPENAI_URL)
        key_name = settings.api_key_env or (OPENAI_KEY if is_openai else None)
        key = None if key_name is None else os.environ.get(key_name)
        if not key and (is_openai or settings.api_key_env is not None):
            raise LanguageModelError(
                f"there is no key for {url.hostname}: set the environment variable {key_name}, or give --base_url of a "
                "server of your own, which needs none"
            )
        self.settings = settings
        self.host = url.netloc.rpartition("@")[2]
        self.has_answered = False
        self._key_name = key_name
        self._is_openai = is_openai
        self._client = openai.OpenAI(
            api_key=key or "no-key-needed",
            base_url=given or OPENAI_URL,
            timeout=settings.timeout_seconds,
            http_client=openai.DefaultHttpxClient(
                follow_redirects=False,  # a redirect could lead the key elsewhere
                event_hooks={"response": [self._note_answer]},
            ),
        )

    def ask(self, messages: list[dict[str, str]], *, max_requests: int = 1) -> Reply:
        """Sends a conversation, again where that fails on the way.

        Args:
            messages: What was said, each {"role": ..., "content": ...}.
            max_requests: The largest number of requests, repetitions included.

        Returns:
            The reply.

        Raises:
            TemporaryFailureError: No request reached the model.
            BadReplyError: The reply is not a chat completion.
            LanguageModelError: The server rejects it permanently.
        """
        import openai

        optional: dict[str, Any] = {"temperature": self.settings.temperature, "seed": self.settings.seed}
        conversation: Any = messages
        try:
            response = self._client_for(max_requests).chat.completions.with_raw_response.create(
                model=self.settings.model,
                messages=conversation,
                **{name: value for name, value in optional.items() if value is not None},
            )
        except openai.APITimeoutError as error:
            raise TemporaryFailureError(f"no answer within {self.settings.timeout_seconds:g} s") from error
        except openai.APIConnectionError as error:
            raise TemporaryFailureError(f"no connection to {self.host}: {error.__cause__ or error}") from error
        except openai.APIStatusError as error:
            raise self._failure_of_status(error.status_code, _message_of(error), error.response.headers) from error
        n_requests = 1 + response.retries_taken
        try:
            completion = response.parse()
        except (openai.APIError, ValueError) as error:  # a body that is not JSON
            raise BadReplyError(f"the reply of {self.host} is not a chat completion: {error}", n_requests) from error
        choices = getattr(completion, "choices", None)
        if not choices or getattr(choices[0], "message", None) is None:
            what = f"the reply of {self.host} is not a chat completion: {str(completion)[:200]}"
            raise BadReplyError(what, n_requests)
        return Reply(choices[0].message.content or "", choices[0].finish_reason == "length", n_requests)

    def _client_for(self, max_requests: int) -> Any:  # noqa: ANN401 - openai is imported only where it is used
        """The client for one conversation."""
        client = self._client.with_options(max_retries=max_requests - 1)
        if not self._is_openai:  # values of OpenAI's variables must not go to other servers
            for name in ("organization", "project", "admin_api_key"):
                setattr(client, name, None)
        return client

    def _note_answer(self, response: object) -> None:
        self.has_answered = True

    def _failure_of_status(self, status: int, message: str, headers: Any) -> Exception:  # noqa: ANN401 - httpx's
        what = f"{self.host} answers {status}: {message}"
        if (status in _TEMPORARY or status >= 500) and "insufficient_quota" not in message:
            seconds = _retry_after_seconds(headers.get("retry-after"))
            if seconds <= _LONGEST_WAIT_SECONDS:
                return TemporaryFailureError(what)
            return LanguageModelError(f"{what}; it asks to wait {seconds:.0f} s; rerun the same command then")
        hint = _HINTS.get(status, "").format(key=self._key_name, model=self.settings.model)
        if status in (401, 403) and self._key_name is None:
            hint = "if it needs a key, name the environment variable that holds it: --api_key_env NAME"
        elif 300 <= status < 400:
            where = _host_of(headers.get("location"))
            hint = f"it redirects{where}, which is not followed; give the right address as --base_url"
        return LanguageModelError(f"{what}; {hint}" if hint else what)


def is_of_openai(base_url: str) -> bool:
    """Whether an address is OpenAI's own, over an encrypted connection.

    Args:
        base_url: The address; the names of other servers may contain or resemble OpenAI's.
    """
    url = _parsed(base_url)
    host = url.hostname or ""
    is_host = host == _OPENAI_HOST or host.endswith(f".{_OPENAI_HOST}")  # eu.api.openai.com
    return url.scheme == "https" and is_host and url.port in (None, 443) and "@" not in url.netloc


def _parsed(base_url: str) -> SplitResult:
    """The parsed address of a server; rejects an address whose host is ambiguous."""
    url = None
    try:
        if base_url.isascii() and base_url.isprintable() and " " not in base_url and "\\" not in base_url:
            url = urlsplit(base_url)
            if url.scheme not in ("http", "https") or not url.hostname or url.port == 0:
                url = None
    except ValueError:  # the port is not a number
        url = None
    if url is None:
        raise LanguageModelError(f"the base URL must be like http://localhost:8000/v1; got {base_url!r}")
    return url


def _host_of(location: str | None) -> str:
    """The host of a redirect, as " to HOST"; empty if it names none."""
    try:
        host = urlsplit(location or "").netloc.rpartition("@")[2]
    except ValueError:
        host = ""
    return f" to {host}" if host else ""


def _message_of(error: Any) -> str:  # noqa: ANN401 - openai is imported only where it is used
    """The server's message, with its error code if there is one."""
    body = error.body if isinstance(error.body, dict) else {}
    message = str(body.get("message") or error.message)
    code = body.get("code")
    return f"{message} ({code})" if isinstance(code, str) and code not in message else message


def _retry_after_seconds(header: str | None) -> float:
    """Seconds from a Retry-After header, which holds seconds or a date; 0 if it is missing or invalid."""
    if header is None:
        return 0.0
    try:
        return max(0.0, float(header))
    except ValueError:
        pass
    try:
        return max(0.0, (parsedate_to_datetime(header) - datetime.now(timezone.utc)).total_seconds())
    except (ValueError, TypeError):
        return 0.0
