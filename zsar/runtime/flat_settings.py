"""Nested settings by dotted names: {"data": {"fold": 1}} -> ("data.fold", 1)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any


def flat_settings(settings: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """The leaves of nested mappings, in their order.

    Args:
        settings: The mapping.
        prefix: Prefix of the names.

    Yields:
        Names and values; nothing for an empty mapping.
    """
    for key, value in settings.items():
        if isinstance(value, Mapping):
            yield from flat_settings(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value
