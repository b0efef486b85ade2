import pytest
import torch
from torch.testing import assert_close

from zsar.lightning_modules.open_clip_towers.attention.attention_record import AttentionRecord, TokenLayout
from zsar.lightning_modules.open_clip_towers.open_clip_backbone import OpenClipBackbone
from zsar.lightning_modules.open_clip_towers.weights.weight_files import BackboneError

FRAMES = torch.randn(2, 3, 32, 32)


def test_embeddings_are_the_same_when_observed_and_nothing_is_left_changed() -> None:
    backbone = OpenClipBackbone("tiny-clip", "random").eval()
    parts = dict(backbone.named_modules())
    before = {name: (tensor.data_ptr(), tensor._version) for name, tensor in backbone.state_dict().items()}
    with torch.no_grad():
        plain = backbone.encode_frames(FRAMES)
        with backbone.observed_attention():
            assert_close(backbone.encode_frames(FRAMES), plain)
        assert_close(backbone.encode_frames(FRAMES), plain, atol=0, rtol=0)
    assert dict(backbone.named_modules()) == parts
    assert {name: (t.data_ptr(), t._version) for name, t in backbone.state_dict().items()} == before
    assert not any(module._forward_hooks or module._forward_pre_hooks for module in backbone.modules())


def test_an_error_within_ends_the_observation() -> None:
    backbone = OpenClipBackbone("tiny-clip", "random").eval()
    with pytest.raises(KeyError), backbone.observed_attention():
        raise KeyError("something else")
    with torch.no_grad(), backbone.observed_attention() as record:
        backbone.encode_frames(FRAMES)
    assert len(record.layers) == 3


def test_passes_are_not_mixed() -> None:
    backbone = OpenClipBackbone("tiny-clip", "random").eval()
    with torch.no_grad(), backbone.observed_attention():
        backbone.encode_frames(FRAMES)
        with pytest.raises(RuntimeError, match="embedded twice"):
            backbone.encode_frames(FRAMES)
        with pytest.raises(RuntimeError, match="observed already"), backbone.observed_attention():
            pass


def test_without_frames_there_is_nothing_to_show() -> None:
    backbone = OpenClipBackbone("tiny-clip", "random")
    with backbone.observed_attention() as record:
        pass
    with pytest.raises(RuntimeError, match="embed frames within"):
        record.of_pooled_token()


def test_a_frozen_tower_has_gradients_where_they_are_asked_for() -> None:
    backbone = OpenClipBackbone("tiny-clip", "random").eval().requires_grad_(False)
    with backbone.observed_attention() as record:
        assert not backbone.encode_frames(FRAMES).requires_grad
    with backbone.observed_attention(gradient=True) as record:
        score = backbone.encode_frames(FRAMES).sum()
    gradients = torch.autograd.grad(score, record.layers)
    assert all(gradient.abs().max() > 0 for gradient in gradients)
    assert all(parameter.grad is None for parameter in backbone.parameters())


def test_with_gradient_checkpointing_each_layer_is_noted_once() -> None:
    backbone = OpenClipBackbone("tiny-clip", "random", gradient_checkpointing=True).eval()
    with backbone.observed_attention(gradient=True) as record:
        backbone.encode_frames(FRAMES).sum().backward()
    assert len(record.layers) == 3


def test_attention_that_is_not_between_all_tokens_is_named() -> None:
    record = AttentionRecord(gradient=False)
    record.add(0, torch.full((8, 1, 4, 4), 0.25), "tokens")
    with pytest.raises(BackboneError, match=r"layer 0 is 4 x 4, but a frame has 17 tokens, so that there is no map"):
        record.finish(TokenLayout(1, 0, (4, 4), "token"))


def test_the_layout_says_which_tokens_are_pooled() -> None:
    assert TokenLayout(1, 4, (2, 3), "token").n_tokens == 11
    assert TokenLayout(1, 4, (2, 3), "token").pooled_rows == slice(0, 1)
    assert TokenLayout(1, 4, (2, 3), "average").pooled_rows == slice(5, 11)
    assert TokenLayout(1, 4, (2, 3), "attention", pools_all=True).pooled_rows == slice(0, 11)
