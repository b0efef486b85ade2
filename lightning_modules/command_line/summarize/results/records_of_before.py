"""Records of trainings and tests in older results, with the values that newer settings had before they existed.

Older versions could only do one thing where newer ones have an option, so that a run of before and the same run of now
belong to one row. A record that says nothing of frames at all stays as it is.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from zsar.datamodules.choices.geometry import RESIZE_RATIO
from zsar.lightning_modules.run_folders.settings_of_before import implied_of_before, values_of_now

# Mean and deviation of a record that names them only. "model" stands for CLIP's: models with others were cropped or
# resized otherwise than now, so that their results are told apart by these.
_CLIP = ("0.481455 0.457828 0.408211", "0.26863 0.261303 0.275777")
_STATISTICS: Mapping[str, tuple[str | None, str | None]] = {
    "model": _CLIP,
    "imagenet": ("0.485 0.456 0.406", "0.229 0.224 0.225"),
}


def test_record_of_now(content: Mapping[str, Any]) -> dict[str, Any] | None:
    """The record of a test.

    Args:
        content: What a results.json holds.

    Returns:
        The record with statistics, sampling and pixels of frames; None if there is none.
    """
    record: Mapping[str, Any] | None = content.get("test")
    return None if record is None else _with_frames(record, content)


def training_record_of_now(content: Mapping[str, Any]) -> dict[str, Any] | None:
    """The record of the training of the tested weights.

    Args:
        content: What a results.json holds.

    Returns:
        The record with the same, `training_prompts` and the model's arguments; None if there is none.
    """
    record: Mapping[str, Any] | None = content.get("training")
    if record is None:
        return None
    now = _with_frames(record, content)
    if "scorer" in record:
        now.setdefault("training_prompts", "all" if record["scorer"] == "late_interaction" else "drawn")
    if record.get("model"):
        now.setdefault("mean_of_epochs", None)
        arguments = values_of_now("model", record["model"], of_class=content["model"]["class_path"])
        now["model"] = {**arguments, **implied_of_before(arguments)}
    return now


def _with_frames(record: Mapping[str, Any], content: Mapping[str, Any]) -> dict[str, Any]:
    if "n_frames" not in record:
        return dict(record)
    is_of_clips = record["n_frames"] is not None  # a localizer's record has no clips
    size = _stated_size(content) if is_of_clips else None
    mean, std = _STATISTICS.get(record.get("frame_statistics", "model"), (None, None))
    of_before = {
        "tokenizer": None,  # CLIP's own; which other one was not recorded
        "frame_statistics": "model",
        "frame_mean": mean,
        "frame_std": std,
        "sampling": "t2l" if is_of_clips else None,
        "image_size": size,
        "geometry": "crop" if is_of_clips else (content.get("data") or {}).get("geometry"),
        "resize_filter": "bicubic",
        "test_short_side_px": None if size is None else round(size * RESIZE_RATIO),
    }
    return {**of_before, **record}


def _stated_size(content: Mapping[str, Any]) -> int | None:
    """Height and width of a frame, in pixels; None if the configuration does not say it."""
    arguments = ((content.get("config") or {}).get("data") or {}).get("init_args") or {}
    size: int | None = (arguments.get("clips") or {}).get("image_size")
    return size
