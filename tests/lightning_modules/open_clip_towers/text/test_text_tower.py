"""The contract of text towers, over every kind that open_clip builds."""

from pathlib import Path

import pytest
import torch
from torch import Tensor

from tests.makers.models.text_towers import ALL, OF_TRANSFORMERS, WITH_OWN_BLOCKS, text_backbone
from zsar.lightning_modules.open_clip_towers.blocks.tower_block import TowerBlock, plain_block
from zsar.lightning_modules.open_clip_towers.open_clip_backbone import OpenClipBackbone
from zsar.lightning_modules.open_clip_towers.weights.weight_files import BackboneError

TEXTS = ["a photo of a person playing guitar.", "a photo of a dog", "a photo of a horse!! running", "surfing"]


def apart(layer: int, block: TowerBlock, x: Tensor, mask: Tensor | None, prefix: Tensor | None = None) -> Tensor:
    """The halves of a block one after the other, as adapters run them."""
    x = x + block.attend(x, mask, prefix=prefix)
    return x + block.feed_forward(x)


def prompts(backbone: OpenClipBackbone) -> tuple[Tensor, Tensor]:
    """Tokens of texts with a common beginning, and the embeddings of their whole rows by open_clip's own forward."""
    tokens = backbone.tokenize(TEXTS[:3])
    return tokens, backbone.clip.encode_text(tokens, normalize=False)


