"""The rows that a command line asks for: read from the included table, or computed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fnmatch import fnmatchcase

from zsar.lightning_modules.command_line.models.architecture_rows import ArchitectureRow
from zsar.lightning_modules.command_line.models.models_options import ModelsOptions
from zsar.lightning_modules.command_line.models.stored_rows import (
    installed_versions,
    shown_versions,
    stored_rows,
    stored_versions,
)
from zsar.runtime.nearest_names import did_you_mean
from zsar.runtime.terminal import message_console, say, tracked

_WORKS = ("yes", "partly")


def listed_rows(options: ModelsOptions) -> list[ArchitectureRow]:
    """The rows to list.

    Args:
        options: The parsed command line.

    Returns:
        Rows in the order of names; those of JSON configs last.

    Raises:
        ValueError: A name is none of an architecture.
        BackboneError: A JSON config cannot be built.
    """
    is_current = stored_versions() == installed_versions()
    known = stored_rows() if is_current and not options.recompute else {}
    paths = [name for name in options.names if name.endswith(".json")]
    patterns = [name for name in options.names if not name.endswith(".json")]
    names: list[str] = []
    if patterns or not paths:
        names = matching_names(list(known) or _all_names(), patterns)
    to_compute = [name for name in (*names, *paths) if name not in known]
    if to_compute and not is_current and not options.recompute:
        included, installed = shown_versions(stored_versions()), shown_versions(installed_versions())
        say(
            f"zsar includes the table of {included}, but {installed} are installed: computing {len(to_compute)} rows, "
            "a few seconds each",
            error=True,
        )
    rows = {**known, **computed_rows(to_compute)}
    return [row for row in (rows[name] for name in (*names, *paths)) if _works(row, options)]


def _works(row: ArchitectureRow, options: ModelsOptions) -> bool:
    return not options.methods or all(row.methods[method] in _WORKS for method in options.chosen_methods)


def matching_names(names: Sequence[str], patterns: Sequence[str]) -> list[str]:
    """The names that one of several patterns means, in their order, without regard to case.

    Args:
        names: All names.
        patterns: Each a whole name, a pattern with * and ?, or a part of names; none for all names.

    Raises:
        ValueError: A pattern means no name.
    """
    if not patterns:
        return list(names)
    found: set[str] = set()
    for pattern in patterns:
        lower = pattern.lower()
        exact = [name for name in names if name.lower() == lower]
        by_pattern = [name for name in names if fnmatchcase(name.lower(), lower)]
        matching = exact or by_pattern or [name for name in names if lower in name.lower()]
        if not matching:
            near = did_you_mean(pattern, names) or "; `zsar models` lists all"
            raise ValueError(f"no architecture is called {pattern!r}{near}")
        found.update(matching)
    return [name for name in names if name in found]


def computed_rows(names: Iterable[str]) -> dict[str, ArchitectureRow]:
    """Computes rows, with a progress bar.

    Args:
        names: Names of architectures, and paths of JSON configs.

    Returns:
        Rows by name.
    """
    listed = list(names)
    if not listed:
        return {}
    from zsar.lightning_modules.command_line.models.computed_rows import computed_row

    shown = tracked(listed, "building", console=message_console(), total=len(listed))
    return {name: computed_row(name) for name in shown}


def _all_names() -> Sequence[str]:
    from zsar.lightning_modules.open_clip_towers.weights.known_architectures import architecture_names

    return architecture_names()
