"""Pretraining of a captioner: the captioning loss, and that a batch trains towers and decoder."""

from __future__ import annotations

import pytest
import torch
from lightning.pytorch import Trainer
from torch.nn import functional
from torch.utils.data import DataLoader

from zsar.lightning_modules.training.captioner_pretraining import CaptionerPretraining
from zsar.lightning_modules.training.image_text_pretraining import multi_positive_contrastive

CAPTIONS = ["a red circle", "a photo of a blue square on the left", "a red circle", "grey noise"]


@pytest.fixture
def frames() -> torch.Tensor:
    return torch.randint(0, 256, (4, 3, 32, 32), dtype=torch.uint8)


def loss_of(model: CaptionerPretraining, frames: torch.Tensor) -> torch.Tensor:
    model.log = lambda *_, **__: None  # type: ignore[method-assign]
    return model.training_step((frames, CAPTIONS), 0)


def test_a_captioner_adds_the_weighted_captioning_loss_of_the_first_captions(frames: torch.Tensor) -> None:
    model = CaptionerPretraining("tiny-coca", captioning_weight=3, captions_per_batch=2)
    clip, tokens = model.backbone.clip, model.backbone.tokenize(CAPTIONS)
    whole = clip(model.backbone.normalize_frames(frames), tokens)  # open_clip's own logits and labels
    words = functional.log_softmax(whole["logits"], dim=-1)
    picked = words.gather(2, whole["labels"][..., None])[..., 0]
    is_word = whole["labels"] != 0
    captioning = -picked[:2][is_word[:2]].mean()
    texts = whole["text_features"][[0, 1, 3]]
    contrastive = multi_positive_contrastive(
        model.backbone.logit_scale * whole["image_features"] @ texts.T, torch.tensor([0, 1, 0, 2])
    )
    torch.testing.assert_close(loss_of(model, frames), contrastive + 3 * captioning)


def test_gradients_reach_towers_and_decoder_of_a_captioner(frames: torch.Tensor) -> None:
    model = CaptionerPretraining("tiny-coca")
    loss_of(model, frames).backward()
    assert [name for name, parameter in model.named_parameters() if parameter.grad is None] == []
    projection_gradient = model.backbone.clip.text_decoder.text_projection.grad
    assert (projection_gradient.abs().sum(dim=0) > 0).all()  # every word of the vocabulary, seen or not


def test_the_projection_to_words_which_open_clip_leaves_to_chance_is_drawn() -> None:
    projection = CaptionerPretraining("tiny-coca").backbone.clip.text_decoder.text_projection
    assert projection.std().item() == pytest.approx(64**-0.5, rel=0.01)
    assert projection.mean().item() == pytest.approx(0, abs=1e-3)


@torch.no_grad()
def greedy_caption(model: CaptionerPretraining, frame: torch.Tensor, n_words: int) -> list[int]:
    tokens = [model.backbone.text.start_and_end_token[0]]
    normalized = model.backbone.normalize_frames(frame[None])
    for _ in range(n_words):
        logits = model.backbone.clip(normalized, torch.tensor([tokens]), output_labels=False)["logits"]
        tokens.append(int(logits[0, -1].argmax()))
    return tokens


def test_a_caption_begins_with_a_text_if_greedy_decoding_writes_it(frames: torch.Tensor) -> None:
    torch.manual_seed(0)
    model = CaptionerPretraining("tiny-coca")
    end = model.backbone.text.start_and_end_token[1]
    for index, frame in enumerate(frames):
        written = [*greedy_caption(model, frame, 4), end]
        other = [*written[:3], written[3] + 1, *written[4:]]
        for name, tokens in (("right", written), ("wrong", other)):
            model._tokens_of[f"{name} {index}"] = torch.tensor(tokens + [0] * (16 - len(tokens)))
    with torch.no_grad():
        begins = model._captions_begin_with(frames, ["right 0", "wrong 1", "wrong 2", "right 3"])
    assert begins.tolist() == [True, False, False, True]


def test_a_captioner_answers_both_kinds_of_questions_under_a_trainer(frames: torch.Tensor) -> None:
    model = CaptionerPretraining("tiny-coca")
    trainer = Trainer(
        max_epochs=1, accelerator="cpu", logger=False, enable_checkpointing=False, enable_progress_bar=False
    )
    trainer.fit(model, DataLoader([(frames, CAPTIONS)], batch_size=None))
    asked = [
        ("which", frames, [("one", "two")] * 4, torch.tensor([0, 1, 0, 1])),
        ("caption", frames, [("one",)] * 4, torch.zeros(4)),
    ]
    ((result),) = trainer.test(model, DataLoader(asked, batch_size=None), verbose=False)
    assert set(result) == {"which", "caption"}
    assert result["caption"] == 0


def test_a_model_that_cannot_write_is_no_captioner() -> None:
    with pytest.raises(ValueError, match=r"tiny-clip has no decoder .* take a CoCa such as tiny-coca"):
        CaptionerPretraining("tiny-clip")
