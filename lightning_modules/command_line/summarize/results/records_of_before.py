"""Records of trainings and tests in older results, with the values that newer settings had before they existed.

Older versions could only do one thing where newer ones have an option, so that a run of before and the same run of now
belong to one row. A record that says nothing of frames at all stays as it is.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from zsar.datamodules.choices.geometry import RESIZE_RATIO
from zsar.lightning_modules.run_folders.settings_of_before import implied_of_before, values_of_now


def test_record_of_now(content: Mapping[str, Any]) -> dict[str, Any] | None:
    """The record of a test.

    Args:
        content: What a results.json holds.

    Returns:
        The record with `frame_statistics`, `sampling` and `test_short_side_px`; None if there is none.
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
        arguments = values_of_now("model", record["model"], of_class=content["model"]["class_path"])
        now["model"] = {**arguments, **implied_of_before(arguments)}
    return now


def _with_frames(record: Mapping[str, Any], content: Mapping[str, Any]) -> dict[str, Any]:
    if "n_frames" not in record:
        return dict(record)
    is_of_clips = record["n_frames"] is not None  # a localizer's record has no clips
    of_before = {
        "frame_statistics": "model",
        "sampling": "t2l" if is_of_clips else None,
        "test_short_side_px": _short_side(content) if is_of_clips else None,
    }
    return {**of_before, **record}


def _short_side(content: Mapping[str, Any]) -> int | None:
    """Short side of a test frame, in pixels; None if the configuration does not say how large its crop is."""
    arguments = ((content.get("config") or {}).get("data") or {}).get("init_args") or {}
    size = (arguments.get("clips") or {}).get("image_size")
    return None if size is None else round(size * RESIZE_RATIO)
