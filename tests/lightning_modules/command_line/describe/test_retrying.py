import pytest

from zsar.lightning_modules.command_line.describe.language_model import (
    BadReplyError,
    LanguageModel,
    LanguageModelError,
    Reply,
    TemporaryFailureError,
)
from zsar.lightning_modules.command_line.describe.retrying import (
    BadAnswerError,
    UnansweredError,
    ask_until_accepted,
)


class Scripted(LanguageModel):
    """Answers what it was told to, without a server."""

    def __init__(self, *script: Reply | Exception, has_answered: bool = True) -> None:
        self.script = list(script)
        self.has_answered = has_answered
        self.conversations: list[list[dict[str, str]]] = []
        self.allowed: list[int] = []

    def ask(self, messages: list[dict[str, str]], *, max_requests: int = 1) -> Reply:
        self.conversations.append(messages)
        self.allowed.append(max_requests)
        step = self.script.pop(0)
        if isinstance(step, Exception):
            raise step
        return step


def accept_capitals(answer: str) -> str:
    if not answer.isupper():
        raise BadAnswerError("it is not in capitals")
    return answer


def says(text: str, truncated: bool = False, n_requests: int = 1) -> Reply:
    return Reply(text, truncated, n_requests)


def ask(model: LanguageModel, max_requests: int = 3) -> tuple[str, list[str]]:
    notes: list[str] = []
    return ask_until_accepted(model, "Shout.", accept_capitals, max_requests=max_requests, note=notes.append), notes


def test_a_good_answer_is_taken_at_once() -> None:
    model = Scripted(says("HEY"))
    assert ask(model) == ("HEY", [])
    assert model.conversations == [[{"role": "user", "content": "Shout."}]]


def test_a_bad_answer_is_sent_back_with_what_is_wrong_and_only_the_last_one() -> None:
    model = Scripted(says("hey"), says("ho"), says("HEY"))
    answer, notes = ask(model)
    assert answer == "HEY"
    assert notes == ["the answer was rejected: it is not in capitals"] * 2
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
        ask(Scripted(says("HEY", truncated=True)), max_requests=1)


def test_bad_answers_and_requests_that_fail_share_the_attempts() -> None:
    model = Scripted(says("hey", n_requests=2), BadReplyError("no JSON"), says("ho", n_requests=3))
    with pytest.raises(UnansweredError, match=r"not in capitals \(6 attempts\)"):
        ask(model, max_requests=6)
    assert model.allowed == [6, 4, 3]
    assert model.script == []


def test_a_class_that_no_request_is_answered_for_fails_alone() -> None:
    with pytest.raises(UnansweredError, match=r"busy again \(3 attempts\)"):
        ask(Scripted(says("hey"), TemporaryFailureError("busy again")))


def test_a_server_that_never_answered_stops_the_run() -> None:
    with pytest.raises(LanguageModelError, match=r"no connection \(3 attempts\)"):
        ask(Scripted(TemporaryFailureError("no connection"), has_answered=False))


def test_a_lasting_failure_is_passed_on_at_once() -> None:
    model = Scripted(LanguageModelError("no key"), says("HEY"))
    with pytest.raises(LanguageModelError, match="no key"):
        ask(model)
    assert len(model.conversations) == 1
