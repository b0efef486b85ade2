"""results.json files as ResultManifest writes them, with what a test is about set by name."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from zsar.lightning_modules.command_line.summarize.results.group_by import GroupBy
from zsar.lightning_modules.command_line.summarize.results.recognition_results import Run, recognition_run
from zsar.lightning_modules.command_line.summarize.results.result_reading import read_result
from zsar.lightning_modules.command_line.summarize.results.run_groups import RunGroup, group_runs
from zsar.lightning_modules.run_folders.run_record import kind_of_text

CLASS_PATHS = {
    "T2L": "zsar.lightning_modules.t2l.T2L",
    "ZeroShotCLIP": "zsar.lightning_modules.clip.ZeroShotCLIP",
    "APCLIP": "zsar.lightning_modules.ap_clip.APCLIP",
    "FineTunedCLIP": "zsar.lightning_modules.clip.FineTunedCLIP",
    "BIKE": "zsar.lightning_modules.bike.BIKE",
    "OpenVCLIP": "zsar.lightning_modules.open_vclip.OpenVCLIP",
    "TACO": "zsar.lightning_modules.taco.TACO",
}
ZAR_VIEWS = {
    "class_path": "zsar.datamodules.views.MultiRateViews",
    "init_args": {
        "n_crops": 3,
        "rates": [1.0, 0.5, 0.25, 0.125],
        "n_samples": 4,
        "segment_jitter": False,
        "n_frames": None,
    },
}
# What a training records and a test does not.
TRAINED = {
    "training_prompts": "drawn",
    "start_from": None,
    "model": {"drop_rate": 0.1, "optimization": {"learning_rate": 5e-5}},
    "clips": {"train_sampling": "random", "augmentation": {"flip": 0.5}},
    "best_by": "val/top1",
    "mean_of_epochs": None,
}


def adaptation(method: str = "ZAR", /, **changes: Any) -> dict[str, Any]:
    """What prompt tuning says of itself; ZAR's settings but for the changes."""
    own = {
        "method": method,
        "phrase": "a video of a",
        "n_random_tokens": None,
        "class_position": "end",
        "texts": ["names"],
        "schedule": ["all"],
        "consistency": "single",
        "confident_share": 0.8,
        "selection": "every_step",
        "learning_rate": 0.005,
        "weight_decay": 0.01,
        "prediction": "original",
    }
    return {**own, **changes}


def tuned(top1: float, **changes: float) -> dict[str, float]:
    """What tuning changed on a set with this top-1, which it had 2 points below without."""
    own = {
        "untuned_top1": top1 - 2,
        "views_top1": top1 - 1,
        "tuned_top1": top1,
        "flipped_right": 30.0,
        "flipped_wrong": 10.0,
        "not_tuned": 0.0,
        "entropy_before": 1.5,
        "entropy_after": 1.25,
        "view_seconds": 0.1,
        "encoding_seconds": 0.2,
        "tuning_seconds": 0.3,
    }
    return {**own, **changes}


def record(text: str = "descriptions: ours.json", *, training: bool = False, **changes: Any) -> dict[str, Any]:
    """What a result records of its test, or of the training of its model.

    Args:
        text: Source of the class text, of one prompt a class.
        training: Whether it is of the training.
        changes: Other values by dotted name ("trainer.max_epochs"), written with "__" for the dot.

    Returns:
        The record, of T2L as published.
    """
    own: dict[str, Any] = {"kind": kind_of_text(text), "source": text, "templates": [], "prompts_per_class": 1}
    own |= {"n_classes": 2, "hash": "text"}
    trainer: dict[str, Any] = {"accelerator": "cuda", "devices": 1, "nodes": 1, "n_processes": 1}
    trainer |= {"batch_per_process": 70}
    if training:
        trainer |= {"accumulation": 1, "batch_in_total": 70, "max_epochs": 50, "max_steps": None, "epochs_done": 50.0}
        trainer |= {"gradient_clip": None}
    content: dict[str, Any] = {
        "class_text": {"train" if training else "test": own},
        "tokenizer": None,
        "scorer": "mean_pooled_cosine",
        "prompt_ensemble": "probability",
        "frame_statistics": "model",
        **({**TRAINED} if training else {}),
        "shift": None,
        **{"frame_mean": "0.481455 0.457828 0.408211", "frame_std": "0.26863 0.261303 0.275777"},
        **{"n_frames": 8, "n_test_clips": 1, "n_test_crops": 1, "sampling": "t2l", "image_size": 224},
        **{"geometry": "crop", "resize_filter": "bicubic", "test_short_side_px": 256},
        "on_damage": "raise",
        "precision": "bf16-mixed",
        "trainer": trainer,
        "versions": {"zsar": "0123456789ab", "torch": "2.9.0", "lightning": "2.6.6"},
        "seed": 0,
    }
    for name, value in changes.items():
        outer, _, inner = name.partition("__")
        if outer == "class_text":
            own[inner] = value
        elif inner:
            content[outer] = {**(content[outer] or {}), inner: value}
        else:
            content[outer] = value
    return content


