import itertools

import pytest

from zsar.lightning_modules.open_clip_towers.text.token_limit import cut_at_sentence_end, sentence_ends


def n_words(text: str) -> int:
    return len(text.split())


def sentences(text: str) -> list[str]:
    starts = [0, *sentence_ends(text)]
    return [text[a:b].strip() for a, b in itertools.pairwise(starts)]


def test_a_text_that_fits_is_returned_as_it_is() -> None:
    text = "  One two.  Three four.  "
    assert cut_at_sentence_end(text, 4, n_words) == text


def test_as_few_sentences_as_possible_are_dropped() -> None:
    text = "One two. Three four! Five six? Seven eight."
    assert cut_at_sentence_end(text, 7, n_words) == "One two. Three four! Five six?"
    assert cut_at_sentence_end(text, 6, n_words) == "One two. Three four! Five six?"
    assert cut_at_sentence_end(text, 5, n_words) == "One two. Three four!"
    assert cut_at_sentence_end(text, 2, n_words) == "One two."


def test_words_behind_the_last_full_stop_are_a_sentence_of_their_own() -> None:
    assert cut_at_sentence_end("One two. three four five", 4, n_words) == "One two."


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("He is in the U.S. and runs. He stops.", ["He is in the U.S. and runs.", "He stops."]),
        ("Tools, e.g. a saw, i.e. a blade. Wood.", ["Tools, e.g. a saw, i.e. a blade.", "Wood."]),
        ("Tools (e.g. a saw). Wood.", ["Tools (e.g. a saw).", "Wood."]),
        ("Balls, bats, etc. lie about. Done.", ["Balls, bats, etc. lie about.", "Done."]),
        ("A jump of 2.5 m. It ends.", ["A jump of 2.5 m. It ends."]),  # "m." may be an initial: rather not cut
        ("Runs 3.5 metres. Stops.", ["Runs 3.5 metres.", "Stops."]),
        ("J. R. Smith swims... Then rests.", ["J. R. Smith swims...", "Then rests."]),
        ('She shouts "Go!" Then she (slowly) runs.', ['She shouts "Go!"', "Then she (slowly) runs."]),
        ("Why?! Because", ["Why?!", "Because"]),
        ("no mark at all", ["no mark at all"]),
        ("One.\n\nTwo.  ", ["One.", "Two."]),
        ("   ", []),
    ],
)
def test_sentences_end_where_a_reader_would_say(text: str, expected: list[str]) -> None:
    assert sentences(text) == expected


@pytest.mark.parametrize("text", ["One two three four. Five.", "One two e.g. three four"])
def test_a_first_sentence_that_does_not_fit_is_refused_with_the_numbers(text: str) -> None:
    with pytest.raises(
        ValueError, match=rf"the text '{text}' has 5 tokens and its first sentence has [45], .* reads 3;"
    ):
        cut_at_sentence_end(text, 3, n_words)
