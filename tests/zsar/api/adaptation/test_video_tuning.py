"""Videos of a user are tuned as by `zsar predict` and `zsar test` with the callback."""

import json
from pathlib import Path
from typing import Any

import pytest
import torch
import yaml

import zsar
from zsar.api.adaptation.adaptation import Adaptation
from zsar.api.adaptation.video_tuning import VideoTuning
from zsar.api.given_classes import class_text_of
from zsar.callbacks.prompt_tuning import PromptTuning
from zsar.datamodules.views import AugmentedViews, MultiRateViews
from zsar.lightning_modules.ap_clip import APCLIP
from zsar.lightning_modules.bike import BIKE
from zsar.lightning_modules.clip import FineTunedCLIP
from zsar.lightning_modules.command_line.cli import main
from zsar.lightning_modules.experiments.shipped_configs import SHIPPED, shipped_names
from zsar.lightning_modules.open_clip_towers.clip_settings import TrainedClipSettings
from zsar.lightning_modules.open_clip_towers.weights.weight_files import BackboneError
from zsar.lightning_modules.open_vclip import OpenVCLIP
from zsar.lightning_modules.recognition.recognizer import ActionRecognizer
from zsar.lightning_modules.t2l import T2L
from zsar.runtime.files.video_errors import VideoDecodeError

COLOURS = ["red dance", "green dance", "blue dance", "white dance"]
TEXTS = {name: f"the whole picture is {name.split()[0]}" for name in COLOURS}
FEW = AugmentedViews(n_views=4)
STRONG = PromptTuning(method="mine", learning_rate=0.1, confident_share=0.5, schedule=["all", "right-3"])


