from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from zsar.callbacks.prompt_tuning.prompt_tuning import PromptTuning
from zsar.callbacks.tracking.run_tracking import RunTracking
from zsar.lightning_modules.clip.clip import ZeroShotCLIP
from zsar.lightning_modules.command_line.fit_and_test.run_callbacks import run_callbacks
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
