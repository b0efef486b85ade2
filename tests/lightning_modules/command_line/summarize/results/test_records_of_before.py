"""Tests of `records_of_before`."""

from __future__ import annotations

import copy
from types import SimpleNamespace
from typing import Any

import pytest
from lightning.pytorch import Trainer

from tests.makers.results.recognition_results import CLASS_PATHS
from zsar.lightning_modules.command_line.summarize.results.records_of_before import (
    test_record_of_now as record_of_test,
)
from zsar.lightning_modules.command_line.summarize.results.records_of_before import (
    training_record_of_now as record_of_training,
)
from zsar.lightning_modules.open_clip_towers.open_clip_backbone import OpenClipBackbone
from zsar.lightning_modules.run_folders.run_record import run_record

CLIPS = {"n_frames": 16, "n_test_clips": 1, "n_test_crops": 1}
CLIPS_STATISTICS = {"frame_mean": "0.481455 0.457828 0.408211", "frame_std": "0.26863 0.261303 0.275777"}
FRAMES = {
    "tokenizer": None,
    **{"frame_statistics": "model", **CLIPS_STATISTICS, "sampling": "t2l"},
    **{"image_size": 224, "geometry": "crop", "resize_filter": "bicubic", "test_short_side_px": 256},
}


def a_trainer() -> Any:
    return Trainer(accelerator="cpu", logger=False, enable_progress_bar=False, enable_checkpointing=False)


def result(**training: Any) -> dict[str, Any]:
    """A result of before with frames of 224 px, whose training was so."""
    model = {"tune": "visual", "mixing": {"mixup_alpha": 0.8}, "optimization": {"learning_rate": 1e-5}}
    return {
        "config": {"data": {"init_args": {"clips": {"image_size": 224}}}},
        "model": {"class_path": CLASS_PATHS["FineTunedCLIP"]},
        "test": {"scorer": "mean_pooled_cosine", **CLIPS},
        "training": {"scorer": "mean_pooled_cosine", "model": model, **CLIPS, **training},
    }


def test_a_test_of_before_had_the_frames_that_there_was_no_option_for() -> None:
    content = result()
    before = copy.deepcopy(content)
    assert record_of_test(content) == {"scorer": "mean_pooled_cosine", **CLIPS, **FRAMES}
    assert content == before


def test_what_is_recorded_stays() -> None:
    content = result()
    stated = {"frame_statistics": "imagenet", "sampling": "mmaction", "test_short_side_px": 224}
    content["test"] |= stated
    recorded = record_of_test(content)
    assert recorded is not None
    assert recorded == {**recorded, **stated}
    assert recorded["frame_std"] == "0.229 0.224 0.225"  # ImageNet's
    squashed = {"image_size": 384, "geometry": "squash", "resize_filter": "bilinear", "test_short_side_px": None}
    now = record_of_test({**content, "test": {**content["test"], **squashed, "frame_mean": "0.5 0.5 0.5"}})
    assert now == {**recorded, **squashed, "frame_mean": "0.5 0.5 0.5"}


def test_clips_statistics_are_those_of_the_model() -> None:
    backbone = OpenClipBackbone("tiny-clip", "random")
    told = run_record(SimpleNamespace(class_texts={}, backbone=backbone), a_trainer(), stage="test", data={})
    assert {name: told[name] for name in CLIPS_STATISTICS} == CLIPS_STATISTICS


@pytest.mark.parametrize(("tune", "logit_scale"), [("visual", "trained"), ("both", "frozen_with_one_tower")])
def test_a_training_of_before_was_as_it_could_only_be(tune: str, logit_scale: str) -> None:
    content = result()
    content["training"]["model"]["tune"] = tune
    recorded = record_of_training(content)
    assert recorded is not None
    assert recorded["model"] == {
        "tune": tune,
        "mixing": {"mixup_alpha": 0.8, "partner": "previous"},
        "optimization": {
            "learning_rate": 1e-5,
            "cosine_from": "after_warmup",
            "warmup_start_fraction": None,
            "decay_on": "all",
        },
        "logit_scale": logit_scale,
        "interpolated_regularization": None,
        "structure": None,
    }
    assert recorded["mean_of_epochs"] is None
    assert recorded["training_prompts"] == "drawn"
    assert recorded == {**recorded, **FRAMES}


def test_late_interaction_was_trained_with_all_prompts() -> None:
    recorded = record_of_training(result(scorer="late_interaction"))
    assert recorded is not None
    assert recorded["training_prompts"] == "all"


def test_a_localizer_has_no_clips_and_an_untrained_model_no_record() -> None:
    content = {**result(), "test": {"n_frames": None}, "training": None}
    told = {**CLIPS_STATISTICS, "frame_statistics": "model", "resize_filter": "bicubic"}
    assert record_of_test(content) == {**dict.fromkeys(FRAMES), "n_frames": None, **told}
    squashed = {**content, "data": {"geometry": "squash"}}
    assert record_of_test(squashed) == {**dict.fromkeys(FRAMES), "n_frames": None, **told, "geometry": "squash"}
    assert record_of_training(content) is None
    assert record_of_test({**content, "test": None}) is None
    assert record_of_test({**content, "test": {"precision": "32-true"}}) == {"precision": "32-true"}
