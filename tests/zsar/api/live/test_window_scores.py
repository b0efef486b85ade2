"""Scores of windows are those of the model, whichever frames were seen before."""

from pathlib import Path

import pytest
import torch
from torch import Tensor

from zsar.api.live.window_scores import WindowScores
from zsar.datamodules.class_text.templates import fill_templates
from zsar.datamodules.video_files.live import LiveWindow
from zsar.lightning_modules.open_clip_towers.clip_settings import TrainedClipSettings
from zsar.lightning_modules.recognition.recognizer import ActionRecognizer
from zsar.lightning_modules.t2l.t2l import T2L

TEXT = fill_templates("test", ["surfing", "diving", "running"], "video")


@pytest.fixture(params=["frozen CLIP", "T2L"])
def recognizer(request: pytest.FixtureRequest, model: ActionRecognizer, tiny_weights: Path) -> ActionRecognizer:
    if request.param == "frozen CLIP":
        return model
    return T2L(backbone=TrainedClipSettings("tiny-clip", str(tiny_weights)), n_frames=4, temporal_token_std=1.0).eval()


def test_windows_that_overlap_are_scored_as_the_model_scores_each(recognizer: ActionRecognizer) -> None:
    side = recognizer.backbone.image_size[0]
    frames = torch.randint(0, 255, (12, 3, side, side), dtype=torch.uint8)
    scores = WindowScores(recognizer, TEXT)
    classes = recognizer.class_embeddings.cached(TEXT.prompts, recognizer.device)
    for numbers in ((0, 2, 4, 6), (2, 4, 6, 8), (8, 8, 9, 9), (0, 2, 4, 6)):
        window = LiveWindow(0.0, numbers, frames[list(numbers)], 0.0)
        with torch.inference_mode():
            expected = recognizer(window.frames[None, None], classes)[0].softmax(dim=0)
        torch.testing.assert_close(scores.probabilities(window).relative, expected, rtol=1e-5, atol=1e-6)


def test_a_frame_is_embedded_once_where_the_model_embeds_frames_one_by_one(
    model: ActionRecognizer, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[int] = []
    embed = model.embed_views

    def counted(frames: Tensor) -> Tensor:
        seen.append(frames.shape[2])
        return embed(frames)

    monkeypatch.setattr(model, "embed_views", counted)
    scores, side = WindowScores(model, TEXT), model.backbone.image_size[0]
    for numbers in ((0, 1, 2, 3), (2, 3, 4, 5), (2, 3, 4, 5), (9, 9, 9, 9)):
        scores.probabilities(LiveWindow(0.0, numbers, torch.zeros(4, 3, side, side, dtype=torch.uint8), 0.0))
    assert seen == [4, 2, 1]


def test_precision_is_checked_before_the_source_is_read(model: ActionRecognizer) -> None:
    with pytest.raises(ValueError, match="precision 'fp16' needs a GPU"):
        WindowScores(model, TEXT, precision="fp16")
