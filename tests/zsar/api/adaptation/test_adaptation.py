import pytest
import torch

import zsar
from zsar.api.adaptation.adaptation import Adaptation
from zsar.api.given_classes import class_text_of
from zsar.callbacks.prompt_tuning import PromptTuning
from zsar.datamodules.views import AugmentedViews, MultiRateViews
from zsar.lightning_modules.recognition.recognizer import ActionRecognizer

NAMES = ["surfing", "swimming"]
TEXTS = {"surfing": "someone stands on a board", "swimming": "someone is in the water"}
ON_NAMES = Adaptation(PromptTuning(method="TPT"))
ON_TEXTS = Adaptation(PromptTuning(method="mine", texts=["class_text"]))
ON_BOTH = Adaptation(PromptTuning(method="DTS-TPT", texts=["names", "class_text"], consistency="hybrid"))


@pytest.mark.parametrize(
    ("adaptation", "classes", "template"),
    [
        (ON_NAMES, NAMES, "video"),
        (ON_NAMES, NAMES, "a video of {}."),
        (ON_TEXTS, NAMES, "video"),
        (ON_TEXTS, NAMES, "action_clip"),
        (ON_TEXTS, TEXTS, "video"),
        (ON_BOTH, TEXTS, "video"),
        (ON_BOTH, NAMES, "someone is {}"),
    ],
)
def test_class_text_that_is_tuned_on_is_taken(
    adaptation: Adaptation, classes: dict[str, str] | list[str], template: str
) -> None:
    adaptation.check_text(class_text_of(classes, template=template))


@pytest.mark.parametrize(
    ("adaptation", "classes", "template", "message"),
    [
        (ON_NAMES, NAMES, "photo", r"TPT tunes .* after 'a photo of a' and would not read .* \(templates: photo\)"),
        (ON_NAMES, TEXTS, "video", r"would not read these prompts \(prompts of the caller\)"),
        (ON_BOTH, NAMES, "video", "DTS-TPT tunes on texts about the classes .* give --descriptions FILE"),
    ],
)
def test_class_text_without_effect_or_missing_is_an_error(
    adaptation: Adaptation, classes: dict[str, str] | list[str], template: str, message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        adaptation.check_text(class_text_of(classes, template=template))


def test_frames_are_those_asked_for_of_the_adaptation_or_of_the_model(model: ActionRecognizer) -> None:
    assert ON_NAMES.clips(model).n_frames == 8
    own = Adaptation(PromptTuning(method="TPT"), n_frames=4, test_short_side_px=40, sampling="mmaction")
    clips = own.clips(model)
    assert (clips.n_frames, clips.image_size, clips.test_short_side_px, clips.sampling) == (4, 32, 40, "mmaction")
    assert (clips.n_test_clips, clips.n_test_crops) == (1, 1)
    assert own.clips(model, frames=6).n_frames == 6


def test_views_are_mirrored_where_their_setting_leaves_it_open(model: ActionRecognizer) -> None:
    views = Adaptation(PromptTuning(method="TPT"), AugmentedViews(flip=None)).clips(model).views
    assert isinstance(views, AugmentedViews)
    assert views.flip == 0.5


def test_a_step_has_the_frames_of_the_views_that_are_tuned_on(model: ActionRecognizer) -> None:
    tuning = PromptTuning(method="x", schedule=["all", "right-6"])
    with pytest.raises(ValueError, match="'right-6', but a view has 4 frames"):
        Adaptation(tuning).clips(model, frames=4)
    with pytest.raises(ValueError, match="'right-6', but a view has 2 frames"):
        Adaptation(tuning, MultiRateViews(n_frames=2)).clips(model, frames=8)
    Adaptation(tuning, MultiRateViews(n_frames=6)).clips(model, frames=4)


def test_no_frames_are_not_taken_for_those_of_the_model(model: ActionRecognizer) -> None:
    for wrong in (0, -1):
        with pytest.raises(ValueError, match=f"frames must be at least 1; got {wrong}"):
            Adaptation(PromptTuning(method="TPT"), n_frames=4).clips(model, frames=wrong)
    assert Adaptation(PromptTuning(method="TPT"), n_frames=4).clips(model).n_frames == 4


def test_the_description_has_what_decides_about_answers() -> None:
    described = Adaptation(PromptTuning(method="ZAR", memory_mb=10), MultiRateViews(rates=(1.0, 0.5))).described()
    assert (described["adaptation.method"], described["views"], described["views.rates"]) == (
        "ZAR",
        "MultiRateViews",
        [1.0, 0.5],
    )
    other = Adaptation(PromptTuning(method="ZAR", memory_mb=20), MultiRateViews(rates=(1.0, 0.5)), batch_size=7)
    assert other.described() == described
    assert all(value != Adaptation(PromptTuning(method="TPT")).described()["views"] for value in described.values())


@pytest.mark.parametrize("name", ["batch_size", "n_frames"])
def test_numbers_have_limits(name: str) -> None:
    for number, limit in ((0, "at least 1"), (-1, "at least 1"), (10**12, "at most")):
        with pytest.raises(ValueError, match=rf"{name} must be {limit}.*; got {number}"):
            zsar.Adaptation(PromptTuning(method="TPT"), **{name: number})
    assert torch.equal(zsar.Adaptation(PromptTuning(method="TPT")).views.weights, torch.ones(32))
