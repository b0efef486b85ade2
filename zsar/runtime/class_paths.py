"""Import paths of classes, as configurations, checkpoints and results name them; those of before 0.2 also."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any


def class_path(class_: type) -> str:
    """The shortest path that leads to a class, as jsonargparse writes it into configurations.

    Args:
        class_: A class. Where a package above its module offers it, that package is named, so that a class keeps
            its path when its file moves within the package.

    Returns:
        "zsar.lightning_modules.t2l.T2L" for the class in `zsar/lightning_modules/t2l/t2l.py`.
    """
    parts = class_.__module__.split(".")
    packages = (".".join(parts[:n]) for n in range(1, len(parts)))
    offered_by = (name for name in packages if getattr(sys.modules.get(name), class_.__qualname__, None) is class_)
    return f"{next(offered_by, class_.__module__)}.{class_.__qualname__}"


def current_class_path(path: str) -> str:
    """Where a class is today that zsar before 0.2 named by another import path.

    Up to then `lightning_modules`, `datamodules` and `callbacks` were packages of their own, with other files in them.
    Names of classes have stayed, so that the name alone tells which class is meant. Nothing is imported.

    Args:
        path: The import path of a class, as a configuration, a checkpoint or a results.json names it.

    Returns:
        "zsar.lightning_modules.t2l.T2L" for "lightning_modules.t2l.T2L"; any other path as it is, so that a path has
        changed if and only if the result differs from it.
    """
    package, _, rest = path.partition(".")
    name = rest.rpartition(".")[2]
    if package not in _PACKAGES_BEFORE or name not in _PLACES:
        return path
    return f"zsar.{_PLACES[name]}.{name}"


def with_current_class_paths(settings: Any) -> Any:  # noqa: ANN401 - any JSON
    """Settings in which every `class_path` is that of today.

    Args:
        settings: What JSON or YAML holds; it is not changed.

    Returns:
        A copy, in which `current_class_path` has replaced each text that a key `class_path` has.
    """
    if isinstance(settings, Mapping):
        return {
            key: current_class_path(value)
            if key == "class_path" and isinstance(value, str)
            else with_current_class_paths(value)
            for key, value in settings.items()
        }
    if isinstance(settings, list | tuple):
        return [with_current_class_paths(value) for value in settings]
    return settings


_PACKAGES_BEFORE = ("lightning_modules", "datamodules", "callbacks")
_DATA_SETS = (
    *("ActivityNet", "ActivityNetUntrimmed", "HMDB51", "HMDB51P", "Kinetics400", "Kinetics600", "MovingShapes"),
    *("ShiftedMovingShapes", "SomethingSomethingV2", "THUMOS14", "THUMOS14Untrimmed", "UCF101", "UCF101DS"),
    *("UCF101O", "UCF101P", "UntrimmedFiles", "UntrimmedShapes", "VideoFolder"),
)
# What zsar before 0.2 wrote into files, and where it is within `zsar`; the tests compare it with what is there.
_PLACES = {
    "APCLIP": "lightning_modules.ap_clip",
    "FineTunedCLIP": "lightning_modules.clip",
    "FrameWiseCLIP": "lightning_modules.localization.frame_wise",
    "T2L": "lightning_modules.t2l",
    "T3AL": "lightning_modules.t3al",
    "ZeroShotCLIP": "lightning_modules.clip",
    "AugmentedViews": "datamodules.views",
    "MultiRateViews": "datamodules.views",
    "FramePromptScores": "callbacks.pictures.frame_prompt_scores",
    "PromptTuning": "callbacks.prompt_tuning",
    **dict.fromkeys(_DATA_SETS, "datamodules.data_sets"),
}