def described(data_set: str, /, **changes: Any) -> dict[str, Any]:
    """What a data module says of itself."""
    own = {
        "class_path": f"zsar.datamodules.data_sets.{data_set}.Anything",
        "data_set": data_set,
        "protocol": "all_classes",
        "fold": 1,
        "lists": {},
        "n_excluded": 0,
        "split_hash": "videos",
        "split_seed": 0,
        "n_listed": {"train": 100, "test": 100},
        "shots": None,
        "n_frames": 8,
        "n_test_clips": 1,
        "n_test_crops": 1,
        "views": None,
    }
    return {**own, **changes}


def write_result(
    folder: Path,
    figures: dict[str, float],
    *,
    model: str = "T2L",
    architecture: str = "ViT-B-16-quickgelu",
    arguments: dict[str, Any] | None = None,
    data: dict[str, Any] | None = None,
    trained_on: dict[str, Any] | None = None,
    text: str = "descriptions: ours.json",
    text_hash: str = "text",
    top5: float | None = None,
    adapted: dict[str, Any] | None = None,
    **changes: Any,
) -> Path:
    """Writes a results.json.

    Args:
        folder: The run folder, which is made.
        figures: Top-1 by set; "base" and "novel" get a harmonic mean.
        model: Class name.
        architecture: The CLIP model.
        arguments: Arguments of the model in the configuration, beside OpenAI's weights.
        data: The test data; UCF-101 by default.
        trained_on: The training data.
        text: Source of the class text of all sets.
        text_hash: Its hash.
        top5: Top-5 of all sets.
        adapted: What its prompt tuning says of itself; its views are ZAR's where the data have none.
        changes: Other values at the top level.

    Returns:
        The folder.
    """
    five = {} if top5 is None else {"top5": top5}
    harmonic = None
    effects = {name: {} if adapted is None else tuned(value) for name, value in figures.items()}
    data = data or described("ucf101")
    if adapted is not None and data["views"] is None:
        data = {**data, "views": ZAR_VIEWS}
    if "novel" in figures:
        harmonic = 2 * figures["base"] * figures["novel"] / (figures["base"] + figures["novel"])
    content: dict[str, Any] = {
        "stage": "test",
        "sets": {name: {"top1": value, **five, **effects[name]} for name, value in figures.items()},
        "harmonic_mean": harmonic,
        "complete": True,
        "model": {"class_path": CLASS_PATHS[model], "architecture": architecture, "trained_on": trained_on},
        "data": data,
        "adaptation": adapted,
        "class_text": {name: {"source": text, "hash": f"{text_hash} {name}", "n_classes": 2} for name in figures},
        "seed": 0,
        "config": {
            "model": {
                "class_path": CLASS_PATHS[model],
                "init_args": {"backbone": {"weights": "openai"}, **(arguments or {})},
            }
        },
    }
    folder.mkdir(parents=True)
    (folder / "results.json").write_text(json.dumps({**content, **changes}))
    return folder


def write_several_labels(folder: Path, value: float) -> Path:
    """Writes a results.json of a test on videos with several labels, of this mean average precision."""
    counts = {"n_positives": {"wave": 20, "sit": 60, "jump": 0}, "videos_by_labels": {"0": 40, "1": 40, "2": 20}}
    return write_result(
        folder,
        {"test": value},
        data=described("video_folder", protocol="multi_label", labels={"test": counts}),
        sets={
            "test": {
                "mean_average_precision": value,
                "n_scored_classes": 2.0,
                **{"n_listed": 100, "n_evaluated": 100, "n_failed": 0},
                "per_class": {"wave": value - 1, "sit": value + 1},
            }
        },
    )


def recognition_of(folder: Path) -> Run:
    """The run of a recognizer's results.json."""
    return recognition_run(folder, read_result(folder))


def recognition_groups(runs: Sequence[Run], by: GroupBy = "folder") -> list[RunGroup]:
    """The rows of runs of recognizers."""
    return [group for group in group_runs(runs, by) if isinstance(group, RunGroup)]
