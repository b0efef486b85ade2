"""What compares videos with class text needs no Trainer."""

import sys
from pathlib import Path
from typing import get_args
from unittest.mock import patch

import pytest
import torch
from torch.nn import functional

from tests.makers.models.biased_models import BIAS, SCALE, biased_clip
from tests.makers.models.text_towers import text_backbone
from zsar.datamodules.batch import ClassText, VideoBatch
from zsar.lightning_modules.open_clip_towers.clip_settings import ClipSettings
from zsar.lightning_modules.open_clip_towers.weights.weight_files import BackboneError
from zsar.lightning_modules.recognition import class_embeddings
from zsar.lightning_modules.recognition.scorers.token_rows import end_embeddings, token_embeddings
from zsar.lightning_modules.recognition.scoring import EmbeddedBatch, Scorer, Scoring
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


@torch.no_grad()
def test_embeddings_that_are_summed_keep_the_length_that_the_text_tower_gives_them(model: VideoTextModel) -> None:
    device = torch.device("cpu")
    normalized = model.class_embeddings.cached(TEXT.prompts, device)
    model.class_embeddings.forget()
    model.scoring = Scoring("mean_pooled_cosine", "embedding_sum")
    summed = model.class_embeddings.cached(TEXT.prompts, device)
    made = model.embed_text(model.backbone.tokenize([p for row in TEXT.prompts for p in row]))
    torch.testing.assert_close(summed, made.unflatten(0, (2, 2)))
    torch.testing.assert_close(model.prompt_embeddings(TEXT.prompts), normalized)  # maps and searches read cosines
    frames = torch.randn(1, 1, 4, 64)
    mean = functional.normalize(made.unflatten(0, (2, 2)).mean(dim=1), dim=-1)
    expected = model.backbone.logit_scale * functional.normalize(frames[:, 0].mean(dim=1), dim=-1) @ mean.T
    torch.testing.assert_close(model.score(frames, summed), expected)


@torch.no_grad()
def test_a_scorer_that_reads_tokens_gets_rows_that_begin_with_the_embeddings(model: VideoTextModel) -> None:
    plain = model.class_embeddings.cached(TEXT.prompts, torch.device("cpu"))
    model.class_embeddings.forget()
    model.scoring = Scoring("concept_spotting")
    rows = model.class_embeddings.cached(TEXT.prompts, torch.device("cpu"))
    assert rows.shape == (2, 2, (1 + 16) * 64)
    torch.testing.assert_close(end_embeddings(rows, 64), plain)
    torch.testing.assert_close(token_embeddings(rows, 64).norm(dim=-1), torch.ones(2, 2, 16))
    end = int(model.backbone.tokenize(["red one"]).argmax())
    torch.testing.assert_close(token_embeddings(rows, 64)[0, 0, end], plain[0, 0])


def test_a_text_tower_without_states_is_refused_when_the_model_is_built(tmp_path: Path) -> None:
    settings = ClipSettings("tiny-clip", "random")
    with patch.object(ClipSettings, "build", return_value=text_backbone(tmp_path, "roberta")):
        assert VideoTextModel(backbone=settings, scoring=Scoring("mean_frame_cosine")).scoring.scorer
        with pytest.raises(BackboneError, match=r"roberta.* has no states of its tokens to read \(concept_spotting\)"):
            VideoTextModel(backbone=settings, scoring=Scoring("concept_spotting"))


