from typing import Any

import open_clip
import pytest
import torch

from zsar.lightning_modules.open_clip_towers.text.open_clip_text import OpenClipText
from zsar.lightning_modules.open_clip_towers.weights.weight_files import BackboneError

VISION = {"image_size": 32, "layers": 1, "width": 32, "head_width": 16, "patch_size": 16}
TEXT = {"context_length": 12, "vocab_size": 49408, "width": 32, "heads": 2, "layers": 2}


def made(**text: Any) -> tuple[Any, OpenClipText]:
    torch.manual_seed(0)
    clip: Any = open_clip.CustomTextCLIP(embed_dim=16, vision_cfg=VISION, text_cfg={**TEXT, **text})
    return clip.eval(), OpenClipText(clip, "ViT-B-32", "a test's model")


@pytest.mark.parametrize(
    ("text_cfg", "at_end"),
    [({}, True), ({"pool_type": "last", "no_causal_mask": True}, False), ({"pool_type": "last"}, False)],
)
def test_token_embeddings_give_what_tokens_give(text_cfg: dict[str, Any], at_end: bool) -> None:
    clip, text = made(**text_cfg)
    tokens = text.tokenize(["one two three", "one"])
    assert text.is_read_at_end == at_end
    ends = [text.reading_position(int(row.argmax())) for row in tokens]
    expected = clip.encode_text(tokens)
    found = text.encode_embedded(text.embed_tokens(tokens), torch.tensor(ends))
    torch.testing.assert_close(found, expected, atol=1e-5, rtol=0)
    if at_end:
        embedded = text.embed_tokens(tokens[:, :6])
        found = text.encode_embedded(embedded[:, 2:], torch.tensor(ends) - 2, prefix=embedded[:1, :2])
        torch.testing.assert_close(found, expected, atol=1e-5, rtol=0)


def test_a_tower_that_sees_what_comes_later_has_no_shared_prefix() -> None:
    _, text = made(pool_type="last", no_causal_mask=True)
    x = torch.randn(1, 4, 32)
    with pytest.raises(BackboneError, match="is not causal; its texts cannot share a prefix"):
        text.encode_embedded(x, torch.tensor([3]), prefix=torch.randn(1, 2, 32))


def test_coca_is_refused_for_learnable_tokens() -> None:
    _, text = made(embed_cls=True, pad_id=0)
    for use in (lambda: text.width, lambda: text.embed_tokens(torch.tensor([1]))):
        with pytest.raises(BackboneError, match=r"CoCa's has a class token.*learnable tokens need one such as"):
            use()


@pytest.mark.parametrize(
    "text_cfg",
    [
        {},
        {"proj_bias": True, "proj_type": "linear"},
        {"pool_type": "last", "no_causal_mask": True},
        {"embed_cls": True, "pad_id": 0},
    ],
)
@torch.no_grad()
def test_features_times_the_projection_are_the_embeddings(text_cfg: dict[str, Any]) -> None:
    clip, text = made(**text_cfg)
    tokens = text.tokenize(["one two three", "one"])
    features = text.features(tokens)
    weight, bias = text.projection
    assert features.shape == (2, 32)
    assert weight.shape == (32, 16)
    assert (bias is not None) == text_cfg.get("proj_bias", False)
    embedded = features @ weight if bias is None else features @ weight + bias
    torch.testing.assert_close(embedded, clip.encode_text(tokens), atol=1e-5, rtol=1e-4)


def test_a_tower_without_a_projection_is_refused() -> None:
    _, text = made(proj_type="none")
    with pytest.raises(BackboneError, match="has no projection to adapt; take a CLIP model such as"):
        text.projection  # noqa: B018 - a property that raises