@pytest.mark.parametrize("kind", ALL)
@torch.no_grad()
def test_cut_texts_have_the_embeddings_of_whole_ones(kind: str, tmp_path: Path) -> None:
    backbone = text_backbone(tmp_path, kind)
    tokens = backbone.tokenize(TEXTS)
    whole = backbone.clip.encode_text(tokens, normalize=False)
    assert whole.shape == (4, 16)
    assert (whole[0] - whole[1]).abs().max() > 1e-2
    torch.testing.assert_close(backbone.encode_text(tokens), whole, atol=1e-5, rtol=1e-5)
    for row, expected in zip(tokens, whole, strict=True):  # each cut to its own length
        torch.testing.assert_close(backbone.encode_text(row[None])[0], expected, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("kind", [kind for kind in ALL if kind != "padding_masked_last"])  # reads a last, lonely token
@torch.no_grad()
def test_what_is_cut_off_could_be_anything_and_what_is_kept_could_not(kind: str, tmp_path: Path) -> None:
    backbone = text_backbone(tmp_path, kind)
    tokens = backbone.tokenize([TEXTS[1]])
    tower, n_needed = backbone.text.tower, backbone.text.n_needed_tokens(tokens)
    x = tower.embed(tokens)
    expected = tower.encode_embedded(x[:, :n_needed], tokens[:, :n_needed])
    change = torch.linspace(-1, 1, x.shape[-1])  # not a constant, which layer norms remove
    changed = x.clone()
    changed[:, n_needed:] += change
    torch.testing.assert_close(tower.encode_embedded(changed, tokens), expected, atol=1e-5, rtol=1e-5)
    for position in range(n_needed):
        changed = x.clone()
        changed[:, position] += change
        difference = (tower.encode_embedded(changed, tokens) - expected).abs().max()
        assert difference > 1e-5, position


@pytest.mark.parametrize("kind", WITH_OWN_BLOCKS)
@pytest.mark.parametrize("block_forward", [plain_block, apart])
@torch.no_grad()
def test_block_by_block_is_the_towers_own_forward(kind: str, block_forward: object, tmp_path: Path) -> None:
    backbone = text_backbone(tmp_path, kind)
    tokens = backbone.tokenize(TEXTS)
    found = backbone.encode_text(tokens, block_forward)  # type: ignore[arg-type]
    torch.testing.assert_close(found, backbone.clip.encode_text(tokens, normalize=False), atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("kind", ALL)
@torch.no_grad()
def test_token_embeddings_give_what_tokens_give_with_and_without_a_shared_prefix(kind: str, tmp_path: Path) -> None:
    backbone = text_backbone(tmp_path, kind)
    text, (tokens, whole) = backbone.text, prompts(backbone)
    tokens = tokens[:, : text.n_needed_tokens(tokens)]
    x = text.embed_tokens(tokens)
    torch.testing.assert_close(text.encode_embedded(x, tokens), whole, atol=1e-5, rtol=1e-5)
    if text.shares_beginnings:
        n_shared = len(text.frame.before) + 2
        assert (tokens[:, :n_shared] == tokens[:1, :n_shared]).all()
        for run in (None, plain_block, apart):
            found = text.encode_embedded(x[:, n_shared:], tokens, prefix=x[:1, :n_shared], block_forward=run)
            torch.testing.assert_close(found, whole, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("kind", ALL)
@torch.no_grad()
def test_a_learnable_token_is_neither_padding_nor_an_end(kind: str, tmp_path: Path) -> None:
    backbone = text_backbone(tmp_path, kind)
    text, (tokens, whole) = backbone.text, prompts(backbone)
    learnable = tokens.clone()
    learnable[:, len(text.frame.before)] = -1
    torch.testing.assert_close(text.encode_embedded(text.embed_tokens(tokens), learnable), whole, atol=1e-5, rtol=1e-5)
    assert text.n_needed_tokens(learnable) == text.n_needed_tokens(tokens)


@pytest.mark.parametrize("kind", ALL)
@torch.no_grad()
def test_features_times_the_projection_are_the_embeddings(kind: str, tmp_path: Path) -> None:
    backbone = text_backbone(tmp_path, kind)
    tokens = backbone.tokenize(TEXTS)
    features, (weight, bias) = backbone.text.features(tokens), backbone.text.projection
    assert features.shape == (4, len(weight))
    embedded = features @ weight if bias is None else features @ weight + bias
    torch.testing.assert_close(embedded, backbone.clip.encode_text(tokens, normalize=False), atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("kind", ALL)
def test_recomputed_towers_have_the_same_gradients(kind: str, tmp_path: Path) -> None:
    backbone = text_backbone(tmp_path, kind)
    tokens = backbone.tokenize(TEXTS)
    gradients = []
    for checkpointing in (False, True):
        backbone.clip.requires_grad_(True).zero_grad()
        backbone.text.encode(tokens, checkpointing=checkpointing).square().sum().backward()
        gradients.append({name: p.grad.clone() for name, p in backbone.clip.named_parameters() if p.grad is not None})
    assert len(gradients[0]) > 20
    torch.testing.assert_close(gradients[0], gradients[1], atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize("kind", WITH_OWN_BLOCKS)
@torch.no_grad()
def test_all_positions_of_whole_texts_are_kept(kind: str, tmp_path: Path) -> None:
    backbone = text_backbone(tmp_path, kind)
    text, (tokens, whole) = backbone.text, prompts(backbone)
    found = text.encode_tokens(tokens)
    assert found.shape == (3, 1 + 40, 16)
    torch.testing.assert_close(found[:, 0], whole, atol=1e-5, rtol=1e-5)
    backbone.clip.text.output_tokens = True  # open_clip's own states; those of CoCa before the last norm
    states = backbone.clip.text(tokens)[1]
    states = text.tower.project(backbone.clip.text.ln_final(states) if kind.startswith("coca") else states)
    torch.testing.assert_close(found[:, 1:], states, atol=1e-5, rtol=1e-5)
    x, n_shared = text.embed_tokens(tokens), len(text.frame.before) + 2
    for run in (None, plain_block, apart):
        again = text.encode_embedded_tokens(x, tokens, block_forward=run)
        torch.testing.assert_close(again, found, atol=1e-5, rtol=1e-5)
    other = tokens.clone()
    other[:, 20:] = 7  # no padding
    difference = (text.encode_tokens(other) - found).abs().amax(dim=(0, 2))[1:]
    assert difference[20:].min() > 1e-3  # padding is read
    if text.shares_beginnings:
        assert difference[:20].max() < 1e-5
        for run in (None, plain_block, apart):
            after = text.encode_embedded_tokens(x[:, n_shared:], tokens, prefix=x[:1, :n_shared], block_forward=run)
            torch.testing.assert_close(after, found, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("kind", OF_TRANSFORMERS)
def test_a_tower_without_states_to_read_is_refused_by_name(kind: str, tmp_path: Path) -> None:
    text = text_backbone(tmp_path, kind).text
    tokens = text.tokenize(["a dog"])
    x = text.embed_tokens(tokens)
    for read in (
        text.tower.check_states,
        lambda: text.encode_tokens(tokens),
        lambda: text.encode_embedded_tokens(x, tokens),
    ):
        message = (
            rf"the text tower of .*{kind}.* has no states of its tokens to read \(concept_spotting\); take a model"
        )
        with pytest.raises(BackboneError, match=message):
            read()


def test_states_of_positions_are_recomputed_with_the_same_gradients(tmp_path: Path) -> None:
    backbone = text_backbone(tmp_path, "coca")
    tokens = backbone.tokenize(TEXTS)
    gradients = []
    for checkpointing in (False, True):
        backbone.clip.requires_grad_(True).zero_grad()
        backbone.text.encode_tokens(tokens, checkpointing=checkpointing).square().sum().backward()
        gradients.append({name: p.grad.clone() for name, p in backbone.clip.named_parameters() if p.grad is not None})
    assert len(gradients[0]) > 20
    torch.testing.assert_close(gradients[0], gradients[1], atol=1e-3, rtol=1e-4)


def test_kinds_differ_in_what_they_share(tmp_path: Path) -> None:
    shared = {kind for kind in ALL if text_backbone(tmp_path, kind).text.shares_beginnings}
    assert shared == {"clip", "last", "xlm_v", "mt5", "coca", "coca_corrected"}
    assert not shared & set(OF_TRANSFORMERS)
