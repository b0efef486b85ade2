from dataclasses import replace
from pathlib import Path

import pytest
import torch

from zsar.callbacks.prompt_tuning.prompt_tuning import PromptTuning
from zsar.datamodules.data_sets import UCF101
from zsar.datamodules.settings import Clips, Loading
from zsar.datamodules.views import AugmentedViews
from zsar.lightning_modules.clip.clip import ZeroShotCLIP
from zsar.lightning_modules.command_line.profile.measuring.class_texts import class_texts
from zsar.lightning_modules.command_line.profile.measuring.decoding import clip_source
from zsar.lightning_modules.command_line.profile.measuring.host_memory import PeakMemory
from zsar.lightning_modules.command_line.profile.measuring.measured_recognizer import RecognizerProfile
from zsar.lightning_modules.command_line.profile.measuring.profiled_data import repeated_sample
from zsar.lightning_modules.open_clip_towers.clip_settings import ClipSettings, TrainedClipSettings
from zsar.lightning_modules.recognition.recognizer import ActionRecognizer
from zsar.lightning_modules.t2l.t2l import T2L

CPU = torch.device("cpu")


def profile_of(model: ActionRecognizer, rendered: Path, views: AugmentedViews | None = None) -> RecognizerProfile:
    clips = Clips(n_frames=4, image_size=32, views=views)
    module = UCF101(data_root=rendered.parent / "none", clips=clips, loading=Loading(2, n_workers=0))
    sample = clip_source(module, rendered, own_videos=False, n_rows=3).test[0]
    texts = class_texts(module, ("fit", "test"), n_classes=6, is_stated=True)
    return RecognizerProfile(
        model, module, repeated_sample(sample, 3, 6), texts, CPU, "32-true", None, 2, PeakMemory(CPU)
    )


def t2l() -> T2L:
    return T2L(backbone=TrainedClipSettings("tiny-clip", "random"), n_frames=4)


def test_a_forward_pass_changes_nothing(rendered: Path) -> None:
    model = t2l()
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    steps, text_seconds = profile_of(model, rendered).forward()
    assert (len(steps.seconds), steps.n_videos, steps.n_frames) == (2, 3, 12)
    assert all(seconds > 0 for seconds in (*steps.seconds, text_seconds))
    torch.testing.assert_close(dict(model.state_dict()), before, rtol=0, atol=0)


def test_a_training_step_changes_what_is_trained_and_nothing_else(
    rendered: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (work := tmp_path / "work").mkdir()
    monkeypatch.chdir(work)
    model = t2l()
    trained = {name for name, parameter in model.named_parameters() if parameter.requires_grad}
    before = {name: parameter.detach().clone() for name, parameter in model.named_parameters()}
    profile = profile_of(model, rendered)
    profile.forward()  # its class embeddings have no gradients to give
    steps = profile.training()
    changed = {name for name, parameter in model.named_parameters() if not torch.equal(parameter, before[name])}
    assert changed
    assert changed <= trained
    assert any("temporal" in name for name in changed)
    assert (len(steps.seconds), steps.n_videos, steps.n_frames) == (2, 3, 12)
    assert list(work.iterdir()) == []


def test_tuning_embeds_all_views_and_is_taken_off(rendered: Path) -> None:
    model = ZeroShotCLIP(backbone=ClipSettings("tiny-clip", "random"))
    profile = profile_of(model, rendered, AugmentedViews(n_views=5))
    plain, _ = profile.forward()
    steps, parts = profile.tuned(PromptTuning(method="TPT"))
    assert (plain.n_frames, steps.n_frames) == (12, 5 * 12)
    assert steps.median_seconds > plain.median_seconds
    assert set(parts) == {"encoding_seconds", "tuning_seconds"}
    # of a video; a step has three, and does little else
    assert 3 * sum(parts.values()) < 2 * max(steps.seconds)
    assert model.adaptation is None


def test_a_model_without_views_cannot_be_tuned(rendered: Path) -> None:
    profile = profile_of(ZeroShotCLIP(backbone=ClipSettings("tiny-clip", "random")), rendered)
    with pytest.raises(ValueError, match="prompt tuning needs views of each video"):
        profile.tuned(PromptTuning(method="TPT"))


def test_half_precision_runs_by_the_trainer_s_own_plugin(rendered: Path) -> None:
    profile = replace(profile_of(t2l(), rendered), precision="bf16-mixed")
    assert profile.forward()[0].median_seconds > 0
    assert profile.training().median_seconds > 0
