import json
from pathlib import Path
from typing import Any

import pytest

from zsar.lightning_modules.command_line.localize import requested_localizer
from zsar.lightning_modules.command_line.localize.localize_options import (
    COMMAND,
    LocalizeOptions,
)
from zsar.lightning_modules.command_line.localize.requested_features import requested_features
from zsar.lightning_modules.command_line.localize.requested_localizer import (
    build_localizer,
    described_model,
    smoothing_frames,
)
from zsar.lightning_modules.localization.frame_wise import FrameWiseCLIP
from zsar.lightning_modules.localization.localizer import ActionLocalizer
from zsar.lightning_modules.open_clip_towers.weight_files import BackboneError
from zsar.lightning_modules.t3al.t3al import T3AL, PseudoLabels
from zsar.lightning_modules.t3al.text_guided_suppression import TextGuidedSuppression

CLIP = ("--architecture", "tiny-clip", "--weights", "random")
COCA = ("--architecture", "tiny-coca", "--weights", "random")


def parsed(*arguments: object) -> LocalizeOptions:
    return COMMAND.parse(["video.mp4", *map(str, arguments)])


def built(*arguments: object) -> ActionLocalizer:
    options = parsed(*arguments)
    return build_localizer(options, requested_features(options))


def t3al(*arguments: object) -> T3AL:
    model = built(*arguments)
    assert isinstance(model, T3AL)
    return model


@pytest.fixture
def without_transformers(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing() -> None:
        raise BackboneError("captions need the package transformers: pip install 'zsar[captions]'")

    monkeypatch.setattr(requested_localizer, "check_can_generate", missing)


@pytest.mark.parametrize(
    ("arguments", "suppression"),
    [
        (COCA, TextGuidedSuppression(seconds=1.0)),
        ((*COCA, "--suppress"), TextGuidedSuppression(seconds=1.0)),
        ((*COCA, "--no-suppress"), None),
        (CLIP, None),
        ((*CLIP, "--no-suppress"), None),
        ((*CLIP, "--captions", "folder"), TextGuidedSuppression(seconds=1.0)),
        ((*CLIP, "--captions", "folder", "--suppress"), TextGuidedSuppression(seconds=1.0)),
    ],
)
def test_suppression_is_on_where_captions_can_be_had(
    arguments: tuple[object, ...], suppression: TextGuidedSuppression | None
) -> None:
    assert t3al(*arguments).suppression == suppression


def test_suppression_asked_of_a_model_without_captions_is_an_error() -> None:
    with pytest.raises(BackboneError, match="tiny-clip writes no captions"):
        built(*CLIP, "--suppress")


@pytest.mark.usefixtures("without_transformers")
def test_a_missing_package_is_an_error_where_the_model_writes_captions() -> None:
    for arguments in (COCA, (*COCA, "--suppress"), (*CLIP, "--suppress")):
        with pytest.raises(BackboneError, match=r"pip install 'zsar\[captions\]'; or leave .* with --no_suppress"):
            built(*arguments)
    for arguments in ((*COCA, "--no-suppress"), (*COCA, "--captions", "folder"), CLIP):
        assert isinstance(built(*arguments), T3AL)


@pytest.mark.usefixtures("without_transformers")
def test_a_missing_package_is_noticed_before_the_usual_weights_are_fetched(monkeypatch: pytest.MonkeyPatch) -> None:
    def fetching(**settings: object) -> T3AL:
        raise AssertionError(settings)

    monkeypatch.setattr(requested_localizer, "T3AL", fetching)
    with pytest.raises(BackboneError, match="--no_suppress"):
        built()


def test_steps_and_pseudo_labels_reach_the_model() -> None:
    assert t3al(*CLIP).tuning.n_steps == 50
    assert t3al(*CLIP).pseudo_labels == PseudoLabels()
    model = t3al(*CLIP, "--steps", 3, "--pseudo-labels", 2, "--margin", 0.5)
    assert model.tuning.n_steps == 3
    assert model.pseudo_labels == PseudoLabels(most=2, margin=0.5)
    assert t3al(*CLIP, "--pseudo-labels", 2).pseudo_labels == PseudoLabels(most=2, margin=2.0)


def test_frame_wise_has_a_threshold() -> None:
    for arguments, threshold in (((), 0.8), (("--threshold", 0), 0.0)):
        model = built(*CLIP, "--method", "frame-wise", *arguments)
        assert isinstance(model, FrameWiseCLIP)
        assert model.threshold == threshold
        assert not model.training


@pytest.mark.parametrize(
    ("arguments", "frame_seconds", "n"),
    [
        ((), 1 / 30, 20),
        ((), 0.25, 3),
        ((), 2.0, 1),
        (("--smooth-seconds", 1), 0.125, 8),
        (("--smooth-seconds", 0), 1, 1),
    ],
)
def test_scores_are_smoothed_over_seconds_whatever_the_stride(
    arguments: tuple[object, ...], frame_seconds: float, n: int
) -> None:
    assert smoothing_frames(parsed(*arguments), frame_seconds) == n


def test_what_is_written_down_has_model_weights_and_settings(tiny_weights: Path) -> None:
    options = parsed("--architecture", "tiny-clip", "--weights", tiny_weights, "--steps", 3, "--captions", "folder")
    model, features = build_localizer(options, requested_features(options)), requested_features(options)
    written: dict[str, Any] = json.loads(json.dumps(described_model(model, features, seed=4)))
    assert written["model"] == {
        "architecture": "tiny-clip",
        "weights": str(tiny_weights),
        "backbone_hash": model.backbone.weights_hash,
    }
    settings = written["settings"]
    assert (settings["method"], settings["seed"], settings["stride"]) == ("t3al", 4, "0.25 seconds")
    assert settings["tuning"]["n_steps"] == 3
    assert (settings["suppression"]["similarity"], settings["suppression"]["seconds"]) == (0.75, 1.0)
    assert settings["proposals"]["largest_gap_frames"] == 0
    options = parsed(*CLIP, "--method", "frame-wise")
    written = described_model(build_localizer(options, requested_features(options)), features, seed=0)
    assert written["settings"] == {
        "method": "frame-wise",
        "threshold": 0.8,
        "stride": "0.25 seconds",
        "geometry": "squash",
        "feature_dtype": "fp16",
    }
