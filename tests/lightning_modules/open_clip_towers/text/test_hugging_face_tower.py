from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from tests.makers.models.text_towers import OF_TRANSFORMERS, text_backbone
from zsar.lightning_modules.open_clip_towers.blocks.tower_block import plain_block
from zsar.lightning_modules.open_clip_towers.weights.weight_files import BackboneError

CLASSES = {
    "roberta": "RobertaModel",
    "xlm_roberta": "XLMRobertaModel",
    "mt5_encoder": "MT5Stack",
    "m2m_100": "M2M100Encoder",
}


@pytest.mark.parametrize("kind", OF_TRANSFORMERS)
def test_methods_that_work_inside_the_blocks_are_refused_by_name(kind: str, tmp_path: Path) -> None:
    backbone = text_backbone(tmp_path, kind)
    tokens = backbone.tokenize(["a dog"])
    message = rf"is a {CLASSES[kind]} of the package transformers, whose blocks cannot be run one by one; .*adapters"
    x = backbone.text.embed_tokens(tokens)
    for use in (
        lambda: backbone.text.blocks,
        lambda: backbone.encode_text(tokens, plain_block),
        lambda: backbone.text.encode_embedded(x, tokens, block_forward=plain_block),
    ):
        with pytest.raises(BackboneError, match=message):
            use()
    assert backbone.text.tower.n_layers == 2


@pytest.mark.parametrize("kind", OF_TRANSFORMERS)
def test_padding_is_cut_and_would_not_be_seen(kind: str, tmp_path: Path) -> None:
    backbone = text_backbone(tmp_path, kind)
    tokens = backbone.tokenize(["a dog", "a dog jumps"])
    is_padding = tokens == backbone.text.frame.padding
    assert backbone.text.tower.n_needed(tokens).tolist() == (~is_padding).sum(dim=1).tolist()


def test_a_tower_that_takes_only_tokens_is_refused_for_learnable_ones(tmp_path: Path) -> None:
    class TokensOnly(nn.Module):
        def get_input_embeddings(self) -> nn.Module:
            return nn.Embedding(600, 32)

        def forward(self, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
            return input_ids

    backbone = text_backbone(tmp_path, "roberta")
    backbone.clip.text.transformer = TokensOnly()
    with pytest.raises(BackboneError, match="is a TokensOnly of .* takes tokens but no token embeddings; learnable"):
        backbone.text.embed_tokens(torch.tensor([1]))


def test_the_last_layer_of_a_longer_projection_can_be_adapted(tmp_path: Path) -> None:
    backbone = text_backbone(tmp_path, "roberta", hf_proj_type="mlp")
    tokens = backbone.tokenize(["a dog"])
    weight, bias = backbone.text.projection
    with torch.no_grad():
        features = backbone.text.features(tokens)
        assert features.shape == (1, 24)  # halfway between 32 and 16
        assert bias is None
        torch.testing.assert_close(features @ weight, backbone.encode_text(tokens), atol=1e-5, rtol=1e-5)
