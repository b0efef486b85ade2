"""Makes the two spellings of an option, `--n-workers` and `--n_workers`, the same."""

from __future__ import annotations

from collections.abc import Collection, Sequence


def one_spelling(arguments: Sequence[str], known: Collection[str] = ()) -> list[str]:
    """A command line whose options are spelled with underscores; values and positional arguments are left as they are.

    Args:
        arguments: A command line.
        known: The existing options. If given, other options keep the typed spelling, so that an error shows it;
            if empty, every option is respelled, including nested settings (`--data.loading.n-workers`).

    Returns:
        A new list of the same length.
    """
    return list(_respelled(arguments, known))


def _respelled(arguments: Sequence[str], known: Collection[str]) -> Sequence[str]:
    end = arguments.index("--") if "--" in arguments else len(arguments)  # no options follow
    options = [_option(argument, known) if argument.startswith("--") else argument for argument in arguments[:end]]
    return [*options, *arguments[end:]]


def _option(argument: str, known: Collection[str]) -> str:
    name, equals, value = argument.partition("=")
    respelled = f"--{name[2:].replace('-', '_')}"
    return f"{respelled}{equals}{value}" if not known or respelled in known else argument
