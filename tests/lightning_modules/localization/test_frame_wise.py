from pathlib import Path

import pytest
import torch
from torch.nn import functional
from torch.testing import assert_close

from tests.makers.models.biased_models import BIAS, SCALE, biased_clip
from tests.makers.videos.embedded_videos import class_text, embedding_of, features_with
from zsar.lightning_modules.localization.contract import UntrimmedFeatures
from zsar.lightning_modules.localization.frame_wise import FrameWiseCLIP, confident_runs
from zsar.lightning_modules.open_clip_towers.clip_settings import ClipSettings


@pytest.fixture
def model(tiny_weights: Path) -> FrameWiseCLIP:
    made = FrameWiseCLIP(backbone=ClipSettings("tiny-clip", str(tiny_weights)))
    made.backbone.clip.logit_scale.fill_(5.0)  # sure enough for untrained weights
    return made


def video_with(model: FrameWiseCLIP, labels: list[int | None]) -> UntrimmedFeatures:
    """Frames that have the direction of a class away from the mean of both, or that of this mean."""
    classes = torch.stack([embedding_of(model, name) for name in ("dancing", "chess")])
    mean = classes.mean(dim=0)
    wanted = torch.stack([mean if label is None else classes[label] - 0.5 * mean for label in labels])
    return UntrimmedFeatures(
        id="v",
        features=features_with(functional.normalize(wanted, dim=-1), model.projections.visual),
        times_seconds=torch.arange(len(labels), dtype=torch.float64) / 2,
        duration_seconds=len(labels) / 2,
    )


def test_runs_of_sure_frames_are_segments_of_their_class(model: FrameWiseCLIP) -> None:
    video = video_with(model, [None, 0, 0, None, 0, 1, 1, 1, None])
    localization = model.localize([video], [class_text(("dancing", "chess"))])[0][0]
    found = [(d.segment.start_seconds, d.segment.end_seconds, d.label) for d in localization.detections]
    assert found == [(0.5, 1.5, 0), (2.0, 2.5, 0), (2.5, 4.0, 1)]
    assert all(d.segment.score > 0.8 for d in localization.detections)
    assert model.n_adaptations == 0


def test_the_score_of_a_segment_is_the_mean_probability_of_its_frames(model: FrameWiseCLIP) -> None:
    video = video_with(model, [0, 0, None])
    localization = model.localize([video], [class_text(("dancing", "chess"))])[0][0]
    classes = torch.stack([embedding_of(model, name) for name in ("dancing", "chess")])
    frames = functional.normalize(video.features @ model.projections.visual, dim=-1)
    probabilities = (model.projections.log_scale.exp() * frames @ classes.T).softmax(dim=1)[:, 0]
    assert_close(localization.detections[0].segment.score, float(probabilities[:2].mean()), atol=1e-6, rtol=0)
    assert_close(localization.curves[0].scores, probabilities)
    assert localization.curves[0].threshold == 0.8


def test_probabilities_are_among_the_classes_of_a_set(model: FrameWiseCLIP) -> None:
    video = video_with(model, [1, 1, 1])
    texts = [class_text(("dancing", "chess")), class_text(("dancing",))]
    answers = model.localize([UntrimmedFeatures(**{**vars(video), "sets": (0, 1)})], texts)[0]
    assert {d.label for d in answers[0].detections} == {1}
    assert {d.label for d in answers[1].detections} == {0}  # the only class there is has probability 1


def test_no_sure_frame_is_no_segment_but_the_nearest_class_is_shown(model: FrameWiseCLIP) -> None:
    model.backbone.clip.logit_scale.fill_(0.0)
    localization = model.localize([video_with(model, [None, 1, None])], [class_text(("dancing", "chess"))])[0][0]
    assert localization.detections == ()
    assert [curve.label for curve in localization.curves] == [1]
    assert localization.curves[0].scores.argmax() == 1


@pytest.mark.parametrize("threshold", [-0.1, 1.0])
def test_a_threshold_that_is_no_probability_is_refused(tiny_weights: Path, threshold: float) -> None:
    with pytest.raises(ValueError, match="threshold is a probability"):
        FrameWiseCLIP(backbone=ClipSettings("tiny-clip", str(tiny_weights)), threshold=threshold)


def seen(n_frames: int) -> UntrimmedFeatures:
    times = torch.arange(n_frames, dtype=torch.float64)
    return UntrimmedFeatures("v", torch.zeros(n_frames, 2), times, float(n_frames))


def test_own_probabilities_say_whether_a_frame_shows_its_class_and_the_others_which() -> None:
    relative = torch.tensor([[0.9, 0.1], [0.9, 0.1], [0.9, 0.1], [0.1, 0.9], [0.6, 0.4]])
    own = torch.tensor([[0.7, 0.1], [0.5, 0.2], [0.2, 0.0], [0.1, 0.4], [0.1, 0.6]])
    found = confident_runs(seen(5), relative, own=own, threshold=0.3)
    # the last frame is most probably of class 0, which it does not show; class 1 is above the threshold
    segments = [(d.label, d.segment.first_frame, d.segment.last_frame, d.segment.score) for d in found.detections]
    assert segments == [(0, 0, 1, pytest.approx(0.6)), (1, 3, 4, pytest.approx(0.5))]
    for curve in found.curves:
        assert_close(curve.scores, own[:, curve.label])
    nothing = confident_runs(seen(5), relative, own=own, threshold=0.75)
    assert nothing.detections == ()
    assert [curve.label for curve in nothing.curves] == [0]


def test_a_model_with_a_bias_scores_frames_by_own_probabilities(tmp_path: Path, tiny_weights: Path) -> None:
    model = FrameWiseCLIP(backbone=biased_clip(tmp_path, tiny_weights), threshold=0.9)
    video = video_with(model, [0, 0, None, 1])
    (localization,) = model.localize([video], [class_text(("dancing", "chess"))])[0].values()
    classes = torch.stack([embedding_of(model, name) for name in ("dancing", "chess")])
    own = (SCALE * functional.normalize(video.features @ model.projections.visual, dim=-1) @ classes.T + BIAS).sigmoid()
    assert localization.curves
    for curve in localization.curves:
        assert_close(curve.scores, own[:, curve.label])
    assert model.described_settings(seed=0)["threshold_of"] == "own probability"
