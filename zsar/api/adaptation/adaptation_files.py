"""Reads an adaptation from a name or a file: configs/adaptation/tpt.yaml and the like, or the user's own.

A file has what those fragments have: `adaptation`, a `PromptTuning`, and the views that it needs, `data.clips` and
`data.loading.test_batch_size`. It may point to another one and state differences. The only classes that it may name
are `PromptTuning` and the views of zsar: nothing else is imported or run.
"""

from __future__ import annotations

import argparse
import re
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import jsonargparse

from zsar.api.adaptation.adaptation import Adaptation
from zsar.callbacks.prompt_tuning.prompt_tuning import PromptTuning
from zsar.datamodules.views.augmented_views import AugmentedViews
from zsar.datamodules.views.frame_sampling import Sampling
from zsar.datamodules.views.multi_rate_views import MultiRateViews
from zsar.lightning_modules.experiments.composed_settings import Statement, compose
from zsar.lightning_modules.experiments.experiment_files import read_statements
from zsar.lightning_modules.experiments.shipped_configs import is_config_name, located, nowhere, shipped_tunings
from zsar.runtime.class_paths import class_path, current_class_path
from zsar.runtime.files.given_files import check_given_file
from zsar.runtime.permitted_classes import only_permitted_classes, path_of

AdaptationLike = str | Path | PromptTuning | Adaptation
"""The name of a shipped adaptation ("tpt"), a file, the method alone, or the method with its views."""
_TUNINGS = (PromptTuning,)
_VIEWS = (AugmentedViews, MultiRateViews)
_OWN_VIDEOS = "zsar.datamodules.data_sets.VideoFolder"  # stands for the caller's videos, for the differences of a file


@dataclass(frozen=True)
class _StatedClips:
    """The settings of `data.clips` beside views that a file may state; see `zsar.datamodules.settings.Clips`."""

    n_frames: int | None = None
    n_test_clips: int = 1
    n_test_crops: int = 1
    sampling: Sampling = "t2l"
    test_short_side_px: int | None = None


@dataclass(frozen=True)
class _StatedLoading:
    """The settings of `data.loading` that a file may state."""

    test_batch_size: int = 2


def adaptation_of(given: AdaptationLike) -> Adaptation:
    """The adaptation that a caller means.

    Args:
        given: Its name or file; or a `PromptTuning`, which is tuned on the default views of `Adaptation`.

    Raises:
        FileNotFoundError: There is no such file.
        ValueError: The file does not describe an adaptation, or a value is out of range.
    """
    if isinstance(given, Adaptation):
        return given
    return Adaptation(given) if isinstance(given, PromptTuning) else read_adaptation(given)


def read_adaptation(name: str | Path) -> Adaptation:
    """Reads an adaptation.

    Args:
        name: A name of configs/adaptation, such as "tpt", or a YAML file.

    Raises:
        FileNotFoundError: There is no such file.
        ValueError: The file states something else than an adaptation and its views, or a value is wrong.
    """
    path = _path_of(str(name))
    stated = compose([Statement("", {"data": {"class_path": _OWN_VIDEOS}}), *read_statements(path)])
    _refuse_memory(stated.get("adaptation"), path)
    tuning_class, tuning_arguments = _class_stated(stated.get("adaptation"), "adaptation", path, among=_TUNINGS)
    clips, loading = _stated_data(stated, path)
    views = clips.pop("views", None)
    views_class, views_arguments = _class_stated(views, "data.clips.views", path, among=_VIEWS)
    parser = jsonargparse.ArgumentParser(exit_on_error=False)
    parser.add_class_arguments(tuning_class, "adaptation", fail_untyped=False)
    parser.add_class_arguments(views_class, "views")
    parser.add_class_arguments(_StatedClips, "clips")
    parser.add_class_arguments(_StatedLoading, "loading")
    settings = {"adaptation": tuning_arguments, "views": views_arguments, "clips": clips, "loading": loading}
    try:
        with only_permitted_classes():
            parsed = parser.parse_object(settings)
        of_clips = _StatedClips(**parsed.clips.as_dict())
        if (of_clips.n_test_clips, of_clips.n_test_crops) != (1, 1):
            raise ValueError("data.clips.n_test_clips and data.clips.n_test_crops must be 1 with further views")
        return Adaptation(
            tuning_class(**parsed.adaptation.as_dict()),
            views_class(**parsed.views.as_dict()),
            n_frames=of_clips.n_frames,
            sampling=of_clips.sampling,
            test_short_side_px=of_clips.test_short_side_px,
            batch_size=parsed.loading.test_batch_size,
        )
    except (argparse.ArgumentError, TypeError, ValueError) as error:
        raise ValueError(f"{path}: {_reason(error)}") from error


