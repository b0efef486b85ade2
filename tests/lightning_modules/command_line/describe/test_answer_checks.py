import pytest

from zsar.datamodules.class_text.text_format import Kind
from zsar.lightning_modules.command_line.describe.answer_checks import (
    MOST_TOKENS,
    checked_text,
    cut_to_tokens,
    parsed_json,
    without_thoughts,
)
from zsar.lightning_modules.command_line.describe.retrying import BadAnswerError

TEN = "one two three four five six seven eight nine."  # nine words and a full stop: ten tokens


def test_a_text_is_cut_at_the_end_of_a_sentence_to_its_tokens() -> None:
    """30 tokens hold three sentences of ten; with one token more the last one goes."""
    assert cut_to_tokens(" ".join([TEN] * 3), 30) == " ".join([TEN] * 3)
    assert cut_to_tokens(" ".join([TEN] * 3), 29) == " ".join([TEN] * 2)
    assert cut_to_tokens(" ".join([TEN] * 9), 30) == " ".join([TEN] * 3)
    assert cut_to_tokens(f"{TEN} A half sentence", 12) == TEN


def test_a_first_sentence_that_does_not_fit_is_not_cut() -> None:
    long = TEN.removesuffix(".") + " and " + TEN
    with pytest.raises(BadAnswerError, match="its first sentence has 20 tokens, and at most 19 are allowed; write sh"):
        cut_to_tokens(long, 19)
    assert cut_to_tokens(long, 20) == long


def test_the_limits_are_those_of_the_papers() -> None:
    """AP-CLIP 30; T2L and DTS-TPT 77 with start and end, DTS-TPT with three tokens of context, too."""
    assert (MOST_TOKENS["action_prompts"], MOST_TOKENS["description"], MOST_TOKENS["explanation"]) == (30, 75, 72)


@pytest.mark.parametrize(("kind", "n"), [("action_prompts", 3), ("explanation", 7), ("direct", 7), ("customized", 5)])
def test_each_kind_is_cut_to_its_limit(kind: Kind, n: int) -> None:
    assert checked_text(" ".join([TEN] * 12), kind=kind, name="run") == " ".join([TEN] * n)


def test_json_is_read_fenced_or_not_and_thoughts_are_dropped() -> None:
    assert parsed_json('```json\n["a"]\n```') == parsed_json('["a"]') == ["a"]
    assert without_thoughts("<think>So.</think>\nHe runs.") == "He runs."
    with pytest.raises(BadAnswerError, match="it is not JSON alone"):
        parsed_json("Sure! []")
    with pytest.raises(BadAnswerError, match="it is empty"):
        without_thoughts("<think>So.</think>")
