from pathlib import Path

import pytest
import torch

from tests.makers.models.text_towers import text_backbone
from zsar.lightning_modules.open_clip_towers.blocks.tower_block import plain_block
from zsar.lightning_modules.open_clip_towers.text.transformer_tower import TransformerTower
from zsar.lightning_modules.open_clip_towers.weights.weight_files import BackboneError

TEXTS = ["one", "one two three"]  # 3 and 5 tokens with start and end


@pytest.mark.parametrize(
    ("kind", "n_needed"),
    [
        ("clip", [3, 5]),
        ("mobileclip_s", [40, 40]),  # padding is seen
        ("last", [40, 40]),
        ("coca", [4, 6]),  # its class token sees one token of padding
        ("coca_corrected", [3, 5]),
        ("padding_masked", [3, 5]),
        ("padding_masked_last", [40, 40]),
    ],
)
def test_a_tower_needs_the_tokens_that_it_sees(kind: str, n_needed: list[int], tmp_path: Path) -> None:
    tower = text_backbone(tmp_path, kind).text.tower
    tokens = text_backbone(tmp_path, kind).tokenize(TEXTS)
    assert tower.n_needed(tokens).tolist() == n_needed
    assert (tower.width, tower.n_layers, tower.vocabulary, tower.context_length) == (32, 2, 49408, 40)


def test_the_class_token_of_coca_sees_what_open_clip_lets_it_see(tmp_path: Path) -> None:
    """By hand: a text of 3 tokens and 2 of padding, then the class token."""
    tokens = torch.tensor([[5, 7, 9, 0, 0]])
    shifted = text_backbone(tmp_path, "coca").text.tower
    corrected = text_backbone(tmp_path, "coca_corrected").text.tower
    assert isinstance(shifted, TransformerTower)
    assert isinstance(corrected, TransformerTower)
    seen = [tower._mask(tokens, 0)[0, 0, -1] == 0 for tower in (shifted, corrected)]  # type: ignore[index]
    assert seen[0].tolist() == [True, True, True, True, False, False]
    assert seen[1].tolist() == [True, True, True, False, False, True]


def test_a_text_that_fills_the_context_of_coca_is_embedded_whole(tmp_path: Path) -> None:
    backbone = text_backbone(tmp_path, "coca", context_length=6)
    tokens = backbone.tokenize(["one two three four", "one"])
    assert backbone.text.tower.n_needed(tokens).tolist() == [6, 4]
    with torch.no_grad():
        expected = backbone.clip.encode_text(tokens, normalize=False)
        for run in (None, plain_block):
            torch.testing.assert_close(backbone.encode_text(tokens, run), expected, atol=1e-5, rtol=1e-5)


def test_other_blocks_are_run_as_a_whole_and_refused_one_by_one(tmp_path: Path) -> None:
    backbone = text_backbone(tmp_path, "clip", qk_norm=True)
    tokens = backbone.tokenize(TEXTS)
    with torch.no_grad():
        torch.testing.assert_close(backbone.encode_text(tokens), backbone.clip.encode_text(tokens), atol=1e-5, rtol=0)
    with pytest.raises(BackboneError, match="the text blocks of .*clip_.* are CustomResidualAttentionBlock"):
        backbone.encode_text(tokens, plain_block)


def test_a_tower_that_pools_no_position_is_refused_when_it_is_built(tmp_path: Path) -> None:
    with pytest.raises(BackboneError, match=r"pools by 'none', not by one position \(argmax, eos, first, last\)"):
        text_backbone(tmp_path, "clip", pool_type="none")


def test_a_tower_without_a_projection_has_the_identity(tmp_path: Path) -> None:
    weight, bias = text_backbone(tmp_path, "siglip2").text.projection
    assert torch.equal(weight, torch.eye(16))
    assert bias is None
