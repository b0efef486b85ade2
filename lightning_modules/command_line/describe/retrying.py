"""Asks a language model until its answer will do, with pauses where requests fail."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from zsar.lightning_modules.command_line.describe.language_model import (
    LanguageModel,
    LanguageModelError,
    Reply,
    TemporaryFailureError,
)

T = TypeVar("T")

_LONGEST_BACKOFF_SECONDS = 60.0


class BadAnswerError(Exception):
    """An answer that cannot be used; the message is what the model is told of it."""


class UnansweredError(Exception):
    """As many attempts as allowed have not given an answer that can be used."""


@dataclass(frozen=True)
class Patience:
    """How often the model is asked, and the first pause after a failure, which is doubled after each further one."""

    max_attempts: int = 6
    backoff_seconds: float = 1.0


def ask_until_accepted(
    model: LanguageModel,
    question: str,
    accept: Callable[[str], T],
    *,
    patience: Patience,
    wait: Callable[[float], None],
    note: Callable[[str], None],
) -> T:
    """Asks until an answer is accepted: after a pause where a request failed, else saying what was wrong.

    Args:
        model: Whom to ask.
        question: What to ask.
        accept: Makes of an answer what it stands for, or raises `BadAnswerError`.
        patience: How often to ask.
        wait: Waits for some seconds.
        note: Is told of each attempt that failed.

    Returns:
        What `accept` made of the answer.

    Raises:
        UnansweredError: No attempt gave an answer that was accepted.
        LanguageModelError: No further request would help.
    """
    messages, problem, n_failures = [_said_by("user", question)], "", 0
    for attempt in range(1, patience.max_attempts + 1):
        is_last = attempt == patience.max_attempts
        try:
            reply = model.ask(messages)
        except TemporaryFailureError as failure:
            problem = str(failure)
            if is_last and not model.has_answered:
                raise LanguageModelError(f"{problem} ({patience.max_attempts} attempts)") from failure
            seconds = max(failure.retry_after_seconds, back_off_seconds(n_failures, patience.backoff_seconds))
            n_failures += 1
            note(problem if is_last else f"{problem}; again in {seconds:.0f} s")
            if not is_last:
                wait(seconds)
            continue
        try:
            if reply.truncated:
                raise BadAnswerError("it was cut off before its end; answer more briefly")
            return accept(reply.text)
        except BadAnswerError as bad:
            problem = f"the answer was refused: {bad}"
            note(problem)
            messages = _conversation(question, reply, str(bad))
    raise UnansweredError(f"{problem} ({patience.max_attempts} attempts)")


def back_off_seconds(n_failures: int, first_seconds: float) -> float:
    """How long to wait after a failure: doubled after each, with jitter, so that threads do not come back together.

    Args:
        n_failures: Failures before this one.
        first_seconds: The pause after the first failure, before jitter.

    Returns:
        Between half of and one and a half times the doubled pause, which is at most a minute.
    """
    return min(first_seconds * 2.0 ** min(n_failures, 30), _LONGEST_BACKOFF_SECONDS) * random.uniform(0.5, 1.5)


def _conversation(question: str, reply: Reply, problem: str) -> list[dict[str, str]]:
    """The question, the last answer, and what was wrong; an answer that is empty or endless is left out."""
    again = f"Your answer cannot be used: {problem}. Answer again, and only as asked."
    if reply.truncated or not reply.text.strip():
        return [_said_by("user", f"{question}\n\n{again}")]
    return [_said_by("user", question), _said_by("assistant", reply.text), _said_by("user", again)]


def _said_by(role: str, content: str) -> dict[str, str]:
    return {"role": role, "content": content}
