"""Asks a language model until its answer is accepted."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from zsar.lightning_modules.command_line.describe.language_model import (
    BadReplyError,
    LanguageModel,
    LanguageModelError,
    Reply,
    TemporaryFailureError,
)

T = TypeVar("T")


class BadAnswerError(Exception):
    """An unusable answer; the message is the reason, which is sent to the model."""


class UnansweredError(Exception):
    """No allowed attempt gave a usable answer."""


def ask_until_accepted(
    model: LanguageModel, question: str, accept: Callable[[str], T], *, max_requests: int, note: Callable[[str], None]
) -> T:
    """Asks until an answer is accepted; each new request says what was wrong with the last answer.

    Args:
        model: The model.
        question: The question.
        accept: Parses an answer, or raises `BadAnswerError`.
        max_requests: The largest number of requests, including those that fail on the way.
        note: Called with the reason for each rejected answer.

    Returns:
        The result of `accept`.

    Raises:
        UnansweredError: No answer was accepted.
        LanguageModelError: No further request would help.
    """
    messages, problem, n_left = [_message("user", question)], "", max_requests
    while n_left > 0:
        try:
            reply = model.ask(messages, max_requests=n_left)
        except TemporaryFailureError as failure:
            problem = f"{failure} ({max_requests} attempts)"
            raise (UnansweredError(problem) if model.has_answered else LanguageModelError(problem)) from failure
        except BadReplyError as bad:
            problem, n_left = str(bad), n_left - bad.n_requests
            note(problem)
            continue
        n_left -= reply.n_requests
        try:
            if reply.truncated:
                raise BadAnswerError("it was cut off before its end; answer more briefly")
            return accept(reply.text)
        except BadAnswerError as bad:
            problem = f"the answer was rejected: {bad}"
            note(problem)
            messages = _conversation(question, reply, str(bad))
    raise UnansweredError(f"{problem} ({max_requests} attempts)")


def _conversation(question: str, reply: Reply, problem: str) -> list[dict[str, str]]:
    """The question, the last answer, and what was wrong; an empty or truncated answer is left out."""
    again = f"Your answer cannot be used: {problem}. Answer again, and only as asked."
    if reply.truncated or not reply.text.strip():
        return [_message("user", f"{question}\n\n{again}")]
    return [_message("user", question), _message("assistant", reply.text), _message("user", again)]


def _message(role: str, content: str) -> dict[str, str]:
    return {"role": role, "content": content}
