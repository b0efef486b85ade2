from pathlib import Path

import pytest

from tests.makers.models.text_towers import text_backbone
from tests.makers.models.tiny_tokenizers import KINDS, model_config, stated_config, tokenizer_folder
from zsar.lightning_modules.open_clip_towers.open_clip_backbone import OpenClipBackbone
from zsar.lightning_modules.open_clip_towers.text.open_clip_tokens import OpenClipTokens, tokens_without_weights
from zsar.lightning_modules.open_clip_towers.weights.weight_files import BackboneError

PHRASES = ["a photo of a", "An action of", "a"]
TEXTS = ["playing guitar.", "a dog", "Surfing!", "man-made; walks, 2 x 3", "U.S. chess ...", "  one   two "]


def tokens_of(folder: Path, kind: str, **changes: object) -> OpenClipTokens:
    """The tokens of a model with a tokenizer of a kind, or of CLIP."""
    if kind == "clip":
        return OpenClipBackbone("tiny-clip", "random").text
    stated = {key: value for key, value in stated_config(kind).items() if key == "tokenizer_kwargs"}
    tower = {"pool_type": "last", "no_causal_mask": True, "vocab_size": 600, **stated, **changes}
    backbone = text_backbone(folder, "clip", hf_tokenizer_name=str(tokenizer_folder(folder, kind)), **tower)
    return backbone.text


@pytest.mark.parametrize("kind", ["clip", *KINDS])
def test_assembled_tokens_are_those_of_the_whole_text(kind: str, tmp_path: Path) -> None:
    tokens = tokens_of(tmp_path, kind, context_length=64)
    frame = tokens.frame
    for phrase in PHRASES:
        (of_phrase,) = tokens.tokens_between([phrase], reserved=2)
        fitting = [text for text in TEXTS if tokens.n_tokens(f"{phrase} {text}") <= tokens.context_length]
        assert len(fitting) > 3
        for text in fitting:
            (of_text,) = tokens.tokens_between([text], reserved=len(of_phrase), after=phrase)
            row = [*frame.before, *of_phrase, *of_text, *frame.after]
            row += [frame.padding] * (tokens.context_length - len(row))
            assert tokens.tokenize([f"{phrase} {text}"])[0].tolist() == row, (phrase, text)


@pytest.mark.parametrize("kind", ["clip", *KINDS])
def test_a_text_has_as_many_tokens_as_are_no_padding(kind: str, tmp_path: Path) -> None:
    tokens = tokens_of(tmp_path, kind)
    for text in ("playing guitar.", "a dog"):
        n_tokens = tokens.n_tokens(text)
        (body,) = tokens.tokens_between([text], reserved=0)
        assert n_tokens == len(body) + len(tokens.frame)
        row = tokens.tokenize([text])[0].tolist()
        assert row[: n_tokens - len(tokens.frame.after)] == [*tokens.frame.before, *body]
        assert set(row[n_tokens:]) <= {tokens.frame.padding}


def test_what_stands_around_a_text_is_that_of_the_kind(tmp_path: Path) -> None:
    frames = {kind: tokens_of(tmp_path, kind).frame for kind in ("clip", *KINDS)}
    assert {kind: (frame.before, frame.after, frame.padding) for kind, frame in frames.items()} == {
        "clip": ((49406,), (49407,), 0),
        "siglip": ((), (1,), 1),  # padded with its end token
        "siglip2": ((), (1,), 0),
        "clipa": ((2,), (0,), 0),  # its end token is replaced by padding
        "xlm_v": ((0,), (2,), 1),
        "mt5": ((), (1,), 0),
        "roberta": ((0,), (2,), 1),
        "nllb": ((4,), (2,), 1),  # a language before the text
    }
    assert {kind for kind, frame in frames.items() if not frame.keeps_marks} == {"siglip", "siglip2", "mt5"}


