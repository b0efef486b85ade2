"""Both spellings of an option, `--n-workers` and `--n_workers`, are one."""

from __future__ import annotations

from collections.abc import Collection, Sequence


def one_spelling(arguments: Sequence[str], known: Collection[str] = ()) -> list[str]:
    """A command line whose options are spelled with underscores; values and positional arguments are left as they are.

    Args:
        arguments: A command line.
        known: The options that there are. If given, others keep the spelling in which they were typed, so that an
            error shows it; without them every option is respelled, those of nested settings too
            (`--data.loading.n-workers`).

    Returns:
        A new list of the same length.
    """
    return list(_respelled(arguments, known))


def _respelled(arguments: Sequence[str], known: Collection[str]) -> Sequence[str]:
    end = arguments.index("--") if "--" in arguments else len(arguments)  # what follows is no option, whatever it is
    options = [_option(argument, known) if argument.startswith("--") else argument for argument in arguments[:end]]
    return [*options, *arguments[end:]]


def _option(argument: str, known: Collection[str]) -> str:
    name, equals, value = argument.partition("=")
    respelled = f"--{name[2:].replace('-', '_')}"
    return f"{respelled}{equals}{value}" if not known or respelled in known else argument
