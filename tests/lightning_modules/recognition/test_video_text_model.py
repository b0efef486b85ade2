"""What compares videos with class text needs no Trainer."""

import sys

import pytest
import torch
from torch.nn import functional

from zsar.datamodules.batch import ClassText, VideoBatch
from zsar.lightning_modules.open_clip_towers.clip_settings import ClipSettings
from zsar.lightning_modules.recognition import class_embeddings
from zsar.lightning_modules.recognition.scoring import Scoring
from zsar.lightning_modules.recognition.video_text_model import VideoTextModel

TEXT = ClassText("test", ("red", "green"), (("red one", "a red one"), ("green one", "a green one")), "test")


@pytest.fixture
def model() -> VideoTextModel:
    torch.manual_seed(0)
    scoring = Scoring("mean_pooled_cosine", "embedding")
    return VideoTextModel(backbone=ClipSettings("tiny-clip", "random"), scoring=scoring).eval()


def test_a_batch_is_scored_by_the_mean_frame_and_the_mean_prompt(model: VideoTextModel) -> None:
    rows = torch.arange(2)
    frames = torch.randint(256, (2, 1, 3, 3, 32, 32), dtype=torch.uint8)
    with torch.no_grad():
        embedded = model.embed(VideoBatch(frames, rows, rows, torch.zeros(2, dtype=torch.bool)), TEXT)
        logits = model.score_embedded(embedded)
        of_frames = model.backbone.encode_frames(model.backbone.normalize_frames(frames).flatten(0, 2))
        prompts = functional.normalize(
            model.embed_text(model.backbone.tokenize([p for row in TEXT.prompts for p in row])), dim=-1
        )
    videos = functional.normalize(of_frames.unflatten(0, (2, 3)).mean(dim=1), dim=-1)
    classes = functional.normalize(prompts.unflatten(0, (2, 2)).mean(dim=1), dim=-1)
    assert logits.shape == (2, 2)
    torch.testing.assert_close(logits, model.backbone.logit_scale.detach() * videos @ classes.T, atol=1e-4, rtol=1e-4)
    torch.testing.assert_close(logits, model(frames, embedded.class_texts[0]).detach())


@pytest.mark.parametrize("is_terminal", [True, False])
def test_many_prompts_are_announced_on_a_terminal_alone(
    is_terminal: bool, model: VideoTextModel, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(class_embeddings, "MANY", 4)
    monkeypatch.setattr(sys.stderr, "isatty", lambda: is_terminal)
    model.class_embeddings.cached(TEXT.prompts, torch.device("cpu"))
    expected = "embedding class text: 4 prompts\n" if is_terminal else ""
    assert capsys.readouterr() == ("", expected)
