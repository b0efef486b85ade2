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
    """An answer that cannot be used; the message is what the model is told of it."""


class UnansweredError(Exception):
    """As many attempts as allowed have not given an answer that can be used."""


def ask_until_accepted(
    model: LanguageModel, question: str, accept: Callable[[str], T], *, max_requests: int, note: Callable[[str], None]
) -> T:
    """Asks until an answer is accepted, saying each time what was wrong with the last one.

    Args:
        model: Whom to ask.
        question: What to ask.
        accept: Makes of an answer what it stands for, or raises `BadAnswerError`.
        max_requests: How many requests may be sent, those that fail on the way included.
        note: Is told of each answer that is not accepted.

    Returns:
        What `accept` made of the answer.

    Raises:
        UnansweredError: No request gave an answer that was accepted.
        LanguageModelError: No further request would help.
    """
    messages, problem, n_left = [_said_by("user", question)], "", max_requests
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
            problem = f"the answer was refused: {bad}"
            note(problem)
            messages = _conversation(question, reply, str(bad))
    raise UnansweredError(f"{problem} ({max_requests} attempts)")


def _conversation(question: str, reply: Reply, problem: str) -> list[dict[str, str]]:
    """The question, the last answer, and what was wrong; an answer that is empty or endless is left out."""
    again = f"Your answer cannot be used: {problem}. Answer again, and only as asked."
    if reply.truncated or not reply.text.strip():
        return [_said_by("user", f"{question}\n\n{again}")]
    return [_said_by("user", question), _said_by("assistant", reply.text), _said_by("user", again)]


def _said_by(role: str, content: str) -> dict[str, str]:
    return {"role": role, "content": content}
