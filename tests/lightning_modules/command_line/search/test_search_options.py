import pytest

from zsar.lightning_modules.command_line.search.search_options import COMMAND


def test_several_texts_follow_the_folder() -> None:
    parsed = COMMAND.parse(["folder", "a dog", "a cat", "--top-k", "3"])
    assert parsed.queries == ("a dog", "a cat")
    assert parsed.found.top_k == 3


def test_a_number_of_hits_is_at_least_one() -> None:
    with pytest.raises(ValueError, match="top_k must be at least 1; got 0"):
        COMMAND.parse(["folder", "a dog", "--top_k", "0"])
