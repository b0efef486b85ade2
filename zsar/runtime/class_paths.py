"""Import paths of classes in configurations, checkpoints and results, including those from before zsar 0.2."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any


def class_path(class_: type) -> str:
    """The import path of a class, as files name it.

    Args:
        class_: A class. If a package above its module exports it, the path names that package, so that it stays the
            same when the file moves within the package. The root `zsar`, which offers classes to users of Python under
            short names (`zsar.T2L`), does not count: files keep the path that they have always had.

    Returns:
        "zsar.lightning_modules.t2l.T2L" for the class in `zsar/lightning_modules/t2l/t2l.py`.
    """
    parts = class_.__module__.split(".")
    packages = (".".join(parts[:n]) for n in range(2 if parts[0] == "zsar" else 1, len(parts)))
    exporting = (name for name in packages if getattr(sys.modules.get(name), class_.__qualname__, None) is class_)
    return f"{next(exporting, class_.__module__)}.{class_.__qualname__}"


def current_class_path(path: str) -> str:
    """The path in files of a class that had another import path before zsar 0.2, or that is named as in Python.

    Before 0.2, `lightning_modules`, `datamodules` and `callbacks` were top-level packages with other files. Class names
    are unchanged, so that the name identifies the class. Nothing is imported.

    Args:
        path: The import path of a class in a configuration, a checkpoint or a results.json.

    Returns:
        "zsar.lightning_modules.t2l.T2L" for "lightning_modules.t2l.T2L"; any other path unchanged, so that the result
        differs if and only if the path is outdated.
    """
    package, _, rest = path.partition(".")
    name = rest.rpartition(".")[2]
    is_public = path == f"zsar.{name}"  # the short name in Python, which jsonargparse finds
    if name not in _PLACES or not (package in _PACKAGES_BEFORE or is_public):
        return path
    return f"zsar.{_PLACES[name]}.{name}"


def with_current_class_paths(settings: Any) -> Any:  # noqa: ANN401 - any JSON
    """Settings with every `class_path` up to date.

    Args:
        settings: Content of JSON or YAML; it is not modified.

    Returns:
        A copy with `current_class_path` applied to each text under a key `class_path`.
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
# Classes that zsar before 0.2 wrote to files, and their packages in `zsar`; tests compare this with the code.
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
