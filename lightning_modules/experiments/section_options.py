"""Options that state sections of a configuration: --config FILE, --data X, --data.split.seed 1."""

from __future__ import annotations

from collections.abc import Iterator, Sequence


def section_options(arguments: Sequence[str], sections: Sequence[str]) -> Iterator[tuple[str, ...]]:
    """Splits a command line into options for files and sections, and other arguments.

    Args:
        arguments: The command line.
        sections: Names of the sections: "data" for --data and --data.SETTING.

    Yields:
        `(name, value)` for an option of a file or a section, written `--x y` or `--x=y`; `(name,)` for one without a
        value; `(argument,)` for others. `-c` is `--config`.
    """
    left = list(arguments)
    while left:
        argument = left.pop(0)
        name, equals, value = argument.partition("=")
        name = "--config" if name == "-c" else name
        section, _, rest = name.removeprefix("--").partition(".")
        if not name.startswith("--") or rest == "help" or section not in (*sections, "config"):
            yield (argument,)
        elif equals:
            yield (name, value)
        elif left and not left[0].startswith("--"):
            yield (name, left.pop(0))
        else:
            yield (name,)
