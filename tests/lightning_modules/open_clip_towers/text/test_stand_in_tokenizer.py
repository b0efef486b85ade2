"""The stand-in for a tokenizer that is not at hand."""

from pathlib import Path

import pytest

from tests.makers.models.changed_architectures import changed_config
from zsar.lightning_modules.open_clip_towers.open_clip_backbone import OpenClipBackbone
from zsar.lightning_modules.open_clip_towers.text.stand_in_tokenizer import StandInTokenizer, give_stand_in


def tokenizer(**changes: int) -> StandInTokenizer:
    settings = {"context_length": 6, "vocabulary_size": 100, "end": 99, "padding": 0, **changes}
    return StandInTokenizer(**settings)


def test_words_and_marks_then_the_end_then_padding() -> None:
    tokens = tokenizer()
    (row,) = tokens(["a dog, a"]).tolist()
    body = tokens.tokenizer("a dog, a", add_special_tokens=False).input_ids
    assert row == [*body, 99, 0]
    assert body[0] == body[3]
    assert len(set(body)) == 3


def test_the_same_word_is_the_same_number_after_others() -> None:
    tokens = tokenizer()
    alone = tokens.tokenizer("running", add_special_tokens=False).input_ids
    assert tokens.tokenizer("someone is running", add_special_tokens=False).input_ids[-1:] == alone


def test_a_long_text_keeps_its_end() -> None:
    (row,) = tokenizer(context_length=4)(["one two three four five"]).tolist()
    assert row[-1] == 99
    assert 0 not in row


@pytest.mark.parametrize("vocabulary_size", [4, 10, 49408])
def test_no_word_is_the_end_or_padding(vocabulary_size: int) -> None:
    tokens = tokenizer(vocabulary_size=vocabulary_size, end=2, padding=1)
    for word in map(str, range(200)):
        (number,) = tokens.tokenizer(word, add_special_tokens=False).input_ids
        assert 0 <= number < vocabulary_size
        assert number not in (1, 2)


def test_spaces_are_cleaned() -> None:
    assert tokenizer().clean_fn("  a \n b ") == "a b"


@pytest.mark.parametrize(("text_cfg", "end"), [({}, 499), ({"pool_type": "eos", "eos_id": 7}, 7)])
def test_the_end_is_where_the_tower_reads(tmp_path: Path, text_cfg: dict[str, object], end: int) -> None:
    path = changed_config(tmp_path / f"of{end}.json", text_cfg={"vocab_size": 500, **text_cfg})
    text = OpenClipBackbone(str(path), "random").text
    give_stand_in(text)
    (row,) = text.tokenize(["a dog"]).tolist()
    assert row[2] == end
    assert len(row) == 16
