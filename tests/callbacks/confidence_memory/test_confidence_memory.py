"""A test run with ConfidenceMemory: what depends on what, what it writes, and what it refuses."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
import torch
from lightning.pytorch import Trainer
from lightning.pytorch.demos.boring_classes import BoringModel

from tests.makers.command_line.more_processes import run_apart, zsar_of_three_processes
from tests.makers.configs.odd_experiment import write_odd_experiment
from tests.makers.models.tested_models import AUGMENTED, MODELS, data, model_of, run_test
from zsar.callbacks.confidence_memory import ConfidenceMemory
from zsar.callbacks.prompt_tuning import PromptTuning
from zsar.datamodules.data_sets.video_folder import VideoFolder
from zsar.datamodules.settings import Clips, Loading
from zsar.lightning_modules.recognition.scoring import Scoring

ROOT = Path(__file__).parents[3]
CLASSES = ("red dance", "green dance", "blue dance", "white dance")


def run_with(folder: Path, video_tree: Path, callback: Any, *, model: Any = None, **more: Any) -> dict[str, Any]:
    module = data(video_tree, **{"views": None, **more})
    return run_test(folder, model_of() if model is None else model, module, callback)


def test_a_test_has_two_passes_and_says_what_the_memory_did(tmp_path: Path, video_tree: Path, capsys: Any) -> None:
    (video_tree / "red dance" / "0.mp4").write_bytes(b"no video")
    more: dict[str, Any] = {"on_decode_error": "count_as_wrong"}
    model = model_of()
    result = run_with(tmp_path / "tda", video_tree, ConfidenceMemory(method="TDA"), model=model, **more)
    plain = run_with(tmp_path / "plain", video_tree, None, **more)
    assert model.adaptation is None
    settings = result["adaptation"]
    assert (settings["method"], settings["order"], settings["alpha"], plain["adaptation"]) == (
        "TDA",
        "two_pass",
        2.0,
        None,
    )
    of_set = result["sets"]["test"]
    assert (of_set["n_evaluated"], of_set["n_failed"]) == (19, 1)
    assert of_set["untuned_top1"] * 19 == pytest.approx(plain["sets"]["test"]["top1"] * 20)
    assert of_set["tuned_top1"] * 19 == pytest.approx(of_set["top1"] * 20)
    changed = (result["logits"] - plain["logits"]).abs().max(dim=1).values
    assert changed[changed > 1e-3].numel() == 19  # all but the one that could not be decoded
    stored = result["stored"]["test"]
    assert 1 <= max(stored["positive"].values()) <= 3
    assert plain["stored"] is None
    printed = capsys.readouterr().out
    assert f"positive {sum(stored['positive'].values())} of {len(stored['positive'])} classes" in printed


@pytest.mark.parametrize("method", ["TDA", "DMN"])
def test_neither_batch_size_nor_order_matters(method: Any, tmp_path: Path, video_tree: Path) -> None:
    rows = [f"{name}/{i}.mp4,{name}" for name in CLASSES for i in (0, 3)]
    logits = []
    for n, (batch_size, order) in enumerate([(1, rows), (7, rows[::-1])]):
        path = video_tree / f"order{n}.csv"
        path.write_text("\n".join(["path,label", *order]))
        callback = ConfidenceMemory(method=method)
        views = AUGMENTED if method == "DMN" else None
        logits.append(run_with(tmp_path / str(n), video_tree, callback, views=views, batch_size=batch_size, test=path))
    torch.testing.assert_close(logits[0]["logits"], logits[1]["logits"].flip(0), atol=1e-4, rtol=0)
    assert logits[0]["stored"] == logits[1]["stored"]


@pytest.mark.slow
@pytest.mark.parametrize("kind", [kind for kind in MODELS if kind != "AP-CLIP"])
def test_every_model_of_single_embeddings_is_corrected(kind: str, tmp_path: Path, video_tree: Path) -> None:
    of_kind = {"T2L": {"n_frames": 4}, "BIKE": {"scoring": Scoring("mean_pooled_cosine")}}.get(kind, {})
    model = model_of(MODELS[kind], **of_kind)
    result = run_with(tmp_path, video_tree, ConfidenceMemory(method="TDA"), model=model)
    assert result["sets"]["test"]["entropy_after"] < result["sets"]["test"]["entropy_before"]


def test_without_weight_it_is_a_plain_test_and_a_stream_says_so(tmp_path: Path, video_tree: Path) -> None:
    callback = ConfidenceMemory(method="TDA", alpha=0.0, negative_alpha=0.0, order="stream")
    result = run_with(tmp_path / "with", video_tree, callback)
    plain = run_with(tmp_path / "plain", video_tree, None)
    torch.testing.assert_close(result["logits"], plain["logits"], atol=1e-5, rtol=0)
    assert result["adaptation"]["method"] == "TDA (stream)"


def test_new_videos_without_labels_are_corrected_too(tmp_path: Path, video_tree: Path) -> None:
    module = VideoFolder(
        train=video_tree,
        predict=video_tree / "red dance",
        clips=Clips(n_frames=4, image_size=32),
        loading=Loading(2, n_workers=0),
    )
    logits = []
    for callbacks in ([], [ConfidenceMemory(method="TDA")]):
        arguments: dict[str, Any] = {"logger": False, "enable_progress_bar": False, "default_root_dir": tmp_path}
        trainer = Trainer(accelerator="cpu", callbacks=callbacks, **arguments)
        predicted = trainer.predict(model_of(), datamodule=module)
        assert predicted is not None
        logits.append(torch.cat([batch["logits"] for batch in predicted]))  # type: ignore[call-overload]
    assert ((logits[1] - logits[0]).abs().max(dim=1).values > 0.1).all()


@pytest.mark.slow
def test_two_and_three_processes_predict_as_one(tmp_path: Path, video_tree: Path, tiny_weights: Path) -> None:
    write_odd_experiment(tmp_path / "experiment.yaml", video_tree, tiny_weights)
    command = [*zsar_of_three_processes(tmp_path), "test", "--config", str(tmp_path / "experiment.yaml")]
    command += ["--config", str(ROOT / "configs" / "adaptation" / "tda.yaml")]
    for n in (1, 2, 3):
        more = [] if n == 1 else ["--trainer.devices", str(n), "--trainer.strategy", "ddp"]
        run_apart([*command, *more, "--run_dir", str(tmp_path / str(n))])
    tables = [(tmp_path / str(n) / "predictions_test.csv").read_text() for n in (1, 2, 3)]
    assert tables[0] == tables[1] == tables[2]
    one, *others = (json.loads((tmp_path / str(n) / "results.json").read_text()) for n in (1, 2, 3))
    for n, other in enumerate(others, start=2):
        assert (other["n_processes"], other["stored"]) == (n, one["stored"])
        for name in ("top1", "untuned_top1", "entropy_before", "entropy_after", "n_evaluated"):
            assert other["sets"]["test"][name] == pytest.approx(one["sets"]["test"][name], rel=1e-5), name
    streamed = [*command, "--adaptation.order", "stream", "--trainer.devices", "2", "--trainer.strategy", "ddp"]
    done = subprocess.run(
        [*streamed, "--run_dir", str(tmp_path / "stream")], capture_output=True, text=True, cwd=ROOT, check=False
    )
    assert done.returncode != 0
    assert "a stream has one order, but there are 2 processes" in done.stderr


# --- what is refused --------------------------------------------------------------------------------------------------


def test_a_memory_beside_a_tuned_prompt_is_refused(tmp_path: Path, video_tree: Path) -> None:
    model = model_of()
    trainer = Trainer(
        accelerator="cpu",
        callbacks=[ConfidenceMemory(method="TDA"), PromptTuning(method="TPT")],
        logger=False,
        enable_progress_bar=False,
        default_root_dir=tmp_path,
    )
    with pytest.raises(ValueError, match="ConfidenceMemory stands beside PromptTuning, .* leave one out"):
        trainer.test(model, datamodule=data(video_tree))
    assert model.adaptation is None


def test_another_model_is_refused(tmp_path: Path) -> None:
    callbacks: list[Any] = [ConfidenceMemory(method="TDA")]
    trainer = Trainer(accelerator="cpu", callbacks=callbacks, logger=False, default_root_dir=tmp_path)
    with pytest.raises(TypeError, match="ActionRecognizer, not of a BoringModel"):
        trainer.test(BoringModel())


def test_unknown_methods_and_orders_are_refused() -> None:
    with pytest.raises(ValueError, match="method must be one of TDA, DMN; got 'DPE'"):
        ConfidenceMemory(method="DPE")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="order must be one of two_pass, stream; got 'random'"):
        ConfidenceMemory(method="TDA", order="random")  # type: ignore[arg-type]
