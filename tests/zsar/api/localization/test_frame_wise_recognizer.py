"""A recognizer scores each frame as a video of one frame; frozen CLIP gives what `FrameWiseCLIP` gives."""

from pathlib import Path

import pytest
import torch
from torch import Tensor

from tests.makers.models.biased_models import biased_clip
from tests.makers.models.every_recognizer import RECOGNIZERS, recognizer
from zsar.api.localization import frame_wise_recognizer
from zsar.api.localization.frame_wise_recognizer import FrameWiseRecognizer
from zsar.datamodules.batch import ClassText
from zsar.datamodules.class_text.templates import fill_templates
from zsar.lightning_modules.localization.contract import UntrimmedFeatures
from zsar.lightning_modules.localization.frame_wise import FrameWiseCLIP
from zsar.lightning_modules.open_clip_towers.clip_settings import ClipSettings
from zsar.lightning_modules.t2l import T2L

NAMES = ["white light", "red light", "surfing"]


@pytest.fixture
def text() -> ClassText:
    return fill_templates("classify", NAMES, "a video of {}")


def seen(features: Tensor) -> UntrimmedFeatures:
    n = len(features)
    return UntrimmedFeatures("v", features, torch.arange(n, dtype=torch.float64), float(n))


@pytest.mark.parametrize("name", RECOGNIZERS)
def test_the_curve_is_the_probability_of_each_frame_alone(name: str, text: ClassText, tiny_weights: Path) -> None:
    model = recognizer(name, tiny_weights)
    torch.manual_seed(0)
    frames = torch.randn(7, model.backbone.embedding_width)
    (answers,) = FrameWiseRecognizer(model, threshold=0.0).localize([seen(frames)], [text])
    classes = model.class_embeddings.cached(text.prompts, model.device)
    with torch.inference_mode():
        expected = torch.stack([model.score(frame[None, None, None], classes)[0].softmax(dim=0) for frame in frames])
    found = answers[0]
    assert sorted({curve.label for curve in found.curves}) == sorted(set(expected.argmax(dim=1).tolist()))
    for curve in found.curves:
        torch.testing.assert_close(curve.scores, expected[:, curve.label])
    labels = expected.argmax(dim=1).tolist()
    in_time = [detection.label for detection in found.detections for _ in range(_n_frames(detection.segment))]
    assert in_time == labels  # every frame is in the segment of its most probable class


def _n_frames(segment: object) -> int:
    return int(segment.last_frame - segment.first_frame + 1)  # type: ignore[attr-defined]


def test_frozen_clip_gives_what_frame_wise_clip_gives(text: ClassText, tiny_weights: Path) -> None:
    model = recognizer("ZeroShotCLIP", tiny_weights)
    clip = FrameWiseCLIP(backbone=ClipSettings("tiny-clip", str(tiny_weights)), threshold=0.3)
    torch.manual_seed(0)
    features = torch.randn(9, clip.projections.visual.shape[0])
    embedded = features @ clip.projections.visual
    (ours,) = FrameWiseRecognizer(model, threshold=0.3).localize([seen(embedded)], [text])
    (theirs,) = clip.localize([seen(features)], [text])
    assert [d.label for d in ours[0].detections] == [d.label for d in theirs[0].detections]
    for a, b in zip(ours[0].curves, theirs[0].curves, strict=True):
        torch.testing.assert_close(a.scores, b.scores, rtol=1e-4, atol=1e-5)


def test_long_videos_are_scored_in_parts(text: ClassText, tiny_weights: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    model = FrameWiseRecognizer(recognizer("APCLIP", tiny_weights), threshold=0.1)
    features = torch.randn(5, model.backbone.embedding_width)
    (whole,) = model.localize([seen(features)], [text])
    monkeypatch.setattr(frame_wise_recognizer, "_FRAMES_AT_ONCE", 2)
    (parts,) = model.localize([seen(features)], [text])
    for a, b in zip(whole[0].curves, parts[0].curves, strict=True):
        torch.testing.assert_close(a.scores, b.scores)


def test_a_threshold_is_a_probability_that_can_be_exceeded(tiny_weights: Path) -> None:
    with pytest.raises(ValueError, match="threshold is a probability, at least 0 and below 1; got 1"):
        FrameWiseRecognizer(recognizer("T2L", tiny_weights), threshold=1)


def test_it_is_described_by_its_model_and_scorer(tiny_weights: Path) -> None:
    described = FrameWiseRecognizer(recognizer("APCLIP", tiny_weights), threshold=0.5).described_settings(seed=0)
    assert described == {
        "method": "frame-wise",
        "threshold": 0.5,
        "recognizer": "APCLIP",
        "scorer": "late_interaction",
    }


def test_a_model_with_a_bias_scores_frames_by_own_probabilities(
    text: ClassText, tmp_path: Path, tiny_weights: Path
) -> None:
    settings = biased_clip(tmp_path, tiny_weights)
    localizer = FrameWiseRecognizer(T2L(backbone=settings, n_frames=4).eval(), threshold=0.0)
    clip = FrameWiseCLIP(backbone=settings, threshold=0.0)
    torch.manual_seed(0)
    features = torch.randn(9, clip.projections.visual.shape[0])
    (ours,) = localizer.localize([seen(features @ clip.projections.visual)], [text])
    (theirs,) = clip.localize([seen(features)], [text])
    assert ours[0].curves
    for a, b in zip(ours[0].curves, theirs[0].curves, strict=True):
        torch.testing.assert_close(a.scores, b.scores, rtol=1e-4, atol=1e-5)
    assert localizer.described_settings(seed=0)["threshold_of"] == "own probability"


def test_results_say_which_of_two_ways_frames_were_embedded(tiny_weights: Path) -> None:
    model = recognizer("BIKE", tiny_weights)
    localizer = FrameWiseRecognizer(model, threshold=0.5)
    assert "frame_variant" not in localizer.described_settings(seed=0)
    model.frame_source = "visual_tower"  # type: ignore[assignment]
    assert localizer.described_settings(seed=0)["frame_variant"] == "without the head"
