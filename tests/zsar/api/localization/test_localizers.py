"""Which localizer a model, a method and settings make."""

import json
from pathlib import Path
from typing import Any

import pytest
import torch

import zsar
from tests.makers.models.biased_models import biased_clip
from zsar.api.localization import localizers
from zsar.api.localization.frame_wise_recognizer import FrameWiseRecognizer
from zsar.api.localization.localizers import ready_localizer
from zsar.api.localization.method_settings import Method, MethodSettings
from zsar.lightning_modules.localization.frame_wise import FrameWiseCLIP
from zsar.lightning_modules.open_clip_towers.clip_settings import ClipSettings, TrainedClipSettings
from zsar.lightning_modules.open_clip_towers.weights.weight_files import BackboneError
from zsar.lightning_modules.recognition.recognizer import ActionRecognizer
from zsar.lightning_modules.t2l import T2L
from zsar.lightning_modules.t3al.memory.class_prototypes import ClassPrototypes
from zsar.lightning_modules.t3al.projection_tuning import ProjectionTuning
from zsar.lightning_modules.t3al.pseudo_labels import PseudoLabels
from zsar.lightning_modules.t3al.t3al import T3AL
from zsar.lightning_modules.t3al.text_guided_suppression import TextGuidedSuppression

CLIP = ClipSettings("tiny-clip", "random")
COCA = ClipSettings("tiny-coca", "random")
FOLDER = Path("folder")


def t3al(clip: ClipSettings, **settings: Any) -> T3AL:
    model = ready_localizer(clip, None, MethodSettings(**settings)).localizer
    assert isinstance(model, T3AL)
    return model


@pytest.fixture
def without_transformers(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing() -> None:
        raise BackboneError("captions need the package transformers: pip install 'zsar[captions]'")

    monkeypatch.setattr(localizers, "check_can_generate", missing)


# --- suppression ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("clip", "settings", "suppression"),
    [
        (COCA, {}, TextGuidedSuppression(seconds=1.0)),
        (COCA, {"suppress": True}, TextGuidedSuppression(seconds=1.0)),
        (COCA, {"suppress": False}, None),
        (CLIP, {}, None),
        (CLIP, {"suppress": False}, None),
        (CLIP, {"captions": FOLDER}, TextGuidedSuppression(seconds=1.0)),
        (CLIP, {"captions": FOLDER, "suppress": True}, TextGuidedSuppression(seconds=1.0)),
    ],
)
def test_suppression_is_on_where_captions_can_be_had(
    clip: ClipSettings, settings: dict[str, Any], suppression: TextGuidedSuppression | None
) -> None:
    assert t3al(clip, **settings).suppression == suppression


def test_suppression_asked_of_a_model_without_captions_is_an_error() -> None:
    with pytest.raises(BackboneError, match="tiny-clip writes no captions"):
        t3al(CLIP, suppress=True)


@pytest.mark.usefixtures("without_transformers")
def test_a_missing_package_is_an_error_where_the_model_writes_captions() -> None:
    for clip, settings in ((COCA, {}), (COCA, {"suppress": True}), (CLIP, {"suppress": True})):
        with pytest.raises(BackboneError, match=r"pip install 'zsar\[captions\]'; or leave .* with --no_suppress"):
            t3al(clip, **settings)
    for clip, fitting in ((COCA, {"suppress": False}), (COCA, {"captions": FOLDER}), (CLIP, {})):
        assert isinstance(t3al(clip, **fitting), T3AL)


@pytest.mark.usefixtures("without_transformers")
def test_a_missing_package_is_noticed_before_the_usual_weights_are_fetched(monkeypatch: pytest.MonkeyPatch) -> None:
    def fetching(**settings: object) -> T3AL:
        raise AssertionError(settings)

    monkeypatch.setattr(localizers, "T3AL", fetching)
    with pytest.raises(BackboneError, match="--no_suppress"):
        ready_localizer(None, None, MethodSettings())


# --- settings ---------------------------------------------------------------------------------------------------------


def test_steps_and_pseudo_labels_reach_the_model() -> None:
    assert t3al(CLIP).tuning.n_steps == 50
    assert t3al(CLIP).pseudo_labels == PseudoLabels()
    model = t3al(CLIP, steps=3, pseudo_labels=2, margin=0.5)
    assert model.tuning.n_steps == 3
    assert model.pseudo_labels == PseudoLabels(most=2, margin=0.5)
    assert t3al(CLIP, pseudo_labels=2).pseudo_labels == PseudoLabels(most=2, margin=2.0)


def test_frame_wise_has_a_threshold() -> None:
    for settings, threshold in ((MethodSettings(), 0.8), (MethodSettings(threshold=0.0), 0.0)):
        model = ready_localizer(CLIP, "frame-wise", settings).localizer
        assert isinstance(model, FrameWiseCLIP)
        assert model.threshold == threshold
        assert not model.training


