"""A test run with PromptTuning: nothing but the predictions changes, and these as they should."""

import csv
import json
from pathlib import Path
from typing import Any

import pytest
import torch
from lightning.pytorch import Trainer
from lightning.pytorch.demos.boring_classes import BoringModel

from tests.makers.command_line.more_processes import ZSAR, run_apart
from tests.makers.configs.odd_experiment import write_odd_experiment
from tests.makers.models.tested_models import AUGMENTED, MODELS, data, model_of, run_test
from zsar.callbacks.prompt_tuning import prompt_adaptation
from zsar.callbacks.prompt_tuning.embedded_views import EmbeddedViews, embed_all_views
from zsar.callbacks.prompt_tuning.prompt_adaptation import PromptAdaptation
from zsar.callbacks.prompt_tuning.prompt_tuning import PromptTuning
from zsar.datamodules.batch import ClassText, VideoBatch, ViewBatch
from zsar.datamodules.data_sets.video_folder import VideoFolder
from zsar.datamodules.settings import Clips, Loading
from zsar.datamodules.views.augmented_views import AugmentedViews
from zsar.datamodules.views.further_views import Views
from zsar.datamodules.views.multi_rate_views import MultiRateViews
from zsar.lightning_modules.command_line.cli import main
from zsar.lightning_modules.recognition.recognizer import ActionRecognizer
from zsar.lightning_modules.recognition.scoring import EmbeddedBatch

ROOT = Path(__file__).parents[3]
STRONG: dict[str, Any] = {"learning_rate": 0.1, "confident_share": 0.5}  # moves the untrained tiny CLIP visibly


@pytest.mark.slow
@pytest.mark.parametrize("kind", MODELS)
def test_every_model_is_tuned_and_left_as_it_was(kind: str, tmp_path: Path, video_tree: Path) -> None:
    model = model_of(MODELS[kind], **({"n_frames": 4} if kind == "T2L" else {}))
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    trained = [name for name, parameter in model.named_parameters() if parameter.requires_grad]
    callback = PromptTuning(method="DTS-TPT", schedule=("all", "right-3"), phrase="an action of", **STRONG)
    tuned = run_test(tmp_path / "tuned", model, data(video_tree), callback)
    assert model.adaptation is None
    assert [name for name, parameter in model.named_parameters() if parameter.requires_grad] == trained
    assert all(parameter.grad is None for parameter in model.parameters())
    assert all(torch.equal(tensor, before[name]) for name, tensor in model.state_dict().items())
    untuned = run_test(
        tmp_path / "untuned",
        model,
        data(video_tree),
        PromptTuning(method="none", schedule=(), phrase="an action of", confident_share=0.5),
    )
    assert (tuned["logits"] - untuned["logits"]).abs().max() > 1e-2
    of_set = tuned["sets"]["test"]
    assert of_set["untuned_top1"] == pytest.approx(untuned["sets"]["test"]["top1"])
    assert of_set["tuned_top1"] == pytest.approx(of_set["top1"])
    assert of_set["entropy_before"] != of_set["entropy_after"]


def test_without_steps_and_with_the_templates_words_it_is_a_plain_test(tmp_path: Path, video_tree: Path) -> None:
    model = model_of()
    module = data(video_tree, templates="a video of {}.")
    callback = PromptTuning(method="none", phrase="a video of", texts=["class_text"], schedule=[])
    with_callback = run_test(tmp_path / "with", model, module, callback)
    plain = run_test(tmp_path / "plain", model, data(video_tree, views=None), None)
    torch.testing.assert_close(with_callback["logits"], plain["logits"], atol=1e-5, rtol=0)
    assert plain["adaptation"] is None
    assert with_callback["adaptation"]["phrase"] == "a video of"


@pytest.mark.slow
def test_it_is_tuned_on_views_of_8_frames_and_predicted_on_16(tmp_path: Path, video_tree: Path) -> None:
    """ZAR's base-to-novel tests, in small: untuned predictions are those of the long test view, tuned ones are not."""
    views = MultiRateViews(n_crops=1, n_samples=2, n_frames=2)
    plain = run_test(tmp_path / "plain", model_of(), data(video_tree, views=None, templates="a photo of a {}."), None)
    logits = {}
    for n_steps in (0, 2):
        callback = PromptTuning(method="ZAR", schedule=["all"] * n_steps, **STRONG)
        tuned = run_test(tmp_path / str(n_steps), model_of(), data(video_tree, views=views), callback)
        logits[n_steps] = tuned["logits"]
        assert (tuned["data"]["n_frames"], tuned["data"]["views"]["init_args"]["n_frames"]) == (4, 2)
    torch.testing.assert_close(logits[0], plain["logits"], atol=1e-4, rtol=0)
    assert (logits[2] - logits[0]).abs().max() > 1e-3
    same = MultiRateViews(n_crops=1, n_samples=2)
    callback = PromptTuning(method="ZAR", schedule=["all"] * 2, **STRONG)
    other = run_test(tmp_path / "same", model_of(), data(video_tree, views=same), callback)["logits"]
    assert (logits[2] - other).abs().max() > 1e-4