def _refuse_memory(stated: object, path: Path) -> None:
    """Refuses an adaptation that needs all videos before it answers for the first."""
    named = str(stated.get("class_path")) if isinstance(stated, Mapping) else ""
    if named.rpartition(".")[2] == "ConfidenceMemory":
        raise ValueError(
            f"{path} is a memory of all videos of a set, but videos of your own are answered one after another; put "
            f"them into a folder and run zsar predict --data VideoFolder with --config {path}"
        )


def _path_of(name: str) -> Path:
    """The file of a name."""
    is_file_name = is_config_name(name)
    asked = name if is_file_name else f"adaptation/{name}"
    given = Path(asked).expanduser()
    path = located(str(given))
    if path is not None or (is_file_name and given.exists()):
        path = given if path is None else path
        check_given_file(path, remedy="give a YAML file like those of configs/adaptation")
        return path
    known = "" if is_file_name else f"; zsar has {', '.join(shipped_tunings())}, or give a YAML file"
    raise FileNotFoundError(f"there is no adaptation {name}{nowhere(asked) if is_file_name else ''}{known}")


def _stated_data(stated: Mapping[str, Any], path: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    """The settings of clips and of loading, after checking that the file states nothing that has no effect here."""
    data = stated["data"] or {}
    groups = data.get("init_args") or {}
    without_effect = [str(name) for name in stated if name not in ("data", "adaptation")]
    if data.get("class_path") != _OWN_VIDEOS or not isinstance(groups, Mapping):
        groups, without_effect = {}, [*without_effect, "data"]
    known = {"clips": {"views", *(one.name for one in fields(_StatedClips))}, "loading": {"test_batch_size"}}
    for group, settings in groups.items():
        names = settings if isinstance(settings, Mapping) and group in known else {"": None}
        without_effect += [f"data.{group}.{name}".rstrip(".") for name in names if name not in known.get(group, ())]
    if without_effect:
        raise ValueError(
            f"{path} states {', '.join(without_effect)}, which an adaptation of your own videos does not read; leave "
            "only adaptation, data.clips and data.loading.test_batch_size, as in configs/adaptation/tpt.yaml"
        )
    return dict(groups.get("clips", {})), dict(groups.get("loading", {}))


def _class_stated(stated: object, section: str, path: Path, *, among: tuple[type, ...]) -> tuple[Any, dict[str, Any]]:
    """The class that a section names, one of a few, and its arguments."""
    names = " or ".join(class_path(one) for one in among)
    if not isinstance(stated, Mapping) or "class_path" not in stated:
        raise ValueError(f"{path} states no class for {section}; write its class_path, {names}, and init_args")
    named = current_class_path(str(stated["class_path"]))
    chosen = next((one for one in among if named in (class_path(one), path_of(one), one.__name__)), None)
    arguments = stated.get("init_args") or {}
    further = [str(name) for name in stated if name not in ("class_path", "init_args")]
    if chosen is None or further or not isinstance(arguments, Mapping):
        what = f"class_path {named}" if chosen is None else ", ".join(further) or f"init_args {arguments!r}"
        raise ValueError(f"{path}: {section} has {what}; it can be {names} with init_args, a mapping")
    return chosen, dict(arguments)


def _reason(error: Exception) -> str:
    """What is wrong, in one line; jsonargparse's messages are shortened."""
    line = re.sub(r"<class '(?:[\w.]*\.)?(\w+)'>|\btyping\.", r"\1", " ".join(str(error).split()))
    if wrong := re.match(r'Parser key "(.+?)": Expected an? (.+?)\. Got value: (.*)', line):
        kind = "a list" if wrong[2] == "Sequence" else wrong[2]
        return f"{_as_stated(wrong[1])} must be {kind}; got {wrong[3]}"
    if unknown := re.match(r"Group '(.+)' does not accept option '(.+?)'", line):
        return f"there is no setting {_as_stated(unknown[1])}.{unknown[2]}"
    return line


def _as_stated(key: str) -> str:
    """The key of a setting as files state it."""
    group, dot, rest = key.partition(".")
    return (
        {"views": "data.clips.views", "clips": "data.clips", "loading": "data.loading"}.get(group, group) + dot + rest
    )
