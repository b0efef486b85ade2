from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import pytest
import torch
from lightning.pytorch import Callback, Trainer
from lightning.pytorch.callbacks import ModelCheckpoint
from lightning.pytorch.loggers import CSVLogger

from zsar.callbacks.cost import training_cost
from zsar.callbacks.cost.training_cost import TrainingCost
from zsar.datamodules.data_sets.video_folder import VideoFolder
from zsar.datamodules.settings import Clips, Loading, Split
from zsar.lightning_modules.clip.clip import FineTunedCLIP
from zsar.lightning_modules.open_clip_towers.clip_settings import TrainedClipSettings
from zsar.lightning_modules.recognition.recognizer import ActionRecognizer


class Clock:
    """A clock that a step of training moves by 2 s, and a validation by 100 s."""

    def __init__(self) -> None:
        self.now = 50.0

    def __call__(self, device: torch.device) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(training_cost, "device_seconds", clock)
    step, validation = ActionRecognizer.training_step, ActionRecognizer.validation_step

    def slow_step(self: ActionRecognizer, *arguments: Any) -> Any:
        clock.now += 2
        return step(self, *arguments)

    def slow_validation(self: ActionRecognizer, *arguments: Any) -> Any:
        clock.now += 100
        return validation(self, *arguments)

    monkeypatch.setattr(ActionRecognizer, "training_step", slow_step)
    monkeypatch.setattr(ActionRecognizer, "validation_step", slow_validation)
    return clock


def test_each_epoch_logs_its_cost_without_validation(tmp_path: Path, video_tree: Path, clock: Clock) -> None:
    module = VideoFolder(
        train=video_tree,
        clips=Clips(n_frames=4, image_size=32),
        split=Split(held_out_fraction=0.25),
        loading=Loading(4, n_workers=0),
    )
    logger = CSVLogger(tmp_path, name="csv", version="fit")
    quiet = {"enable_progress_bar": False, "enable_model_summary": False, "enable_checkpointing": False}
    trainer = Trainer(
        accelerator="cpu", max_epochs=2, logger=logger, callbacks=[TrainingCost()], default_root_dir=tmp_path, **quiet
    )
    trainer.fit(FineTunedCLIP(backbone=TrainedClipSettings("tiny-clip", "random")), datamodule=module)
    assert trainer.callback_metrics["val/top1"] >= 0  # there were validations to leave out
    rows = list(csv.DictReader((tmp_path / "csv" / "fit" / "metrics.csv").open()))
    epochs = [row for row in rows if row.get("cost/epoch_seconds")]
    n_videos = len(module.sets["train"])
    n_batches = -(-n_videos // 4)
    assert [float(row["cost/epoch_seconds"]) for row in epochs] == [2.0 * n_batches] * 2
    assert [float(row["cost/videos_per_second"]) for row in epochs] == pytest.approx([n_videos / (2 * n_batches)] * 2)
    assert all(10 < float(row["cost/peak_host_mb"]) < 100_000 for row in epochs)
    assert "cost/peak_device_mb" not in rows[0]  # there is no device beside the host


def test_an_epoch_resumed_in_its_middle_is_measured_from_there(tmp_path: Path, video_tree: Path, clock: Clock) -> None:
    """Lightning does not call `on_train_epoch_start` then."""

    def fit(callback: Callback, checkpoint: Path | None = None) -> Trainer:
        clips, loading = Clips(n_frames=4, image_size=32), Loading(batch_size=4, n_workers=0)
        module = VideoFolder(train=video_tree, clips=clips, loading=loading)
        quiet: dict[str, Any] = {"enable_progress_bar": False, "enable_model_summary": False, "logger": False}
        callbacks = [TrainingCost(), callback]
        trainer = Trainer(accelerator="cpu", max_epochs=1, callbacks=callbacks, default_root_dir=tmp_path, **quiet)
        torch.manual_seed(0)
        model = FineTunedCLIP(backbone=TrainedClipSettings("tiny-clip", "random"))
        trainer.fit(model, datamodule=module, ckpt_path=checkpoint, weights_only=False)
        return trainer

    middle = ModelCheckpoint(tmp_path, filename="{step}", every_n_train_steps=1, save_top_k=-1)
    n_steps = fit(middle).global_step
    clock.now = 1000.0
    resumed = fit(ModelCheckpoint(tmp_path / "other"), tmp_path / "step=1.ckpt")
    assert n_steps == resumed.global_step > 1
    assert float(resumed.callback_metrics["cost/epoch_seconds"]) == 2.0 * (n_steps - 1)
