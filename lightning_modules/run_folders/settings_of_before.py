"""Old names of settings that are now part of a group: in options, configurations, checkpoints and results.

A configuration with an old name is an error whose message gives the new name. Older checkpoints and results, which are
never rewritten, are read as if they had the new names.
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


def name_of_now(option: str) -> str | None:
    """The new name of an old option.

    Args:
        option: An option or a key of a configuration, such as "--model.weights" or "data.stride.frames".

    Returns:
        "--model.backbone.weights", "data.loading.stride.frames"; None if the option was not renamed.
    """
    section, _, rest = option.partition(".")
    group = GROUP_OF.get(section.removeprefix("--"), {}).get(rest.partition(".")[0])
    return None if group is None else f"{section}.{group}.{rest}"


def arguments_of_now(section: str, arguments: Mapping[str, Any], *, known: Collection[str] = ()) -> dict[str, Any]:
    """Converts old arguments to the current names.

    Args:
        section: "model" or "data".
        arguments: The arguments of a class, old or current; not modified.
        known: Old names that the class still takes, as a user's class may.

    Returns:
        The arguments in the current order, with groups first.
    """
    grouped: dict[str, dict[str, Any]] = {}
    for name, group in GROUP_OF[section].items():
        if name in arguments and name not in known:
            grouped.setdefault(group, {})[name] = arguments[name]
    moved = {name for settings in grouped.values() for name in settings}
    others = {name: value for name, value in arguments.items() if name not in moved}
    stated = {group: others.pop(group, {}) for group in grouped}
    return {**{group: {**grouped[group], **dict(stated[group] or {})} for group in grouped}, **others}


def config_of_now(config: Mapping[str, Any]) -> dict[str, Any]:
    """Converts the configuration of an older run to the current names; leaves a current one unchanged.

    Args:
        config: The configuration in a results.json, by section; not modified.
    """
    now = dict(config)
    for section in GROUP_OF:
        stated = config.get(section)
        if isinstance(stated, Mapping) and isinstance(stated.get("init_args"), Mapping):
            now[section] = {**stated, "init_args": arguments_of_now(section, stated["init_args"])}
    return now