@pytest.mark.parametrize("kind", ["siglip2", "roberta"])
def test_some_words_are_other_tokens_at_the_beginning(kind: str, tmp_path: Path) -> None:
    tokens = tokens_of(tmp_path, kind)
    first, later, anywhere = (
        tokens.tokens_between(["playing"], reserved=0, after=words)[0] for words in ("", "a photo of a", None)
    )
    assert first != later == anywhere


def test_start_and_end_are_one_token_each_or_refused(tmp_path: Path) -> None:
    assert tokens_of(tmp_path, "clip").start_and_end_token == (49406, 49407)
    assert tokens_of(tmp_path, "roberta").start_and_end_token == (0, 2)
    with pytest.raises(
        BackboneError, match="puts 0 tokens before a text and 1 behind it, not a start and an end token"
    ):
        _ = tokens_of(tmp_path, "siglip").start_and_end_token


def test_texts_leave_room_for_other_tokens() -> None:
    text = OpenClipBackbone("tiny-clip", "random").text
    (tokens,) = text.tokens_between(["one two three"], reserved=4)
    start, end = text.start_and_end_token
    assert text.tokenize(["one two three"])[0, :5].tolist() == [start, *tokens, end]
    with pytest.raises(ValueError, match="but the model reads 3"):
        text.tokens_between(["one two three"], reserved=13)


def test_a_tokenizer_that_joins_words_is_refused_for_prompts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tokens = tokens_of(tmp_path, "clipa")
    _ = tokens.frame
    own = tokens._body
    monkeypatch.setattr(tokens, "_body", lambda text: [599] if text == "a dog runs" else own(text))
    with pytest.raises(BackboneError, match="reads 'a dog' differently before 'runs'; prompts cannot be assembled"):
        tokens.tokens_between(["runs"], reserved=0, after="a dog")


def test_rows_that_begin_with_padding_are_refused_for_prompts(tmp_path: Path) -> None:
    tokens = tokens_of(tmp_path, "xlm_v")
    tokens._tokenizer.tokenizer.padding_side = "left"
    with pytest.raises(BackboneError, match="does not write start, text, end and then padding; prompts cannot be"):
        _ = tokens.frame


def test_tokens_that_the_text_tower_does_not_know_are_named(tmp_path: Path) -> None:
    tokens = tokens_of(tmp_path, "siglip", vocab_size=10)
    message = r"writes the token \d+, but its text tower knows only 10; give the model's own as --tokenizer FOLDER"
    with pytest.raises(BackboneError, match=message):
        tokens.tokenize(["a dog"])
    with pytest.raises(BackboneError, match=message):
        tokens.tokens_between(["a dog"], reserved=0)


def test_captions_may_be_cut_anywhere_and_keep_their_end() -> None:
    backbone = OpenClipBackbone("tiny-clip", "random")
    with pytest.raises(ValueError, match="tokens"):
        backbone.tokenize(["word " * 30])
    tokens = backbone.text.tokenize(["word " * 30, "word"], cut_anywhere=True)
    assert tokens.shape == (2, 16)
    assert tokens[0, -1] == tokens[0].max() == tokens[1].max()  # the end-of-text token
    assert backbone.encode_text(tokens).isfinite().all()


def test_a_tokenizer_counts_as_the_model_does_before_there_are_weights() -> None:
    tokens, text = tokens_without_weights("tiny-clip"), OpenClipBackbone("tiny-clip", "random").text
    assert tokens is not None
    assert tokens.context_length == text.context_length
    assert tokens.n_tokens("two words") == text.n_tokens("two words") == 4
    assert tokens_without_weights("hf-hub:nobody/nothing") is None


def test_another_tokenizer_needs_no_weights_either(tmp_path: Path) -> None:
    config, folder = tmp_path / "other_tokenizer.json", tokenizer_folder(tmp_path, "siglip")
    model_config(config, **stated_config("siglip"))
    tokens = tokens_without_weights(str(config), tokenizer=str(folder))
    assert tokens is not None
    assert tokens.n_tokens("a dog") == OpenClipBackbone(str(config), "random", tokenizer=str(folder)).text.n_tokens(
        "a dog"
    )
