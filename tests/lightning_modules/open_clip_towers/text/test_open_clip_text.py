from pathlib import Path

import pytest
import torch

from tests.makers.models.text_towers import text_backbone
from zsar.lightning_modules.open_clip_towers.open_clip_backbone import OpenClipBackbone
from zsar.lightning_modules.open_clip_towers.weights.weight_files import BackboneError


def test_a_text_tower_of_transformers_reads_as_many_tokens_as_open_clips_tokenizer_gives(tmp_path: Path) -> None:
    stated = text_backbone(tmp_path, "mt5_encoder").text
    assert stated.context_length == 40
    assert text_backbone(tmp_path, "mt5_encoder", context_length=20).text.tokenize(["a dog"]).shape == (1, 20)


def test_the_parts_refer_to_the_weights_of_the_model() -> None:
    backbone = OpenClipBackbone("tiny-clip", "random")
    weight, bias = backbone.text.projection
    assert weight.data_ptr() == backbone.clip.text_projection.data_ptr()
    assert bias is None
    assert backbone.text.width == backbone.text.blocks[0].width == 64


@pytest.mark.parametrize("kind", ["siglip", "mobileclip_s", "first", "roberta", "padding_masked"])
def test_texts_share_no_beginning_where_tokens_see_later_ones(kind: str, tmp_path: Path) -> None:
    text = text_backbone(tmp_path, kind).text
    tokens = text.tokenize(["a dog"])
    x = text.embed_tokens(tokens)
    with pytest.raises(BackboneError, match="is not causal.*its texts cannot share a prefix"):
        text.encode_embedded(x[:, 1:], tokens, prefix=x[:, :1])


def test_several_texts_after_one_of_several_beginnings() -> None:
    torch.manual_seed(0)
    text = OpenClipBackbone("tiny-coca", "random").eval().text
    tokens = text.tokenize(["one two", "one three four"])
    n_needed = text.n_needed_tokens(tokens)
    x = text.embed_tokens(tokens)[:, :n_needed]
    prefix = torch.randn(3, 2, 64)
    whole = torch.cat([prefix[:, None].expand(-1, 2, -1, -1), x[None, :, 2:].expand(3, -1, -1, -1)], dim=2).flatten(
        0, 1
    )
    rows = tokens[:, :n_needed].repeat(3, 1)
    found = text.encode_embedded(x[:, 2:].repeat(3, 1, 1), rows, prefix=prefix)
    torch.testing.assert_close(found, text.encode_embedded(whole, rows), atol=1e-5, rtol=1e-5)
