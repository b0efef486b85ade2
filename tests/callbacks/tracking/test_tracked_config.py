from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from lightning.pytorch import Trainer

from zsar.callbacks.prompt_tuning.prompt_tuning import PromptTuning
from zsar.callbacks.tracking.tracked_config import tracked_config, tracked_summary, tracked_tags
from zsar.datamodules.data_sets.video_folder import VideoFolder
from zsar.datamodules.settings import Clips, Loading, Split
from zsar.lightning_modules.clip.clip import ZeroShotCLIP
from zsar.lightning_modules.open_clip_towers.clip_settings import ClipSettings


@pytest.fixture
def model() -> ZeroShotCLIP:
    return ZeroShotCLIP(backbone=ClipSettings("tiny-clip", "random"))


def set_up(video_tree: Path, model: ZeroShotCLIP, **settings: Any) -> Trainer:
    """A trainer that has been set up for a test of the model, with the given callbacks."""
    callbacks = settings.pop("callbacks", [])
    module = VideoFolder(
        train=video_tree, clips=Clips(n_frames=4, image_size=32), loading=Loading(2, n_workers=0), **settings
    )
    module.setup("test")
    trainer = Trainer(accelerator="cpu", logger=False, callbacks=callbacks)
    trainer.datamodule = module  # type: ignore[attr-defined]
    model.class_texts["test"] = module.class_text("test")
    return trainer


def test_the_configuration_is_that_of_the_run_with_its_hashes(video_tree: Path, model: ZeroShotCLIP) -> None:
    trainer = set_up(video_tree, model)
    config = tracked_config(trainer, model, stage="test", experiment=["e", "tpt"], settings={"seed_everything": 3})
    assert (config["stage"], config["experiment"]) == ("test", ["e", "tpt"])
    module: Any = trainer.datamodule  # type: ignore[attr-defined]
    assert config["data"]["split_hash"] == module.describe()["split_hash"]
    assert config["record"]["class_text"]["test"]["hash"] == module.class_text("test")[0].content_hash
    assert config["record"]["trainer"]["accelerator"] == "cpu"
    assert config["tracked_model"]["backbone_hash"] == model.backbone.weights_hash
    assert config["settings"] == {"seed_everything": 3}
    assert config["environment"]["packages"]["torch"]
    json.dumps(config)  # plain types


def test_tags_are_method_data_protocol_architecture_and_tuning(video_tree: Path, model: ZeroShotCLIP) -> None:
    assert tracked_tags(set_up(video_tree, model), model) == [
        "ZeroShotCLIP",
        "video_folder",
        "all_classes",
        "tiny-clip",
    ]
    trainer = set_up(video_tree, model, split=Split(shots=2), callbacks=[PromptTuning(method="TPT")])
    assert tracked_tags(trainer, model)[2:] == ["all_classes", "tiny-clip", "TPT", "2 shots"]


def test_tags_are_no_longer_than_wandb_takes(
    video_tree: Path, model: ZeroShotCLIP, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(VideoFolder, "data_set", "x" * 70)
    assert "x" * 64 in tracked_tags(set_up(video_tree, model), model)


def test_the_summary_has_what_is_no_metric() -> None:
    cost = {"seconds": 2.0, "peak_device_mb": None, "parameters": {"total": 5, "trained": 1}, "counted": "words"}
    result = {"complete": True, "undecodable": ["a", "b"], "cost": cost, "mean": {"top1": 50.0}, "sets": {}}
    assert tracked_summary(result) == {
        "complete": True,
        "n_undecodable": 2,
        "mean/top1": 50.0,
        "cost/seconds": 2.0,
        "cost/parameters/total": 5,
        "cost/parameters/trained": 1,
    }
    assert tracked_summary({"undecodable": []}) == {"n_undecodable": 0}
