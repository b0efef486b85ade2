from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest.mock import Mock

import pytest
from lightning.pytorch import Callback

from zsar.callbacks.pictures.errors.confusion_matrix import ConfusionMatrix
from zsar.callbacks.pictures.timelines.timelines import Timelines
from zsar.callbacks.prompt_tuning.prompt_tuning import PromptTuning
from zsar.callbacks.results.prediction_table import PredictionTable
from zsar.callbacks.results.result_manifest import ResultManifest
from zsar.callbacks.tracking.run_tracking import RunTracking
from zsar.lightning_modules.clip.clip import ZeroShotCLIP
from zsar.lightning_modules.command_line.cli import main
from zsar.lightning_modules.command_line.fit_and_test.run_callbacks import results_first, run_callbacks, say_idle
from zsar.lightning_modules.localization.frame_wise import FrameWiseCLIP
from zsar.lightning_modules.open_clip_towers.clip_settings import ClipSettings

TINY = ClipSettings("tiny-clip", "random")
MODELS: dict[str, Any] = {"recognizer": ZeroShotCLIP, "localizer": FrameWiseCLIP}
RATES = ["LearningRateMonitor", "LearningRateMonitor"]
RECOGNIZED, LOCALIZED = ["ResultManifest", "PredictionTable"], ["LocalizationManifest", "DetectionFile"]


@pytest.mark.parametrize(
    ("model", "command", "changes", "expected"),
    [
        ("recognizer", "fit", {}, ["SetProgressBar", *RECOGNIZED, "UndecodableVideos", "TrainingCost", *RATES]),
        ("recognizer", "test", {"bar": False}, [*RECOGNIZED, "UndecodableVideos", *RATES]),
        ("recognizer", "test", {"is_logged": False}, ["SetProgressBar", *RECOGNIZED, "UndecodableVideos"]),
        (
            "recognizer",
            "test",
            {"adaptation": PromptTuning(method="TPT"), "tracking": RunTracking(experiment=[], settings={})},
            ["SetProgressBar", *RECOGNIZED, "UndecodableVideos", "PromptTuning", "RunTracking", *RATES],
        ),
        ("localizer", "test", {}, ["SetProgressBar", *LOCALIZED, "UndecodableVideos"]),
    ],
)
def test_a_run_has_what_its_model_and_command_need(
    model: str, command: str, changes: dict[str, Any], expected: list[str]
) -> None:
    config = SimpleNamespace(
        trainer=SimpleNamespace(enable_progress_bar=changes.get("bar")), adaptation=changes.get("adaptation")
    )
    callbacks = run_callbacks(
        MODELS[model](backbone=TINY),
        config,
        command=command,
        written={"a": 1},
        is_logged=changes.get("is_logged", True),
        tracking=changes.get("tracking"),
    )
    assert [type(callback).__name__ for callback in callbacks] == expected
    (manifest,) = [callback for callback in callbacks if hasattr(callback, "config")]
    assert manifest.config == {"a": 1}


def test_results_are_written_before_what_a_configuration_adds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, video_tree: Path
) -> None:
    """A picture that cannot be drawn costs neither the results nor seconds of them."""
    broken = OSError("no space left on device")
    monkeypatch.setattr(ConfusionMatrix, "on_test_end", Mock(side_effect=broken))
    picture = ("--config", "visualization/confusion_matrix")
    model = ("--model", "ZeroShotCLIP", "--model.backbone.architecture", "tiny-clip", "--model.backbone.weights")
    data = ("random", "--data", "VideoFolder", "--data.train", str(video_tree), "--data.clips.image_size", "32")
    rest = ("--trainer.accelerator", "cpu", "--run_dir", str(tmp_path / "run"))
    assert main(["test", *model, *data, *picture, *rest]) != 0
    assert json.loads((tmp_path / "run" / "results.json").read_text())["complete"]


def test_only_what_writes_results_moves() -> None:
    others = [Callback(), ConfusionMatrix(), Callback()]
    results = [ResultManifest({}), PredictionTable()]
    assert results_first([*others, *results]) == [*results, *others]


@pytest.mark.parametrize(("command", "idle"), [("fit", 2), ("validate", 2), ("predict", 1), ("test", 0)])
def test_pictures_that_a_command_does_not_draw_are_named(
    command: str, idle: int, capsys: pytest.CaptureFixture[str]
) -> None:
    say_idle([Callback(), ConfusionMatrix(), Timelines(), PredictionTable()], command)
    named = ", ".join(["ConfusionMatrix", "Timelines"][:idle])
    expected = f"no pictures by {named} in zsar {command}: they are drawn in zsar test\n" if idle else ""
    assert capsys.readouterr().err == expected