@pytest.mark.parametrize(
    "views", [AUGMENTED, MultiRateViews(n_samples=2, rates=(1.0, 0.5)), AugmentedViews(n_views=3, crop=True)]
)
def test_neither_batch_size_nor_order_matters(views: Views, tmp_path: Path, video_tree: Path) -> None:
    rows = [
        f"{name}/{i}.mp4,{name}" for name in ("red dance", "green dance", "blue dance", "white dance") for i in (0, 3)
    ]
    logits = []
    for n, (batch_size, order) in enumerate([(1, rows), (3, rows), (8, rows[::-1])]):
        path = video_tree / f"order{n}.csv"
        path.write_text("\n".join(["path,label", *order]))
        callback = PromptTuning(method="TPT", schedule=["all", "random-2"], **STRONG)
        module = data(video_tree, views=views, batch_size=batch_size, test=path)
        logits.append(run_test(tmp_path / str(n), model_of(), module, callback)["logits"])
    torch.testing.assert_close(logits[0], logits[1], atol=1e-4, rtol=0)
    torch.testing.assert_close(logits[0], logits[2].flip(0), atol=1e-4, rtol=0)


def test_the_report_counts_what_tuning_changed(
    tmp_path: Path, video_tree: Path, capsys: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def embeddings(model: Any, batch: VideoBatch, views: ViewBatch, **_: Any) -> EmbeddedViews:
        """Videos that differ, which they hardly do to an untrained model."""
        seeds = [torch.Generator().manual_seed(index) for index in batch.indices.tolist()]
        frames = torch.stack([torch.randn(1 + views.frames.shape[1], 4, 64, generator=seed) for seed in seeds])
        return EmbeddedViews(frames[:, :1], frames, views.weights)

    monkeypatch.setattr(prompt_adaptation, "embed_all_views", embeddings)
    model = model_of()
    strong = {**STRONG, "learning_rate": 1.0}
    callback = PromptTuning(method="mine", phrase="an action of", **strong, schedule=["all"] * 3)
    tuned = run_test(tmp_path / "tuned", model, data(video_tree), callback)
    steps = PromptTuning(method="none", schedule=[], phrase="an action of")
    untuned = run_test(tmp_path / "untuned", model, data(video_tree), steps)
    with (tmp_path / "tuned" / "predictions_test.csv").open() as file:
        after = [(row["label"] == row["prediction"]) for row in csv.DictReader(file)]
    with (tmp_path / "untuned" / "predictions_test.csv").open() as file:
        before = [(row["label"] == row["prediction"]) for row in csv.DictReader(file)]
    of_set = tuned["sets"]["test"]
    assert len(after) == 20
    assert before != after
    assert of_set["untuned_top1"] == pytest.approx(5 * sum(before))
    assert of_set["tuned_top1"] == pytest.approx(5 * sum(after))
    assert of_set["flipped_right"] == sum(a and not b for a, b in zip(after, before, strict=True))
    assert of_set["flipped_wrong"] == sum(b and not a for a, b in zip(after, before, strict=True))
    probabilities = untuned["logits"].softmax(dim=1)
    assert of_set["entropy_before"] == pytest.approx(float(-(probabilities * probabilities.log()).sum(dim=1).mean()))
    assert min(of_set[f"{name}_seconds"] for name in ("view", "encoding", "tuning")) > 0
    printed = capsys.readouterr().out
    assert f"{of_set['flipped_right']:.0f} / {of_set['flipped_wrong']:.0f}" in printed


def test_names_and_class_text_are_averaged(tmp_path: Path, video_tree: Path) -> None:
    settings: dict[str, Any] = {"method": "DTS-TPT", "phrase": "a video of", "schedule": []}
    both = PromptTuning(texts=["names", "class_text"], consistency="hybrid", **settings)
    module = {"templates": "someone does a {}."}
    together = run_test(tmp_path / "both", model_of(), data(video_tree, **module), both)["logits"]
    each = [
        run_test(tmp_path / which, model_of(), data(video_tree, **module), PromptTuning(texts=[which], **settings))  # type: ignore[list-item]
        for which in ("names", "class_text")
    ]
    mean = torch.stack([one["logits"].softmax(dim=1) for one in each]).mean(dim=0)
    assert (each[0]["logits"] - each[1]["logits"]).abs().max() > 1e-3
    torch.testing.assert_close(together.softmax(dim=1), mean, atol=1e-5, rtol=0)


def test_text_logits_and_entropy_stay_in_fp32_under_autocast(
    tmp_path: Path, video_tree: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    types: set[torch.dtype] = set()
    adapt = PromptAdaptation.adapt

    def keeping_types(self: PromptAdaptation, batch: VideoBatch, text: ClassText) -> EmbeddedBatch:
        embedded = adapt(self, batch, text)
        types.add(embedded.class_texts[0].dtype)
        return embedded

    with monkeypatch.context() as patched:
        patched.setattr(PromptAdaptation, "adapt", keeping_types)
        callback = PromptTuning(method="TPT", **STRONG)
        half = run_test(tmp_path / "half", model_of(), data(video_tree), callback, precision="bf16-mixed")["logits"]
    assert types | {half.dtype} == {torch.float32}
    whole = run_test(tmp_path / "whole", model_of(), data(video_tree), PromptTuning(method="TPT", **STRONG))["logits"]
    assert 0 < (half - whole).abs().max() < 0.5


def test_a_video_whose_views_are_not_numbers_is_counted_and_predicted_untuned(
    tmp_path: Path, video_tree: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = model_of()
    untuned = run_test(tmp_path / "untuned", model, data(video_tree), PromptTuning(method="none", schedule=[]))

    def broken(model: ActionRecognizer, batch: VideoBatch, views: ViewBatch, **settings: Any) -> EmbeddedViews:
        embedded = embed_all_views(model, batch, views, **settings)
        embedded.tuned_on[batch.indices == 7, 2] = torch.inf
        return embedded

    monkeypatch.setattr(prompt_adaptation, "embed_all_views", broken)
    tuned = run_test(tmp_path / "tuned", model, data(video_tree), PromptTuning(method="TPT", **STRONG))
    assert tuned["sets"]["test"]["not_tuned"] == 1
    torch.testing.assert_close(tuned["logits"][7], untuned["logits"][7], atol=1e-5, rtol=0)
    assert tuned["logits"].isfinite().all()


def test_videos_that_cannot_be_decoded_are_not_counted(tmp_path: Path, video_tree: Path) -> None:
    (video_tree / "red dance" / "0.mp4").write_bytes(b"no video")
    module = data(video_tree, on_decode_error="count_as_wrong")
    of_set = run_test(tmp_path, model_of(), module, PromptTuning(method="TPT", **STRONG))["sets"]["test"]
    assert (of_set["n_evaluated"], of_set["n_failed"]) == (19, 1)
    assert of_set["tuned_top1"] * 19 == pytest.approx(of_set["top1"] * 20)


def test_new_videos_without_labels_are_tuned_too(tmp_path: Path, video_tree: Path) -> None:
    module = VideoFolder(
        train=video_tree,
        predict=video_tree / "red dance",
        clips=Clips(n_frames=4, image_size=32, views=AUGMENTED),
        loading=Loading(2, n_workers=0),
    )
    logits = {}
    for steps in (0, 2):
        callback = PromptTuning(method="TPT", schedule=["all"] * steps, **STRONG)
        trainer = Trainer(
            accelerator="cpu", default_root_dir=tmp_path, callbacks=[callback], logger=False, enable_progress_bar=False
        )
        predicted = trainer.predict(model_of(), datamodule=module)
        assert predicted is not None
        logits[steps] = torch.cat([batch["logits"] for batch in predicted])  # type: ignore[call-overload]
    assert logits[0].shape == (5, 4)
    assert (logits[0] - logits[2]).abs().max() > 1e-2


@pytest.mark.slow
def test_two_processes_predict_as_one_each_video_once(tmp_path: Path, video_tree: Path, tiny_weights: Path) -> None:
    write_odd_experiment(tmp_path / "experiment.yaml", video_tree, tiny_weights)
    fragment = ROOT / "configs" / "adaptation" / "dts_tpt_names.yaml"
    command = ["test", "--config", str(tmp_path / "experiment.yaml"), "--config", str(fragment)]
    command += ["--adaptation.learning_rate", "0.1", "--adaptation.schedule", "[all, right-2]"]
    assert main([*command, "--run_dir", str(tmp_path / "one")]) == 0
    command += ["--trainer.devices", "2", "--trainer.strategy", "ddp", "--run_dir", str(tmp_path / "two")]
    run_apart([*ZSAR, *command])
    tables = [(tmp_path / name / "predictions_test.csv").read_text() for name in ("one", "two")]
    assert len(tables[0].splitlines()) == 1 + 7
    assert tables[0] == tables[1]
    one, two = (json.loads((tmp_path / name / "results.json").read_text()) for name in ("one", "two"))
    assert (one["n_processes"], two["n_processes"]) == (1, 2)
    same = ("top1", "untuned_top1", "flipped_right", "flipped_wrong", "entropy_before", "entropy_after", "n_evaluated")
    for name in same:
        assert two["sets"]["test"][name] == pytest.approx(one["sets"]["test"][name], rel=1e-6), name


# --- what is refused --------------------------------------------------------------------------------------------------


def test_batches_without_views_are_refused_with_the_fragment_to_add(tmp_path: Path, video_tree: Path) -> None:
    with pytest.raises(ValueError, match=r"--config configs/adaptation/tpt.yaml, dts_tpt.yaml or zar.yaml"):
        run_test(tmp_path, model_of(), data(video_tree, views=None), PromptTuning(method="TPT"))


def test_after_an_error_the_model_is_no_longer_adapted(tmp_path: Path, video_tree: Path) -> None:
    model = model_of()
    with pytest.raises(ValueError, match="views of each video"):
        run_test(tmp_path, model, data(video_tree, views=None), PromptTuning(method="TPT"))
    assert model.adaptation is None


def test_another_model_is_refused(tmp_path: Path) -> None:
    trainer = Trainer(
        accelerator="cpu", callbacks=[PromptTuning(method="TPT")], logger=False, default_root_dir=tmp_path
    )
    with pytest.raises(TypeError, match="ActionRecognizer, not of a BoringModel"):
        trainer.test(BoringModel())


def test_weights_in_half_precision_are_refused(tmp_path: Path, video_tree: Path) -> None:
    with pytest.raises(ValueError, match=r"needs weights in fp32, but they are bfloat16; .*32-true"):
        run_test(tmp_path, model_of(), data(video_tree), PromptTuning(method="TPT"), precision="bf16-true")


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"texts": []}, "one or two different sets"),
        ({"texts": ["names", "names"]}, "one or two different sets"),
        ({"texts": ["names", "class_text"]}, r"'single' does not match 2 set\(s\) of texts"),
        ({"consistency": "hybrid"}, r"'hybrid' does not match 1 set\(s\) of texts \(names\)"),
        ({"schedule": ["all", "upper-3"]}, "the schedule has 'upper-3'"),
        ({"phrase": None}, "give a phrase or n_random_tokens"),
        ({"n_random_tokens": 3}, "give a phrase or n_random_tokens"),
        ({"phrase": None, "n_random_tokens": 0}, "n_random_tokens must be above 0; got 0"),
        ({"confident_share": 0.0}, "a share above 0 and up to 1; got 0.0"),
        ({"learning_rate": 0.0}, "learning_rate must be above 0; got 0.0"),
        ({"memory_mb": -1.0}, "memory_mb must be above 0; got -1.0"),
        ({"memory_mb": float("inf")}, "memory_mb must be above 0 and finite; got inf"),
        ({"learning_rate": float("nan")}, "learning_rate must be above 0; got nan"),
        ({"weight_decay": -0.1}, "weight_decay must be at least 0 and finite; got -0.1"),
        ({"weight_decay": float("nan")}, "weight_decay must be at least 0 and finite; got nan"),
    ],
)
def test_bad_settings_are_refused(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        PromptTuning(method="TPT", **settings)


def test_a_subset_of_more_frames_than_there_are_is_refused(tmp_path: Path, video_tree: Path) -> None:
    with pytest.raises(ValueError, match="'right-6', but a view has 4 frames"):
        run_test(tmp_path, model_of(), data(video_tree), PromptTuning(method="DTS-TPT", schedule=["all", "right-6"]))
