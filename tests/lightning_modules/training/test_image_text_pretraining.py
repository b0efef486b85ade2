"""Pretraining: the contrastive loss, and that a batch trains both towers."""

from __future__ import annotations

import math

import pytest
import torch
from lightning.pytorch import Trainer
from torch.utils.data import DataLoader

from zsar.lightning_modules.open_clip_towers.open_clip_backbone import OpenClipBackbone
from zsar.lightning_modules.training.image_text_pretraining import (
    ImageTextPretraining,
    fitted_bias,
    multi_positive_contrastive,
)

TINY = ("tiny-clip", "tiny-coca", "tiny-siglip", "tiny-pe", "tiny-eva")


@pytest.fixture
def frames() -> torch.Tensor:
    return torch.randint(0, 256, (4, 3, 32, 32), dtype=torch.uint8)


def test_equal_logits_give_the_logarithms_of_the_numbers_of_texts_and_images() -> None:
    loss = multi_positive_contrastive(torch.zeros(4, 2), torch.tensor([0, 0, 0, 1]))
    assert loss.shape == ()
    torch.testing.assert_close(loss, torch.tensor((math.log(2) + math.log(4)) / 2))


def test_the_loss_of_two_images_of_one_text_and_one_of_another_is_that_computed_by_hand() -> None:
    logits = torch.tensor([[1.0, 0.0], [2.0, 0.0], [0.0, 3.0]])
    e = math.exp
    image_to_text = (math.log(1 + e(-1)) + math.log(1 + e(-2)) + math.log(1 + e(-3))) / 3
    first_text = math.log(e(1) + e(2) + e(0)) - (1 + 2) / 2
    second_text = math.log(e(0) + e(0) + e(3)) - 3
    expected = torch.tensor((image_to_text + (first_text + second_text) / 2) / 2)
    torch.testing.assert_close(multi_positive_contrastive(logits, torch.tensor([0, 0, 1])), expected)


def test_the_loss_does_not_depend_on_the_order_of_images() -> None:
    logits, labels, order = torch.randn(6, 3), torch.tensor([0, 1, 2, 0, 1, 0]), torch.randperm(6)
    torch.testing.assert_close(
        multi_positive_contrastive(logits[order], labels[order]), multi_positive_contrastive(logits, labels)
    )


def test_repeated_captions_are_one_text(frames: torch.Tensor) -> None:
    model = ImageTextPretraining("tiny-clip")
    model.log = lambda *_, **__: None  # type: ignore[method-assign]
    loss = model.training_step((frames, ["a", "b", "a", "a"]), 0)
    logits = model.backbone.logit_scale * model._embed_frames(frames) @ model._embed_texts(["a", "b"]).T
    torch.testing.assert_close(loss, multi_positive_contrastive(logits, torch.tensor([0, 1, 0, 0])))


@pytest.mark.parametrize("architecture", TINY)
def test_gradients_reach_both_towers(frames: torch.Tensor, architecture: str) -> None:
    model = ImageTextPretraining(architecture)
    model.log = lambda *_, **__: None  # type: ignore[method-assign]
    model.training_step((frames, ["red", "green", "blue", "red"]), 0).backward()
    without = [name for name, parameter in model.named_parameters() if parameter.grad is None]
    assert [name for name in without if "decoder" not in name and not name.endswith("logit_bias")] == []


@pytest.mark.parametrize("architecture", TINY)
def test_the_positions_of_any_tower_start_larger(architecture: str) -> None:
    def positions(scale: float) -> torch.Tensor:
        torch.manual_seed(1)
        return ImageTextPretraining(architecture, position_embedding_scale=scale)._position_embedding

    torch.testing.assert_close(positions(3.0), 3 * positions(1.0))


@pytest.mark.parametrize("architecture", ["tiny-siglip", "tiny-pe", "tiny-eva"])
def test_a_tower_of_timm_starts_with_positions_and_weights_as_large_as_those_of_open_clip(architecture: str) -> None:
    model = ImageTextPretraining(architecture, position_embedding_scale=1)
    one_over_root = 96**-0.5
    assert float(model._position_embedding.std()) == pytest.approx(one_over_root, rel=0.1)
    trunk = model.backbone.clip.visual.trunk
    first = trunk.blocks[0].mlp
    weight = next(module for module in first.modules() if isinstance(module, torch.nn.Linear)).weight
    assert float(weight.std()) == pytest.approx(one_over_root, rel=0.1)
    if trunk.num_classes:
        assert float(trunk.head.weight.std()) == pytest.approx(one_over_root, rel=0.1)


