"""What published weights and configs say of their frames: open_clip's `preprocess_cfg`, checked."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, get_args

from zsar.datamodules.choices.frame_pixels import ResizeFilter
from zsar.lightning_modules.open_clip_towers.pixels.frame_statistics import Statistics, statistics_of
from zsar.lightning_modules.open_clip_towers.weights.weight_files import BackboneError
from zsar.runtime.text.text_files import shown

RESIZE_MODES = ("shortest", "squash", "longest")
"""open_clip's: the short side is resized and the centre cut; both sides are resized; the long side is, and padded."""
_UNUSED = ("size", "mode", "fill_color")  # the tower states the size; frames are RGB; nothing is padded
_KEYS = ("mean", "std", "resize_mode", "interpolation")
_LEAST_STD = 1e-6


@dataclass(frozen=True)
class PreprocessConfig:
    """How the pictures were made that a model was trained with.

    Attributes:
        statistics: What they were normalized with; None if the config does not state it.
        resize_mode: How they became square: one of `RESIZE_MODES`.
        resize_filter: How they were resized.
    """

    statistics: Statistics | None
    resize_mode: str
    resize_filter: ResizeFilter


def read_preprocess_config(config: object, where: str) -> PreprocessConfig:
    """Reads and checks a `preprocess_cfg`.

    As in open_clip, one that states no resizing means the short side ("shortest") and "bicubic".

    Args:
        config: The section of a JSON config, or open_clip's own of a tag.
        where: What states it, for messages: "the config tiny.json".

    Raises:
        BackboneError: A value is none that frames can be made with.
    """
    if not isinstance(config, Mapping):
        raise _wrong(where, "", config, "an object with mean, std, resize_mode and interpolation")
    stated = {key: config[key] for key in _KEYS if config.get(key) is not None}
    _check_mode(config, where)
    resize_mode, resize_filter = stated.get("resize_mode", "shortest"), stated.get("interpolation", "bicubic")
    if resize_mode not in RESIZE_MODES:
        raise _wrong(where, "resize_mode", resize_mode, f"one of {', '.join(RESIZE_MODES)}")
    if resize_filter not in get_args(ResizeFilter):
        raise _wrong(where, "interpolation", resize_filter, f"one of {', '.join(get_args(ResizeFilter))}")
    if ("mean" in stated) != ("std" in stated):
        there, missing = ("mean", "std") if "mean" in stated else ("std", "mean")
        raise BackboneError(f"{where} states {there} but no {missing} in preprocess_cfg; give both, or neither")
    statistics = None
    if "mean" in stated:
        mean = _three(stated["mean"], where, "mean", at_least=-math.inf)
        std = _three(stated["std"], where, "std", at_least=_LEAST_STD)
        statistics = statistics_of(mean, std)
    return PreprocessConfig(statistics, resize_mode, resize_filter)


def check_keys(config: Mapping[str, Any], where: str) -> None:
    """Checks that a user's `preprocess_cfg` states nothing that is not read.

    Raises:
        BackboneError: It has an unknown entry.
    """
    if unknown := sorted(set(config) - {*_KEYS, *_UNUSED}):
        raise BackboneError(
            f"{where} has the unknown entry {shown(unknown[0])} in preprocess_cfg; known are {', '.join(_KEYS)}"
        )


def _check_mode(config: Mapping[str, Any], where: str) -> None:
    if config.get("mode") not in (None, "RGB"):
        raise _wrong(where, "mode", config["mode"], "RGB")


def _three(value: object, where: str, name: str, *, at_least: float) -> list[float]:
    """Three numbers; one stands for all three, as in open_clip."""
    values = list(value) if isinstance(value, list | tuple) else [value] * 3
    numbers = [v for v in values if isinstance(v, int | float) and not isinstance(v, bool) and math.isfinite(v)]
    if len(values) != 3 or len(numbers) != 3 or min(numbers) < at_least:
        what = f"a number of at least {at_least:g}" if at_least > 0 else "a number"
        raise _wrong(where, name, value, f"{what}, or three")
    return [float(v) for v in numbers]


def _wrong(where: str, name: str, value: object, due: str) -> BackboneError:
    key = f"preprocess_cfg.{name}".rstrip(".")
    return BackboneError(f"{where} states {key} {shown(value)}, which must be {due}; correct it")
