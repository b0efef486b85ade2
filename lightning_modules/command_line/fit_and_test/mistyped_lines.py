"""Answers of `zsar fit`, `validate`, `test` and `predict` that need no Lightning: the help, and some mistakes.

These are an empty line, a configuration that does not exist, a name that is nearly that of an
option. What depends on models, data sets or the trainer is left to the parser (`parsing_errors`).
"""

from __future__ import annotations

import os
import re
from collections.abc import Sequence

from zsar.lightning_modules.command_line.fit_and_test.short_help import EXPLAINED, OF_LIGHTNING, short_help
from zsar.lightning_modules.command_line.options.spelling import one_spelling
from zsar.lightning_modules.experiments.composed_settings import SECTIONS
from zsar.lightning_modules.experiments.section_options import section_options
from zsar.lightning_modules.experiments.shipped_configs import is_config_name, located, nowhere
from zsar.runtime.nearest_names import did_you_mean, nearest_names
from zsar.runtime.terminal import say

_EXAMPLES = {
    "zsar doctor": "zsar doctor --data UCF101",
    "zsar embed": "zsar embed --data UCF101 --output embeddings",
}
_EXAMPLE = "{command} --config configs/experiment/moving_shapes_t2l.yaml"
_REQUIRED = ("model", "data")


def answered_at_once(arguments: Sequence[str]) -> int | None:
    """Shows the help, or a mistake that can be seen without Lightning.

    Args:
        arguments: A command line, beginning with the command.

    Returns:
        The exit status; None if there is neither, so that the command is to be parsed.
    """
    spelled = one_spelling(arguments)
    if {"-h", "--help"} & set(spelled[1:]):
        say(*short_help(spelled[0]).split("\n"))
        return 0
    if (mistake := mistake_in(spelled)) is None:
        return None
    say(f"zsar {spelled[0]}: error: {mistake}", error=True)
    return 2


def mistake_in(arguments: Sequence[str]) -> str | None:
    """The sentence about the first mistake.

    Args:
        arguments: A command line in one spelling, beginning with the command.

    Returns:
        One line without the command's name; None if there is no such mistake.
    """
    command = f"zsar {arguments[0]}"
    names = [word.partition("=")[0] for word in arguments[1:] if word.startswith("-")]
    for name in names:
        if (near := _nearly(name)) is not None:
            return unknown_option(name, near, command=command)
    for option in section_options(arguments[1:], SECTIONS):
        if len(option) == 2 and _is_nowhere(*option):
            return missing_file(option[0].removeprefix("--"), option[1])
    stated = {name.removeprefix("--").partition(".")[0] for name in names}
    shows_only = any(name == "--print_config" or name.endswith((".help", ".all")) for name in names)
    known = {name.removeprefix("--") for name in (*EXPLAINED, *OF_LIGHTNING)} | set(SECTIONS)
    if stated <= known and stated.isdisjoint((*_REQUIRED, "config", "-c")) and not shows_only:
        return missing_options(_REQUIRED, "", None, command)
    return None


def _nearly(name: str) -> str | None:
    """A suggestion for a name that is none of an option, but similar to one; None if it is one, or if none is."""
    section, dot, rest = name.removeprefix("--").partition(".")
    if not name.startswith("--") or name in (*EXPLAINED, *OF_LIGHTNING) or (dot and section in SECTIONS):
        return None
    if dot:
        near = [f"--{like}.{rest}" for like in nearest_names(section, SECTIONS)]
        return f"; did you mean {' or '.join(near)}?" if near else None
    return did_you_mean(name, EXPLAINED) or None


def _is_nowhere(name: str, value: str) -> bool:
    names_a_file = name == "--config" or (name.removeprefix("--") in SECTIONS and is_config_name(value))
    return names_a_file and located(value) is None and not os.path.lexists(value)


def missing_file(section: str, name: str) -> str:
    """The sentence about a configuration that does not exist.

    Args:
        section: The option that names it, without "--": "config", "data".
        name: As it was typed.
    """
    return f"--{section} {name}: there is no such file{nowhere(name)}"


def unknown_option(name: str, near: str, *, command: str) -> str:
    """The sentence about an option that does not exist.

    Args:
        name: As it was typed.
        near: What may be meant (`did_you_mean`), or "".
        command: The command, such as "zsar fit".
    """
    every = "--help" if command in _EXAMPLES else "--help.all"
    return f"there is no option {name}{near or ';'} `{command} {every}` lists the options"


def missing_options(names: Sequence[str], section: str, class_path: str | None, command: str) -> str:
    """The sentence about required options that are not given.

    Args:
        names: Their names, as a parser reports them: "model", "fit.data".
        section: The section that lacks them; "" for sections themselves.
        class_path: The class whose arguments are missing; None for none.
        command: The command, such as "zsar fit".
    """
    prefix = f"--{section}." if section else "--"
    # The root parser prefixes options with the command's name.
    missing = [prefix + re.sub(r"^(fit|validate|test|predict)\.", "", name) for name in names]
    stated = f"{' and '.join(sorted(missing, reverse=True))} {'is' if len(missing) == 1 else 'are'} missing"
    if class_path is not None:
        return f"{stated}; `{command} --{section}.help {class_path.rpartition('.')[2]}` explains the options"
    example = _EXAMPLES.get(command, _EXAMPLE).format(command=command)
    lists = " and ".join(f"`{command} {name}.help`" for name in sorted(missing, reverse=True))
    return f"{stated}; for example `{example}`; {lists} {'lists' if len(missing) == 1 else 'list'} what there is"