def test_a_bias_is_fitted_to_the_share_of_pairs_that_match() -> None:
    """With equal logits each pair is as likely: 1 of 4 pairs matches for 4 texts, so that sigmoid(2 + b) = 1/4."""
    fitted = fitted_bias(torch.full((8, 4), 2.0), torch.arange(8) % 4)
    assert fitted == pytest.approx(math.log(1 / 3) - 2)


def test_a_fitted_bias_has_the_least_sigmoid_loss() -> None:
    logits, labels = 10 * torch.rand(6, 5), torch.tensor([0, 1, 2, 3, 4, 0])
    signs = 2 * torch.nn.functional.one_hot(labels, 5) - 1

    def loss(bias: float) -> float:
        return float(-torch.nn.functional.logsigmoid(signs * (logits.double() + bias)).sum())

    fitted = fitted_bias(logits, labels)
    assert loss(fitted) < min(loss(fitted - 0.01), loss(fitted + 0.01))


def test_the_bias_of_a_siglip_is_fitted_when_training_ends(frames: torch.Tensor) -> None:
    model = ImageTextPretraining("tiny-siglip")
    trainer = Trainer(
        max_epochs=1, accelerator="cpu", logger=False, enable_checkpointing=False, enable_progress_bar=False
    )
    trainer.fit(model, DataLoader([(frames, ["one", "two", "three", "one"])] * 2, batch_size=None))
    bias = model.backbone.logit_bias
    assert bias is not None
    assert float(bias) == pytest.approx(fitted_bias(model._last_logits, torch.tensor([0, 1, 2, 0])), abs=1e-5)
    assert float(bias) != -10


def test_embeddings_of_places_and_words_start_larger() -> None:
    torch.manual_seed(1)
    plain = OpenClipBackbone("tiny-clip", "random").clip
    torch.manual_seed(1)
    scaled = ImageTextPretraining("tiny-clip", position_embedding_scale=2, token_embedding_scale=5).backbone.clip
    torch.testing.assert_close(scaled.visual.positional_embedding, 2 * plain.visual.positional_embedding)
    torch.testing.assert_close(scaled.token_embedding.weight, 5 * plain.token_embedding.weight)


def test_training_and_questions_run_under_a_trainer(frames: torch.Tensor) -> None:
    model = ImageTextPretraining("tiny-clip", learning_rate=1e-2)
    before = model.backbone.weights_hash
    trainer = Trainer(
        max_epochs=1, accelerator="cpu", logger=False, enable_checkpointing=False, enable_progress_bar=False
    )
    trainer.fit(model, DataLoader([(frames, ["one", "two", "three", "one"])] * 4, batch_size=None))
    del model.backbone.__dict__["weights_hash"]
    assert model.backbone.weights_hash != before
    questions = ("which", frames, [("one", "two")] * 4, torch.tensor([0, 1, 0, 1]))
    ((result),) = trainer.test(model, DataLoader([questions], batch_size=None), verbose=False)
    assert set(result) == {"which"}
    assert 0 <= result["which"] <= 1


def test_an_answer_is_right_where_its_text_is_nearest() -> None:
    model = ImageTextPretraining("tiny-clip")
    embeddings = torch.eye(3, 64)
    model._embed_frames = lambda frames: embeddings[:2]  # type: ignore[method-assign]
    model._embed_texts = lambda texts: torch.stack([embeddings["abc".index(t)] for t in texts])  # type: ignore[method-assign]
    logged: dict[str, float] = {}
    model.log = lambda name, value, **_: logged.update({name: float(value)})  # type: ignore[method-assign]
    frames = torch.zeros(2, 3, 32, 32, dtype=torch.uint8)
    model.test_step(("letter", frames, [("c", "a"), ("b", "c")], torch.tensor([1, 1])), 0)
    assert logged == {"letter": 0.5}


def test_the_logit_scale_stays_within_its_limit() -> None:
    model = ImageTextPretraining("tiny-clip")
    with torch.no_grad():
        model.backbone.clip.logit_scale.fill_(7)
    model.on_train_batch_end()
    torch.testing.assert_close(model.backbone.logit_scale.detach(), torch.tensor(100.0), rtol=1e-4, atol=0)
