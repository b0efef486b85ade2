import json
import statistics
from pathlib import Path
from typing import Any

import pytest
import torch
from lightning.pytorch import Trainer

from tests.makers.miniatures import make_all_conditions, make_hmdb51
from zsar.callbacks.results.result_manifest import ResultManifest, environment
from zsar.datamodules.data_sets.shifted.hmdb51_p import HMDB51P
from zsar.datamodules.data_sets.video_folder import VideoFolder
from zsar.datamodules.settings import Clips, Loading, Split
from zsar.datamodules.video import TrimmedVideoDataModule
from zsar.lightning_modules.clip.clip import FineTunedCLIP, ZeroShotCLIP
from zsar.lightning_modules.open_clip_towers.clip_settings import ClipSettings, TrainedClipSettings
from zsar.lightning_modules.recognition.recognizer import ActionRecognizer
from zsar.lightning_modules.run_folders.run_folder import RESULT_FILES
from zsar.lightning_modules.training.checkpoints import hash_of_tested_weights


@pytest.fixture
def module(video_tree: Path) -> VideoFolder:
    return VideoFolder(train=video_tree, clips=Clips(n_frames=4, image_size=32), loading=Loading(2, n_workers=0))


def results_of(
    path: Path, module: TrimmedVideoDataModule, *, model: ActionRecognizer | None = None, **arguments: Any
) -> dict[str, Any]:
    model = model or ZeroShotCLIP(backbone=ClipSettings("tiny-clip", "random"))
    quiet = {"logger": False, "enable_progress_bar": False, "enable_model_summary": False}
    run = Trainer(accelerator="cpu", default_root_dir=path, callbacks=[ResultManifest({"a": 1})], **quiet, **arguments)
    run.test(model, datamodule=module, verbose=False)
    content: dict[str, Any] = json.loads((path / "results.json").read_text())
    return content


def test_results_name_all_that_is_needed_to_reproduce_them(tmp_path: Path, module: VideoFolder) -> None:
    content = results_of(tmp_path, module)
    assert content["sets"]["test"]["n_listed"] == content["sets"]["test"]["n_evaluated"] == 4
    per_class = content["sets"]["test"]["per_class"]
    assert list(per_class) == list(module.class_names)
    assert sum(per_class.values()) / 4 == pytest.approx(content["sets"]["test"]["mean_class"])
    assert content["model"]["architecture"] == "tiny-clip"
    assert content["data"]["split_hash"] == module.describe()["split_hash"]
    assert content["class_text"]["test"]["hash"] == module.class_text("test")[0].content_hash
    assert content["config"] == {"a": 1}
    assert content["harmonic_mean"] is None
    assert content["undecodable"] == []


def test_results_carry_the_hash_of_the_tested_weights(tmp_path: Path, module: VideoFolder) -> None:
    assert results_of(tmp_path, module)["model"]["checkpoint_weights_hash"] is None  # nothing is trained
    trained = FineTunedCLIP(backbone=TrainedClipSettings("tiny-clip", "random"), tuned_share=0.5)
    expected = hash_of_tested_weights(trained)
    assert expected is not None
    with torch.no_grad():
        trained.backbone.clip.logit_scale.add_(1)
    assert results_of(tmp_path, module, model=trained)["model"]["checkpoint_weights_hash"] not in (None, expected)
    assert results_of(tmp_path, module, model=trained)["model"]["checkpoint_weights_hash"] == hash_of_tested_weights(
        trained
    )


@pytest.mark.parametrize("stage", RESULT_FILES)
def test_each_stage_has_a_file_of_its_own(tmp_path: Path, video_tree: Path, stage: str) -> None:
    (video_tree / "red dance" / "1.mp4").write_bytes(b"broken")
    loading = Loading(3, n_workers=0, on_decode_error="count_as_wrong")
    clips = Clips(n_frames=4, image_size=32)
    module = VideoFolder(train=video_tree, test=video_tree, predict=video_tree, clips=clips, loading=loading)
    quiet = {"logger": False, "enable_progress_bar": False, "enable_model_summary": False}
    run = Trainer(accelerator="cpu", default_root_dir=tmp_path, callbacks=[ResultManifest()], **quiet)  # type: ignore[arg-type]
    getattr(run, stage)(ZeroShotCLIP(backbone=ClipSettings("tiny-clip", "random")), datamodule=module)
    assert [path.name for path in tmp_path.glob("*.json")] == [RESULT_FILES[stage]]
    content = json.loads((tmp_path / RESULT_FILES[stage]).read_text())
    assert (content["stage"], content["complete"], content["model"]["checkpoint"]) == (stage, True, None)
    (of_set,) = content["sets"].values()
    assert of_set["n_evaluated"] + of_set["n_failed"] == of_set["n_listed"]
    if stage == "predict":
        assert of_set == {"n_listed": 20, "n_evaluated": 19, "n_failed": 1}
        assert content["class_text"]["predict"]["n_classes"] == 4


def test_weights_as_they_are_built_are_called_untrained(
    tmp_path: Path, module: VideoFolder, capsys: pytest.CaptureFixture[str]
) -> None:
    model = FineTunedCLIP(backbone=TrainedClipSettings("tiny-clip", "random"))
    assert results_of(tmp_path, module, model=model)["model"]["checkpoint"] == "untrained weights"
    mixed = FineTunedCLIP(backbone=TrainedClipSettings("tiny-clip", "random"), tuned_share=0.5)
    capsys.readouterr()
    assert results_of(tmp_path, module, model=mixed)["model"]["tuned_share"] == 0.5
    printed = " ".join(capsys.readouterr().out.split())
    assert "weights: untrained weights, a share of 0.5; the rest is the original's" in printed
    model.checkpoint_weights_hash = "12ab"  # a script loaded them
    assert results_of(tmp_path, module, model=model)["model"]["checkpoint"] is None


