"""A value that an experiment states."""

from typing import Any


def leaf(experiment: dict[str, Any], key: str) -> Any:
    """The value of a dotted key, without init_args."""
    found: Any = experiment
    for part in key.split("."):
        found = found.get("init_args", found)[part]
    return found
