"""Old names and values of settings: in options, configurations, checkpoints and results.

A configuration with an old name or value is an error whose message gives the new one. Older checkpoints and results,
which are never rewritten, are read as if they had the new ones.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

GROUP_OF: dict[str, dict[str, str]] = {
    "model": {
        "architecture": "backbone",
        "weights": "backbone",
        "gradient_checkpointing": "backbone",
        "scorer": "scoring",
        "prompt_ensemble": "scoring",
        "largest_gap_seconds": "proposals",
    },
    "data": {
        "stride": "loading",
        "features": "loading",
        "captions": "loading",
        "batch_size": "loading",
        "on_damage": "loading",
    },
}
"""Section of a configuration -> setting -> its current group: `model.weights` is in `model.backbone`."""

VALUE_OF: dict[str, dict[str, dict[object, str]]] = {
    "T2L": {"temporal_tokens": {True: "all", False: "none"}},
    "data": {"split.classes": {"not_in_kinetics400": "drawn_160"}},
}
"""Class, or "data" for any data set -> setting -> its old values and what they are now."""

_MOVED_WITH_VALUE = {
    "data": {"classes": "split"}
}  # into a group, but only with an old value: another class has `classes`

_IMPLIED_IN_GROUP: dict[str, dict[str, str | None]] = {
    "mixing": {"partner": "previous"},
    "optimization": {"cosine_from": "after_warmup", "warmup_start_fraction": None, "decay_on": "all"},
    "scoring": {"view_ensemble": "probability"},
}
VIEWS_OF_BEFORE: dict[str, dict[str, Any]] = {
    "AugmentedViews": {"crop_interpolation": "bicubic", "augmix_operations": "all"},
    "MultiRateViews": {"n_frames": None},
}
"""Class of further views -> the value that a newer argument stands for in results without it."""


def views_of_now(views: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments of further views in a result, with those that older results lack.

    Args:
        views: "class_path" and "init_args", as results.json has them.
    """
    return {**VIEWS_OF_BEFORE.get(views["class_path"].split(".")[-1], {}), **views["init_args"]}


def name_of_now(option: str) -> str | None:
    """The new name of an old option.

    Args:
        option: An option or a key of a configuration, such as "--model.weights" or "data.stride.frames".

    Returns:
        "--model.backbone.weights", "data.loading.stride.frames"; None if the option was not renamed.
    """
    section, _, rest = option.partition(".")
    kind = section.removeprefix("--")
    groups = {**GROUP_OF.get(kind, {}), **_MOVED_WITH_VALUE.get(kind, {})}
    group = groups.get(rest.partition(".")[0])
    return None if group is None else f"{section}.{group}.{rest}"


def value_of_now(option: str, class_path: str, written: str) -> str | None:
    """The new value of an option that had other values before.

    Args:
        option: The option, such as "--model.temporal_tokens".
        class_path: The class that it belongs to.
        written: The value as it was typed or read: "true", "True".

    Returns:
        The new value; None if the option has no such old value.
    """
    section, _, setting = option.removeprefix("--").partition(".")
    values = _values(section, class_path).get(setting, {})
    return next((now for value, now in values.items() if str(value).lower() == written.lower()), None)


def arguments_of_now(
    section: str, arguments: Mapping[str, Any], *, of_class: str | None = None, known: Collection[str] = ()
) -> dict[str, Any]:
    """Converts old arguments to the current names and values.

    Args:
        section: "model" or "data".
        arguments: The arguments of a class, old or current; not modified.
        of_class: Its class path or name, for settings of one class; None if unknown.
        known: Old names that the class still takes, as a user's class may.

    Returns:
        The arguments in the current order, with groups first.
    """
    grouped: dict[str, dict[str, Any]] = {}
    moved_with_value = {
        name: group
        for name, group in _MOVED_WITH_VALUE.get(section, {}).items()
        if _is_old(arguments.get(name), VALUE_OF[section][f"{group}.{name}"])
    }
    for name, group in {**GROUP_OF[section], **moved_with_value}.items():
        if name in arguments and name not in known:
            grouped.setdefault(group, {})[name] = arguments[name]
    moved = {name for settings in grouped.values() for name in settings}
    others = {name: value for name, value in arguments.items() if name not in moved}
    stated = {group: others.pop(group, {}) for group in grouped}
    now = {**{group: {**grouped[group], **dict(stated[group] or {})} for group in grouped}, **others}
    implied = implied_of_before(now) if section == "model" else {}
    now |= {name: value for name, value in implied.items() if not known or name in known}
    return values_of_now(section, now, of_class=of_class)


def values_of_now(section: str, arguments: Mapping[str, Any], *, of_class: str | None) -> dict[str, Any]:
    """Converts old values of arguments to the current ones.

    Args:
        section: "model" or "data".
        arguments: The arguments of a class, by their current names; not modified.
        of_class: Its class path or name, for values of one class; None if unknown.
    """
    now = dict(arguments)
    for setting, values in _values(section, of_class or "").items():
        now = _with_value_of_now(now, setting.split("."), values)
    return now


def _values(section: str, class_path: str) -> dict[str, dict[object, str]]:
    return VALUE_OF["data"] if section == "data" else VALUE_OF.get(class_path.rpartition(".")[2], {})


def _is_old(value: object, values: Mapping[object, str]) -> bool:
    return isinstance(value, bool | str) and value in values


def _with_value_of_now(arguments: dict[str, Any], path: list[str], values: Mapping[object, str]) -> dict[str, Any]:
    name, *rest = path
    if name not in arguments:
        return arguments
    value = arguments[name]
    if rest:
        is_nested = isinstance(value, Mapping)
        return {**arguments, name: _with_value_of_now(dict(value), rest, values)} if is_nested else arguments
    return {**arguments, name: values[value]} if _is_old(value, values) else arguments


def implied_of_before(arguments: Mapping[str, Any]) -> dict[str, Any]:
    """What older versions did without an option of a model, which may be another value than the default now.

    Args:
        arguments: The arguments of a model; not modified.

    Returns:
        The arguments that change, by name; empty for those of a current version.
    """
    implied: dict[str, Any] = {}
    if "tune" in arguments and "logit_scale" not in arguments:  # of FineTunedCLIP; with both towers either is the same
        implied["logit_scale"] = "frozen_with_one_tower" if arguments["tune"] == "both" else "trained"
    is_older = "specialization" not in arguments  # TACO had all that it has from the beginning
    if "tune" in arguments and is_older and "interpolated_regularization" not in arguments:
        implied["interpolated_regularization"] = None
    if ("tune" in arguments or "diversity_weight" in arguments) and is_older and "structure" not in arguments:
        implied["structure"] = None  # of APCLIP and T2L
    for group, of_before in _IMPLIED_IN_GROUP.items():
        stated = arguments.get(group)
        if isinstance(stated, Mapping) and not of_before.keys() <= stated.keys():
            implied[group] = {**stated, **{name: value for name, value in of_before.items() if name not in stated}}
    return implied


def config_of_now(config: Mapping[str, Any]) -> dict[str, Any]:
    """Converts the configuration of an older run to the current names; leaves a current one unchanged.

    Args:
        config: The configuration in a results.json, by section; not modified.
    """
    now = dict(config)
    for section in GROUP_OF:
        stated = config.get(section)
        if isinstance(stated, Mapping) and isinstance(stated.get("init_args"), Mapping):
            arguments = arguments_of_now(section, stated["init_args"], of_class=stated.get("class_path"))
            now[section] = {**stated, "init_args": arguments}
    return now
