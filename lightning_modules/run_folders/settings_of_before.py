"""Settings that have become part of a group, by their old names: in options, configurations, checkpoints and results.

A configuration with an old name is an error that says the new one. Checkpoints and results of before, which nobody
writes again, are read as if they had the new names.
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
    },
    "data": {
        "stride": "loading",
        "features": "loading",
        "captions": "loading",
        "batch_size": "loading",
        "on_damage": "loading",
    },
}
"""Section of a configuration -> setting -> the group that it is part of now: `model.weights` is in `model.backbone`."""


def name_of_now(option: str) -> str | None:
    """What an option of before is called now.

    Args:
        option: An option or a key of a configuration, such as "--model.weights" or "data.stride.frames".

    Returns:
        "--model.backbone.weights", "data.loading.stride.frames"; None where the option has no other name.
    """
    section, _, rest = option.partition(".")
    group = GROUP_OF.get(section.removeprefix("--"), {}).get(rest.partition(".")[0])
    return None if group is None else f"{section}.{group}.{rest}"


def arguments_of_now(section: str, arguments: Mapping[str, Any], *, known: Collection[str] = ()) -> dict[str, Any]:
    """Arguments of before under the names of now.

    Args:
        section: "model" or "data".
        arguments: The arguments of a class, of before or of now; they are not changed.
        known: What the class takes under its old name all the same, as a class of the user may.

    Returns:
        The arguments with each setting in its group.
    """
    now = {name: dict(value) if isinstance(value, Mapping) else value for name, value in arguments.items()}
    for name, group in GROUP_OF[section].items():
        if name in now and name not in known:
            value = now.pop(name)
            inner = now.setdefault(group, {})
            if isinstance(inner, dict):
                inner.setdefault(name, value)
    return now


def config_of_now(config: Mapping[str, Any]) -> dict[str, Any]:
    """The configuration of a run of before under the names of now; one of now as it is.

    Args:
        config: What a results.json says of the run, by section; it is not changed.
    """
    now = dict(config)
    for section in GROUP_OF:
        stated = config.get(section)
        if isinstance(stated, Mapping) and isinstance(stated.get("init_args"), Mapping):
            now[section] = {**stated, "init_args": arguments_of_now(section, stated["init_args"])}
    return now