def test_a_loader_that_loses_videos_is_found_out(
    tmp_path: Path, module: VideoFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "zsar.datamodules.samplers.EvaluationSampler.__iter__", lambda self: iter(list(self.indices)[:3])
    )
    with pytest.raises(RuntimeError, match="4 videos are listed in the set 'test', but 3 were evaluated"):
        results_of(tmp_path, module)


def test_undecodable_videos_are_listed(tmp_path: Path, video_tree: Path) -> None:
    for path in video_tree.glob("red dance/*.mp4"):
        path.write_bytes(b"")
    loading = Loading(2, n_workers=0, on_decode_error="count_as_wrong")
    content = results_of(
        tmp_path, VideoFolder(train=video_tree, clips=Clips(n_frames=4, image_size=32), loading=loading)
    )
    assert len(content["undecodable"]) == content["sets"]["test"]["n_failed"] == 1
    assert "red dance" in content["undecodable"][0]


def test_of_many_undecodable_videos_twenty_are_printed(
    tmp_path: Path, video_tree: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for path in video_tree.glob("*/*.mp4"):
        path.write_bytes(b"")
    loading = Loading(2, n_workers=0, on_decode_error="count_as_wrong")
    clips = Clips(n_frames=4, image_size=32)
    content = results_of(tmp_path, VideoFolder(train=video_tree, test=video_tree, clips=clips, loading=loading))
    (video_tree / "red dance" / "9.mp4").write_bytes(b"")
    module = VideoFolder(train=video_tree, test=video_tree, clips=clips, loading=loading)
    assert len(content["undecodable"]) == 20
    assert "more, which" not in capsys.readouterr().out
    results_of(tmp_path, module)
    assert "and 1 more, listed in the file of results" in capsys.readouterr().out


def test_another_kind_of_model_is_refused(tmp_path: Path) -> None:
    from lightning.pytorch.demos.boring_classes import BoringModel

    with pytest.raises(TypeError, match="describes an ActionRecognizer, not a BoringModel"):
        Trainer(accelerator="cpu", logger=False, default_root_dir=tmp_path, callbacks=[ResultManifest()]).test(
            BoringModel()
        )


def test_the_environment_names_code_and_packages() -> None:
    described = environment()
    assert described["packages"]["torch"] == torch.__version__
    assert {"av", "open_clip_torch", "lightning"} <= set(described["packages"])
    assert described["code"]


def test_halves_of_the_classes_have_a_mean_and_a_deviation(
    tmp_path: Path, video_tree: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    clips, loading = Clips(n_frames=4, image_size=32), Loading(2, n_workers=0)
    for path in sorted(video_tree.glob("red dance/*.mp4"))[1:]:
        path.unlink()  # of classes of several sizes, a model that always says the same is not equally right
    split = Split(classes="halves")
    halves = VideoFolder(train=video_tree, test=video_tree, clips=clips, split=split, loading=loading)
    content = results_of(tmp_path / "halves", halves)
    assert list(content["sets"]) == [f"half_{draw}" for draw in range(10)]
    of_draws = [of_set["top1"] for of_set in content["sets"].values()]
    assert len(set(of_draws)) > 1
    assert content["mean"]["top1"] == pytest.approx(statistics.mean(of_draws))
    assert content["std"]["top1"] == pytest.approx(statistics.stdev(of_draws))
    assert all(of_set["n_evaluated"] == of_set["n_listed"] in (6, 10) for of_set in content["sets"].values())
    assert f"{content['mean']['top1']:.1f}" in capsys.readouterr().out
    assert content["data"]["classes"] == "halves"
    assert "mean" not in results_of(tmp_path / "all", VideoFolder(train=video_tree, clips=clips, loading=loading))


def test_perturbations_have_their_means_and_their_robustness_beside_the_clean_videos(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    make_all_conditions(tmp_path, make_hmdb51(tmp_path))
    module = HMDB51P(data_root=tmp_path, clips=Clips(n_frames=2, image_size=32), loading=Loading(8, n_workers=0))
    content = results_of(tmp_path / "run", module)
    assert len(content["sets"]) == 91
    perturbed = [of_set["top1"] for name, of_set in content["sets"].items() if name != "clean"]
    assert content["mean"]["top1"] == pytest.approx(statistics.mean(perturbed))
    assert "std" not in content
    own = content["robustness"]
    assert own["clean"] == content["sets"]["clean"]["top1"]
    assert own["all"]["top1"] == content["mean"]["top1"]
    assert len(own["by_perturbation"]) == 18
    assert list(own["by_group"]) == ["noise", "blur", "digital", "temporal", "camera"]
    jpeg = statistics.mean(content["sets"][f"jpeg_{severity}"]["top1"] for severity in range(1, 6))
    assert own["by_perturbation"]["jpeg"]["top1"] == pytest.approx(jpeg)
    printed = capsys.readouterr().out
    assert "mean of temporal" in printed
    assert "jpeg_1" not in printed  # a row a perturbation, not a condition
    assert len(printed.splitlines()) < 50