@pytest.fixture
def predicted(video_tree: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Runs `zsar predict` on the red videos, and returns the probabilities of each."""
    rows: list[list[float]] = []
    step = ActionRecognizer.predict_step

    def keeping(self: ActionRecognizer, *arguments: Any, **more: Any) -> dict[str, torch.Tensor]:
        outputs = step(self, *arguments, **more)
        rows.extend(outputs["probabilities"].tolist())
        return outputs

    monkeypatch.setattr(ActionRecognizer, "predict_step", keeping)

    def run(fragment: Path, *, seed: int) -> list[list[float]]:
        content = {
            "seed_everything": seed,
            "model": {
                "class_path": "zsar.lightning_modules.clip.ZeroShotCLIP",
                "init_args": {"backbone": {"architecture": "tiny-clip", "weights": str(tmp_path / "telling.pt")}},
            },
            "data": {
                "class_path": "zsar.datamodules.data_sets.VideoFolder",
                "init_args": {
                    "train": str(video_tree),
                    "predict": str(video_tree / "red dance"),
                    "clips": {"image_size": 32},
                    "loading": {"n_workers": 0},
                    "text": {"descriptions": str(tmp_path / "texts.json")},
                },
            },
            "trainer": {"accelerator": "cpu", "devices": 1, "enable_progress_bar": False},
        }
        (tmp_path / "experiment.yaml").write_text(yaml.safe_dump(content))
        (tmp_path / "texts.json").write_text(json.dumps(TEXTS))
        files = ["--config", str(tmp_path / "experiment.yaml"), "--config", str(fragment)]
        assert main(["predict", *files, "--run_dir", str(tmp_path / "run")]) == 0
        return rows

    return run


@pytest.mark.slow
@pytest.mark.parametrize(
    "name", [name for name in shipped_names("adaptation") if name not in ("tda", "dmn")]
)  # memories
def test_answers_are_those_of_the_callback_in_zsar_predict(
    name: str, predicted: Any, telling_model: ActionRecognizer, video_tree: Path, tmp_path: Path
) -> None:
    fragment = tmp_path / "strong.yaml"  # moves an untrained model visibly
    content = {"adaptation": str(SHIPPED / "adaptation" / f"{name}.yaml"), "adaptation.learning_rate": 0.1}
    fragment.write_text(yaml.safe_dump(content))
    expected = predicted(fragment, seed=3)
    videos = sorted((video_tree / "red dance").glob("*.mp4"))
    settings: dict[str, Any] = {"model": telling_model, "adaptation": fragment, "n_workers": 0}
    classes: Any = TEXTS if name == "dts_tpt" else sorted(COLOURS)
    answers = zsar.classify(videos, classes, seed=3, batch_size=3, **settings)
    for answer, row in zip(answers, expected, strict=True):
        torch.testing.assert_close(dict(answer.ranked), dict(zip(sorted(COLOURS), row, strict=True)), atol=1e-4, rtol=0)
        assert answer.untuned is not None
        moved = max(abs(dict(answer.ranked)[name] - p) for name, p in answer.untuned.ranked)
        assert (moved > 1e-3) == (name != "confident_views"), moved
    other = zsar.classify(videos, classes, seed=4, **settings)
    assert [answer.ranked for answer in other] != [answer.ranked for answer in answers]


MODELS: dict[str, Any] = {
    "fine-tuned": FineTunedCLIP,
    "T2L": T2L,
    "AP-CLIP": APCLIP,
    "BIKE": BIKE,
    "Open-VCLIP": OpenVCLIP,
}


@pytest.mark.parametrize("kind", MODELS)
def test_every_recognizer_is_tuned_and_left_as_it_was(kind: str, video_tree: Path) -> None:
    torch.manual_seed(0)
    more = {"n_frames": 4} if kind == "T2L" else {}
    model = MODELS[kind](backbone=TrainedClipSettings("tiny-clip", "random"), **more).eval()
    with torch.no_grad():
        model.backbone.clip.token_embedding.weight.mul_(20)
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    trained = [name for name, parameter in model.named_parameters() if parameter.requires_grad]
    video = video_tree / "red dance" / "0.mp4"
    answer = zsar.classify(video, COLOURS, model=model, frames=4, adaptation=Adaptation(STRONG, FEW))
    assert answer.untuned is not None
    assert answer.ranked != answer.untuned.ranked
    assert [name for name, parameter in model.named_parameters() if parameter.requires_grad] == trained
    assert all(torch.equal(tensor, before[name]) for name, tensor in model.state_dict().items())
    assert zsar.classify(video, COLOURS, model=model, frames=4).untuned is None


@pytest.mark.parametrize("views", [FEW, AugmentedViews(n_views=3, crop=True), MultiRateViews(n_samples=1)])
def test_order_batches_and_workers_do_not_change_an_answer(
    views: Any, telling_model: ActionRecognizer, video_tree: Path
) -> None:
    videos = [video_tree / "red dance" / "0.mp4", video_tree / "blue dance" / "1.mp4", video_tree / "red dance/2.mp4"]
    settings: dict[str, Any] = {"model": telling_model, "frames": 4, "adaptation": Adaptation(STRONG, views)}
    alone = [zsar.classify(video, COLOURS, **settings) for video in videos]
    together = zsar.classify(videos[::-1], COLOURS, batch_size=3, n_workers=2, **settings)[::-1]
    for a, b in zip(alone, together, strict=True):
        assert a.path == b.path
        torch.testing.assert_close(dict(a.ranked), dict(b.ranked), atol=1e-4, rtol=0)


def test_without_steps_the_answer_is_that_of_the_phrase_as_a_template(
    telling_model: ActionRecognizer, video_tree: Path
) -> None:
    video = video_tree / "red dance" / "0.mp4"
    none = Adaptation(PromptTuning(method="none", phrase="an action of", schedule=[]), FEW)
    answer = zsar.classify(video, COLOURS, model=telling_model, adaptation=none)
    plain = zsar.classify(video, COLOURS, model=telling_model, template="an action of {}.")
    torch.testing.assert_close(dict(answer.ranked), dict(plain.ranked), atol=1e-5, rtol=0)
    assert answer.untuned is not None
    torch.testing.assert_close(dict(answer.untuned.ranked), dict(plain.ranked), atol=1e-5, rtol=0)


def test_a_broken_video_raises_alone_and_is_reported_in_a_list(
    telling_model: ActionRecognizer, video_tree: Path
) -> None:
    broken = video_tree / "red dance" / "0.mp4"
    broken.write_bytes(b"no video")
    settings: dict[str, Any] = {"model": telling_model, "adaptation": Adaptation(STRONG, FEW), "threshold": 1.0}
    with pytest.raises(VideoDecodeError, match=r"0\.mp4"):
        zsar.classify(broken, COLOURS, **settings)
    first, second = zsar.classify([broken, video_tree / "red dance" / "1.mp4"], COLOURS, **settings)
    assert first.to_dict()["untuned"] == {"answer": None, "probabilities": {}}
    assert "0.mp4" in str(first.error)
    assert second.untuned is not None
    assert (second.answer, second.untuned.answer) == ("none of these", "none of these")


def test_the_totals_count_and_time_videos(telling_model: ActionRecognizer, video_tree: Path) -> None:
    videos = sorted((video_tree / "red dance").glob("*.mp4"))[:3]
    videos[0].write_bytes(b"no video")
    tuning = VideoTuning(telling_model, class_text_of(COLOURS), Adaptation(STRONG, FEW))
    answers = list(tuning.answers(videos, n_workers=0))
    pairs = [(answer.tuned, answer.untuned) for answer in answers if answer.tuned and answer.untuned]
    changed = [tuned.relative.argmax() != untuned.relative.argmax() for tuned, untuned in pairs]
    assert (tuning.totals.n, tuning.totals.not_tuned, tuning.n_changed) == (2, 0, sum(map(int, changed)))
    totals = tuning.totals
    assert min(totals.view_seconds, totals.encoding_seconds, totals.tuning_seconds) > 0


def test_a_text_tower_that_cannot_be_tuned_is_told_before_a_video_is_decoded(
    telling_model: ActionRecognizer, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise BackboneError("the tokenizer of this model is not CLIP's")

    monkeypatch.setattr(type(telling_model.backbone.text), "tokens_between", refuse)
    with pytest.raises(BackboneError, match="not CLIP's"):
        zsar.classify("gone.mp4", COLOURS, model=telling_model, adaptation="tpt")


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"adaptation": "tpt", "clips": 2}, "clips is 2, but an adaptation has a single test view"),
        ({"seed": 3}, "seed 3 has no effect without an adaptation"),
        ({"adaptation": "tpt", "template": "photo"}, "would not read these prompts"),
        ({"adaptation": "dts_tpt"}, "give --descriptions FILE"),
        ({"adaptation": "dts_tpt_names", "frames": 4}, "a view has 4 frames"),
        ({"adaptation": "tpt", "precision": "fp16"}, "precision 'fp16' needs a GPU"),
        ({"adaptation": "tpt", "batch_size": 0}, "batch_size must be at least 1; got 0"),
    ],
)
def test_what_does_not_fit_is_told_before_a_video_is_decoded(
    telling_model: ActionRecognizer, settings: dict[str, Any], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        zsar.classify("gone.mp4", COLOURS, model=telling_model, **settings)


def test_weights_in_half_precision_are_told(telling_model: ActionRecognizer) -> None:
    with pytest.raises(ValueError, match=r"needs weights in fp32, but they are float16; .* in Python model\.float\(\)"):
        zsar.classify("gone.mp4", COLOURS, model=telling_model.half(), adaptation="tpt")
