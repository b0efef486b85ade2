from typing import Any

import open_clip
import pytest
import torch
from torch import nn

from zsar.lightning_modules.open_clip_towers.open_clip_backbone import OpenClipBackbone
from zsar.lightning_modules.open_clip_towers.text.open_clip_text import OpenClipText
from zsar.lightning_modules.open_clip_towers.text.open_clip_tokens import tokens_without_weights
from zsar.lightning_modules.open_clip_towers.weights.weight_files import BackboneError

VISION = {"image_size": 32, "layers": 1, "width": 32, "head_width": 16, "patch_size": 16}
TEXT = {"context_length": 12, "vocab_size": 49408, "width": 32, "heads": 2, "layers": 2}


def made(**text: Any) -> tuple[Any, OpenClipText]:
    torch.manual_seed(0)
    clip: Any = open_clip.CustomTextCLIP(embed_dim=16, vision_cfg=VISION, text_cfg={**TEXT, **text})
    return clip.eval(), OpenClipText(clip, "ViT-B-32", "a test's model")


def test_tokens_without_start_and_end_leave_room_for_others() -> None:
    _, text = made()
    (tokens,) = text.tokens_between(["one two three"], reserved=4)
    start, end = text.start_and_end_token
    whole = text.tokenize(["one two three"])[0]
    assert whole[:5].tolist() == [start, *tokens, end]
    with pytest.raises(ValueError, match="but the model reads 3"):
        text.tokens_between(["one two three"], reserved=9)


def test_another_tokenizer_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    _, text = made()
    text.__dict__["_tokenizer"] = nn.Module()
    with pytest.raises(BackboneError, match="by token for CLIP's own tokenizer only"):
        text.tokens_between(["one"], reserved=0)


def test_captions_may_be_cut_anywhere_and_keep_their_end() -> None:
    clip, text = made()
    with pytest.raises(ValueError, match="tokens"):
        text.tokenize(["word " * 30])
    tokens = text.tokenize(["word " * 30, "word"], cut_anywhere=True)
    assert tokens.shape == (2, 12)
    assert tokens[0, -1] == tokens[0].max() == tokens[1].max()  # the end-of-text token
    assert clip.encode_text(tokens).isfinite().all()


def test_a_tokenizer_counts_as_the_model_does_before_there_are_weights() -> None:
    tokens, text = tokens_without_weights("tiny-clip"), OpenClipBackbone("tiny-clip", "random").text
    assert tokens is not None
    assert tokens.context_length == text.context_length
    assert tokens.n_tokens("two words") == text.n_tokens("two words") == 4
    assert tokens_without_weights("hf-hub:nobody/nothing") is None
