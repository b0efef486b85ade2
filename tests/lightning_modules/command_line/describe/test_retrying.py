from collections.abc import Callable

import pytest

from zsar.lightning_modules.command_line.describe.language_model import (
    LanguageModel,
    LanguageModelError,
    Reply,
    TemporaryFailureError,
)
from zsar.lightning_modules.command_line.describe.retrying import (
    BadAnswerError,
    Patience,
    UnansweredError,
    ask_until_accepted,
    back_off_seconds,
)


class Scripted(LanguageModel):
    """Answers what it was told to, without a server."""

    def __init__(self, *script: Reply | Exception, has_answered: bool = True) -> None:
        self.script = list(script)
        self.has_answered = has_answered
        self.conversations: list[list[dict[str, str]]] = []

    def ask(self, messages: list[dict[str, str]]) -> Reply:
        self.conversations.append(messages)
        step = self.script.pop(0)
        if isinstance(step, Exception):
            raise step
        return step


def accept_capitals(answer: str) -> str:
    if not answer.isupper():
        raise BadAnswerError("it is not in capitals")
    return answer


def says(text: str, truncated: bool = False) -> Reply:
    return Reply(text, truncated)


def ask(
    model: LanguageModel, max_attempts: int = 3, wait: Callable[[float], None] = lambda seconds: None
) -> tuple[str, list[str]]:
    notes: list[str] = []
    patience = Patience(max_attempts, backoff_seconds=4.0)
    return ask_until_accepted(model, "Shout.", accept_capitals, patience=patience, wait=wait, note=notes.append), notes


def test_a_good_answer_is_taken_at_once() -> None:
    model = Scripted(says("HEY"))
    assert ask(model) == ("HEY", [])
    assert model.conversations == [[{"role": "user", "content": "Shout."}]]


def test_a_bad_answer_is_sent_back_with_what_is_wrong_and_only_the_last_one() -> None:
    model = Scripted(says("hey"), says("ho"), says("HEY"))
    answer, notes = ask(model)
    assert answer == "HEY"
    assert notes == ["the answer was refused: it is not in capitals"] * 2
    question, said, complaint = model.conversations[2]
    assert question == {"role": "user", "content": "Shout."}
    assert said == {"role": "assistant", "content": "ho"}
    assert complaint["role"] == "user"
    assert complaint["content"] == "Your answer cannot be used: it is not in capitals. Answer again, and only as asked."


@pytest.mark.parametrize("reply", [says("HEY, I WILL GO ON FOR EV", truncated=True), says(" ")])
def test_an_endless_or_empty_answer_is_not_sent_back(reply: Reply) -> None:
    model = Scripted(reply, says("HEY"))
    answer, _ = ask(model)
    assert answer == "HEY"
    (message,) = model.conversations[1]
    assert message["content"].startswith("Shout.\n\nYour answer cannot be used: it ")


def test_a_cut_off_answer_is_refused_even_if_it_looks_good() -> None:
    with pytest.raises(UnansweredError, match=r"it was cut off before its end; .* \(1 attempts\)"):
        ask(Scripted(says("HEY", truncated=True)), max_attempts=1)


def test_pauses_are_doubled_and_what_the_server_asks_for_is_kept_to() -> None:
    waits: list[float] = []
    failures = [TemporaryFailureError("busy") for _ in range(3)]
    asked_for = TemporaryFailureError("slow down", retry_after_seconds=200.0)
    _, notes = ask(Scripted(*failures, asked_for, says("HEY")), max_attempts=5, wait=waits.append)
    assert len(waits) == 4
    for seconds, middle in zip(waits, (4, 8, 16), strict=False):
        assert middle / 2 <= seconds <= middle * 1.5
    assert waits[3] == 200
    assert notes[3] == "slow down; again in 200 s"


def test_a_pause_is_at_most_a_minute_and_a_half_and_varies() -> None:
    pauses = {back_off_seconds(50, 1.0) for _ in range(50)}
    assert all(30 <= seconds <= 90 for seconds in pauses)
    assert len(pauses) > 40


def test_bad_answers_and_failures_share_the_attempts_and_the_last_one_is_not_waited_for() -> None:
    waits: list[float] = []
    model = Scripted(TemporaryFailureError("busy"), says("hey"), TemporaryFailureError("busy again"))
    with pytest.raises(UnansweredError, match=r"busy again \(3 attempts\)"):
        ask(model, wait=waits.append)
    assert len(waits) == 1
    assert model.script == []


def test_a_server_that_never_answered_stops_the_run() -> None:
    failures = [TemporaryFailureError("no connection") for _ in range(3)]
    with pytest.raises(LanguageModelError, match=r"no connection \(3 attempts\)"):
        ask(Scripted(*failures, has_answered=False))


def test_a_lasting_failure_is_passed_on_at_once() -> None:
    model = Scripted(LanguageModelError("no key"), says("HEY"))
    with pytest.raises(LanguageModelError, match="no key"):
        ask(model)
    assert len(model.conversations) == 1
