"""Recognizers and localizers, data sets of trimmed and untrimmed videos: lists of them, and which fit together."""

from __future__ import annotations

import pkgutil
from collections.abc import Mapping, Sequence
from dataclasses import fields, is_dataclass
from inspect import isabstract, signature
from typing import Any

import zsar.lightning_modules.ap_clip.ap_clip
import zsar.lightning_modules.bike.bike
import zsar.lightning_modules.clip.clip
import zsar.lightning_modules.localization.frame_wise
import zsar.lightning_modules.open_vclip.open_vclip
import zsar.lightning_modules.t2l.t2l
import zsar.lightning_modules.t3al.t3al
import zsar.lightning_modules.taco.taco  # noqa: F401 - all models and data sets, so that their short names are known
from zsar.callbacks.confidence_memory.confidence_memory import ConfidenceMemory
from zsar.callbacks.prompt_tuning.prompt_tuning import PromptTuning
from zsar.datamodules import data_sets
from zsar.datamodules.untrimmed_video import UntrimmedVideoDataModule
from zsar.datamodules.video import TrimmedVideoDataModule
from zsar.lightning_modules.experiments.experiment_files import stated_class
from zsar.lightning_modules.localization.localizer import ActionLocalizer
from zsar.lightning_modules.recognition.recognizer import ActionRecognizer
from zsar.runtime.class_paths import class_path
from zsar.runtime.permitted_classes import path_of

KINDS: dict[str, dict[str, type]] = {
    "model": {"a recognizer": ActionRecognizer, "a localizer": ActionLocalizer},
    "data": {
        "a data set of trimmed videos": TrimmedVideoDataModule,
        "one of untrimmed videos": UntrimmedVideoDataModule,
    },
}
"""Names and base classes of the two kinds of models and of data."""

ADAPTATIONS: tuple[type, ...] = (PromptTuning, ConfidenceMemory)
"""What `--adaptation` may be."""

_MODELS = "zsar.lightning_modules."


def chosen_class(section: str, class_path: str) -> type:
    """Returns the class that a section of a configuration names.

    Raises:
        ValueError: It is not a class, or of neither kind.
    """
    chosen = pkgutil.resolve_name(class_path)
    if not isinstance(chosen, type) or not issubclass(chosen, tuple(KINDS[section].values())):
        kinds = " nor ".join(f"{kind} ({base.__name__})" for kind, base in KINDS[section].items())
        raise ValueError(f"--{section} {class_path} is neither {kinds}; `zsar test --help` lists what there is")
    return chosen


def check_command_line(arguments: Sequence[str]) -> None:
    """Checks the classes of zsar on a command line, as far as possible before it is parsed.

    Otherwise the parser would stop at the first setting of the wrong kind, without naming the cause.

    Args:
        arguments: A command line, beginning with the command, as `with_read_experiments` returns it.

    Raises:
        ValueError: As `check_kinds` and `check_localizer_options`.
    """
    model, data = (_known_class(section, stated_class(arguments, section)) for section in ("model", "data"))
    if model is not None and data is not None:
        check_kinds(model, data, command=arguments[0])
    if model is not None and issubclass(model, ActionLocalizer):
        check_localizer_options(model, adaptation=stated_class(arguments, "adaptation"), ckpt_path=None)


def check_kinds(model: type, data: type, *, command: str) -> None:
    """Checks that a model fits a data set and a command.

    Args:
        model: The class of the model.
        data: The class of the data module.
        command: "fit", "validate", "test" or "predict".

    Raises:
        ValueError: They do not fit together, or a localizer would be trained.
    """
    if issubclass(model, ActionRecognizer) and not issubclass(data, TrimmedVideoDataModule):
        raise ValueError(
            f"{model.__name__} recognizes the one action of a trimmed video, but {data.__name__} has untrimmed videos; "
            f"give a data set of trimmed ones, such as --data VideoFolder, or find actions in time with a localizer: "
            f"--model {names_of(ActionLocalizer)}"
        )
    if issubclass(model, ActionLocalizer) and command not in ("test", "predict"):
        raise ValueError(
            f"{model.__name__} is a localizer, which is not trained, so that there is nothing to {command}; use "
            f"`zsar test` or `zsar predict`, or a recognizer: --model {names_of(ActionRecognizer)}"
        )
    if issubclass(model, ActionLocalizer) and not issubclass(data, UntrimmedVideoDataModule):
        raise ValueError(
            f"{model.__name__} finds actions in untrimmed videos, but {data.__name__} has trimmed videos of one action "
            f"each; give a data set of untrimmed ones: --data {names_of(UntrimmedVideoDataModule)}, or a recognizer: "
            f"--model {names_of(ActionRecognizer)}"
        )


def check_groups(section: str, class_: type, settings: Mapping[str, Any]) -> None:
    """Checks that values for groups of settings, such as `data.clips`, are groups.

    jsonargparse parses the settings within a group, but passes other values on unchanged.

    Args:
        section: "model" or "data".
        class_: The class that the section names.
        settings: Its arguments by name.

    Raises:
        ValueError: A number, a text or a list is given for a group; the message names it.
    """
    for name, parameter in signature(class_).parameters.items():
        value = settings.get(name)
        if is_dataclass(parameter.default) and not (value is None or is_dataclass(value) or hasattr(value, "keys")):
            first = fields(parameter.default)[0].name
            raise ValueError(
                f"--{section}.{name} is a group of settings, such as --{section}.{name}.{first}; got {value!r:.60}"
            )


def check_localizer_options(model: type, *, adaptation: object, ckpt_path: object) -> None:
    """Checks that options without effect on a localizer are not set.

    Args:
        model: The class of the localizer.
        adaptation: The setting `adaptation`; None for none.
        ckpt_path: The setting `ckpt_path`; None for none.

    Raises:
        ValueError: One of them is set.
    """
    if adaptation is not None:
        raise ValueError(
            f"--adaptation tunes the prompts of a recognizer, and {model.__name__} is a localizer; leave it out: what "
            "a localizer adapts is among its own settings, such as T3AL's model.tuning"
        )
    if ckpt_path is not None:
        raise ValueError(
            f"--ckpt_path {ckpt_path}: {model.__name__} is a localizer, which is not trained and has no checkpoints; "
            "leave it out, and choose weights of the CLIP model by --model.backbone.weights"
        )


def _known_class(section: str, stated: str | None) -> type | None:
    """The class of zsar with this path or short name; None if there is none."""
    kinds = {kind for base in KINDS[section].values() for kind in _subclasses(base)}
    return next((kind for kind in kinds if stated in (kind.__name__, class_path(kind), path_of(kind))), None)


def names_of(base: type) -> str:
    """The short names of zsar's classes of a kind: "A, B or C"."""
    ours = short_names(base)
    return f"{', '.join(ours[:-1])} or {ours[-1]}"


def short_names(base: type) -> list[str]:
    """The short names of zsar's classes of a kind, sorted; abstract classes are left out."""
    return [kind.__name__ for kind in classes_of(base)]


def classes_of(base: type) -> list[type]:
    """The classes of zsar of a kind, sorted by name; classes that are only bases of others are left out."""
    offered = {getattr(data_sets, name) for name in data_sets.__all__}
    ours = {kind for kind in _subclasses(base) if kind in offered or kind.__module__.startswith(_MODELS)}
    return sorted((kind for kind in ours if not isabstract(kind)), key=lambda kind: kind.__name__)


def _subclasses(base: type) -> set[type]:
    """All subclasses, at any depth."""
    children: set[type] = set(base.__subclasses__())
    return children.union(*(_subclasses(child) for child in children))
