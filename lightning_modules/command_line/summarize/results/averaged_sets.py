"""The sets of a result that its "mean" is over."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def averaged_sets(content: Mapping[str, Any]) -> dict[str, Any]:
    """The sets that are averaged: draws of classes, or perturbations without the clean videos.

    Args:
        content: The content of a results.json.

    Returns:
        {set name: its figures}.

    Raises:
        ValueError: data.conditions names a set that the result does not have.
    """
    sets: dict[str, Any] = dict(content["sets"])
    conditions = content.get("data", {}).get("conditions")
    if conditions is None:
        return sets
    if not isinstance(conditions, Mapping) or not conditions or not conditions.keys() <= sets.keys():
        raise ValueError("data.conditions does not name sets of this result")
    return {name: sets[name] for name in conditions}