@pytest.mark.parametrize("is_terminal", [True, False])
def test_many_prompts_are_announced_on_a_terminal_alone(
    is_terminal: bool, model: VideoTextModel, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(class_embeddings, "MANY", 4)
    monkeypatch.setattr(sys.stderr, "isatty", lambda: is_terminal)
    model.class_embeddings.cached(TEXT.prompts, torch.device("cpu"))
    expected = "embedding class text: 4 prompts\n" if is_terminal else ""
    assert capsys.readouterr() == ("", expected)


def video(*shape: int) -> torch.Tensor:
    return torch.zeros(shape, dtype=torch.uint8)


@pytest.mark.parametrize(
    ("frames", "error", "said"),
    [
        (
            video(2, 1, 4, 3, 32, 32) / 255,
            TypeError,
            r"float32 \[2, 1, 4, 3, 32, 32\]: take \(frames \* 255\)",
        ),
        (video(2, 1, 4, 3, 32, 32).half(), TypeError, r"float16 .*: take \(frames \* 255\)\.round\(\)\.byte\(\)"),
        (video(2, 1, 4, 3, 32, 32).long(), TypeError, r"int64 .*: take frames.byte\(\)"),
        (video(2, 1, 4, 3, 32, 32).numpy(), TypeError, r"ndarray: convert them by torch.as_tensor"),
        (video(3, 32, 32), ValueError, r"uint8 \[3, 32, 32\]: take frames\[None, None, None\] of a single frame"),
        (video(4, 3, 32, 32), ValueError, r": take frames\[None, None\] of one view of one video"),
        (video(2, 4, 3, 32, 32), ValueError, r": take frames\[:, None\] of one view of each video"),
        (video(32, 32), ValueError, ": give six axes, not 2"),
        (video(2, 1, 4, 32, 32, 3), ValueError, r": move the channels by frames.movedim\(-1, -3\); or"),
        (video(4, 32, 32, 3) / 255, TypeError, r"byte\(\) .*, move the channels .*, take frames\[None, None\]"),
        (video(2, 1, 4, 1, 32, 32), ValueError, ": give 3 channels, not 1; or"),
        (video(2, 1, 4, 3, 32, 64), ValueError, ": resize and crop to 32 x 32 px"),
        (video(2, 1, 4, 3, 3, 3), ValueError, ": resize and crop to 32 x 32 px"),
    ],
)
def test_other_frames_are_an_error_that_says_what_is_wanted_and_how_to_get_it(
    frames: torch.Tensor, error: type[Exception], said: str, model: VideoTextModel
) -> None:
    wanted = r"^frames must be uint8 RGB \[B, V, T, 3, 32, 32\] .*, but are .*"
    for takes in (model.embed_views, lambda given: model(given, torch.zeros(2, 1, 16))):
        with pytest.raises(error, match=wanted + said) as raised:
            takes(frames)
        assert str(raised.value).endswith("; or use zsar.classify, which takes videos and frames of any size")
        assert "\n" not in str(raised.value)


def test_the_check_is_no_part_of_a_graph(model: VideoTextModel) -> None:
    class Embeds(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.model = model

        def forward(self, frames: torch.Tensor) -> torch.Tensor:
            return self.model.embed_views(frames)

    videos = torch.Generator().manual_seed(0)
    frames = torch.randint(256, (3, 1, 4, 3, 32, 32), dtype=torch.uint8, generator=videos)
    with torch.no_grad():
        exported = torch.export.export(Embeds(), (frames[:2],), dynamic_shapes=({0: torch.export.Dim("B")},))
        compiled = torch.compile(model.embed_views, backend="eager", fullgraph=True)
        expected = model.embed_views(frames)
        torch.testing.assert_close(exported.module()(frames), expected)
        torch.testing.assert_close(compiled(frames), expected)


def test_own_probabilities_are_the_sigmoid_of_open_clip_s_logits(tmp_path: Path, tiny_weights: Path) -> None:
    model = VideoTextModel(backbone=biased_clip(tmp_path, tiny_weights), scoring=Scoring()).eval()
    assert (float(model.backbone.logit_scale), float(model.backbone.logit_bias)) == (pytest.approx(SCALE), BIAS)
    clip, pictures = model.backbone.clip, torch.randint(256, (3, 3, 32, 32), dtype=torch.uint8)
    with torch.no_grad():
        classes = model.class_embeddings.cached((("red one",), ("green one",)), model.device)
        images = model.backbone.normalize_frames(pictures)
        of_pairs, _ = clip.get_logits(images, model.backbone.tokenize(["red one", "green one"]))  # with scale and bias
        embedded = EmbeddedBatch(model.embed_views(pictures[:, None, None]), (classes,))
        found = model.probabilities(embedded)
    torch.testing.assert_close(found.own, of_pairs.sigmoid(), atol=1e-6, rtol=1e-5)
    torch.testing.assert_close(found.relative, of_pairs.softmax(dim=1), atol=1e-6, rtol=1e-5)
    outputs = model.predict_embedded(embedded)
    assert list(outputs) == ["logits", "probabilities", "own_probabilities"]
    torch.testing.assert_close(outputs["own_probabilities"], found.own)


def test_without_a_bias_a_model_tells_no_own_probabilities(model: VideoTextModel) -> None:
    embedded = EmbeddedBatch(torch.randn(2, 1, 3, 64), (functional.normalize(torch.randn(4, 1, 64), dim=-1),))
    assert model.own_probabilities(embedded) is None
    assert model.probabilities(embedded).own is None
    assert list(model.predict_embedded(embedded)) == ["logits", "probabilities"]


def test_prompts_are_embedded_alike_whatever_the_scorer_reads_besides(tiny_weights: Path) -> None:
    prompts = (("run", "a person runs"), ("jump", "a person jumps"))
    made = []
    for scorer in get_args(Scorer):
        model = VideoTextModel(backbone=ClipSettings("tiny-clip", str(tiny_weights)), scoring=Scoring(scorer)).eval()
        made.append(model.prompt_embeddings(prompts))
        assert made[-1].shape == (2, 2, model.backbone.embedding_width)
        torch.testing.assert_close(made[-1].norm(dim=-1), torch.ones(2, 2))
    for other in made[1:]:
        torch.testing.assert_close(other, made[0])
