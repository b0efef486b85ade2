"""Which options of a command line differ from their defaults."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import MISSING, fields
from types import MappingProxyType
from typing import Any

from zsar.lightning_modules.command_line.options.fields import Described


def given_options(
    options: Any,  # noqa: ANN401 - a dataclass of options
    *,
    changes: Mapping[str, Mapping[str, Any]] = MappingProxyType({}),
) -> Iterator[tuple[str, Any]]:
    """The options of a dataclass and of its groups that differ from their defaults.

    An option that is typed with its default cannot be told from one that is not typed.

    Args:
        options: The dataclass, as `fields.read_options` returns it.
        changes: What is overridden for single options, as in `fields.add_options`.

    Yields:
        Name and value: "--top_k" and 3; positional arguments by their metavar.
    """
    for declared in fields(options):
        value, entry = getattr(options, declared.name), declared.metadata["option"]
        if not isinstance(entry, Described):
            yield from given_options(value, changes=entry.changes)
            continue
        default = changes.get(declared.name, {}).get("default", declared.default)
        if value not in ((None, ()) if default is MISSING else (default,)):
            yield (entry.metavar or declared.name) if entry.is_positional else f"--{declared.name}", value