@pytest.mark.parametrize(
    ("method", "settings", "name"),
    [("frame-wise", MethodSettings(seed=0), "seed"), ("t3al", MethodSettings(threshold=0.0), "threshold")],
)
def test_a_setting_without_effect_is_an_error(method: Method, settings: MethodSettings, name: str) -> None:
    with pytest.raises(ValueError, match=f"{name} has no effect with the method {method}; leave it out"):
        ready_localizer(CLIP, method, settings)


def test_smoothing_has_a_default_in_seconds() -> None:
    assert ready_localizer(CLIP, None, MethodSettings()).smooth_seconds == 0.67
    assert ready_localizer(CLIP, None, MethodSettings(smooth_seconds=0)).smooth_seconds == 0
    assert ready_localizer(CLIP, "frame-wise", MethodSettings()).smooth_seconds is None


# --- models -----------------------------------------------------------------------------------------------------------


def test_a_localizer_that_must_see_all_videos_first_is_refused() -> None:
    model = T3AL(backbone=CLIP, tuning=ProjectionTuning(n_steps=0), suppression=None, memory=ClassPrototypes())
    with pytest.raises(ValueError, match=r"has a memory, which must see all videos .*zsar test, .* memory=None"):
        ready_localizer(model, None, MethodSettings())


def test_a_localizer_of_the_caller_keeps_its_settings() -> None:
    model = T3AL(backbone=CLIP, tuning=ProjectionTuning(n_steps=2, window_frames=5), suppression=None)
    ready = ready_localizer(model, None, MethodSettings(seed=3))
    assert ready.localizer is model
    assert ready.smooth_seconds is None
    with pytest.raises(ValueError, match="the given T3AL has its own settings; leave method='t3al' out, or set it in"):
        ready_localizer(model, "t3al", MethodSettings())
    with pytest.raises(ValueError, match=r"leave threshold=0\.5 out"):
        ready_localizer(model, None, MethodSettings(threshold=0.5))


def test_frozen_clip_of_zsar_load_is_not_built_again(model: ActionRecognizer, tiny_weights: Path) -> None:
    for method, kind in ((None, T3AL), ("frame-wise", FrameWiseCLIP)):
        ready = ready_localizer(model, method, MethodSettings())  # type: ignore[arg-type] # a Method
        assert isinstance(ready.localizer, kind)
        assert ready.localizer.backbone is model.backbone
        assert (ready.architecture, ready.weights) == ("tiny-clip", str(tiny_weights))
        assert ready.recognizer is None


def test_a_trained_recognizer_localizes_frame_wise_and_another_method_says_why_not() -> None:
    recognizer = T2L(backbone=TrainedClipSettings("tiny-clip", "random")).eval()
    ready = ready_localizer(recognizer, None, MethodSettings(threshold=0.25))
    assert isinstance(ready.localizer, FrameWiseRecognizer)
    assert ready.localizer.threshold == 0.25
    assert ready.recognizer is recognizer
    with pytest.raises(ValueError, match="t3al adapts the projections of CLIP itself, so it cannot use a trained T2L"):
        ready_localizer(recognizer, "t3al", MethodSettings())


def test_an_unknown_method_lists_those_that_there_are() -> None:
    with pytest.raises(ValueError, match="method must be one of t3al, frame-wise; got 'framewise'"):
        ready_localizer(CLIP, "framewise", MethodSettings())  # type: ignore[arg-type] # the test


def test_what_is_described_can_be_written() -> None:
    described = t3al(CLIP, steps=3, captions=FOLDER).described_settings(seed=4)
    written = json.loads(json.dumps(described))
    assert (written["method"], written["seed"], written["tuning"]["n_steps"]) == ("t3al", 4, 3)
    assert (written["suppression"]["similarity"], written["suppression"]["seconds"]) == (0.75, 1.0)
    assert written["proposals"]["largest_gap_frames"] == 0
    frame_wise = ready_localizer(CLIP, "frame-wise", MethodSettings()).localizer.described_settings(seed=0)
    assert frame_wise == {"method": "frame-wise", "threshold": 0.8}


def test_a_loaded_model_keeps_its_weights_in_place(model: ActionRecognizer) -> None:
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    zsar.localize(torch.zeros(4, 3, 32, 32, dtype=torch.uint8), ["a", "b"], model=model, fps=4)
    for name, tensor in model.state_dict().items():
        torch.testing.assert_close(tensor, before[name], rtol=0, atol=0)


def test_a_threshold_of_own_probabilities_has_a_default_of_its_own(tmp_path: Path, tiny_weights: Path) -> None:
    biased = biased_clip(tmp_path, tiny_weights)
    trained = T2L(backbone=TrainedClipSettings("tiny-clip", "random")), T2L(backbone=biased)
    for plain, own in ((CLIP, biased), trained):
        made = [ready_localizer(model, "frame-wise", MethodSettings()).localizer for model in (plain, own)]
        assert [localizer.threshold for localizer in made] == [0.8, 0.5]  # type: ignore[union-attr]
        given = ready_localizer(own, "frame-wise", MethodSettings(threshold=0.25)).localizer
        assert given.threshold == 0.25  # type: ignore[union-attr]
