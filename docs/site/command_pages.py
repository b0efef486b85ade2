"""The reference of the command line: every command with every option, as its own parser has them."""

from __future__ import annotations

import argparse
import contextlib
import io
from collections.abc import Iterator

from docs.site.markdown import cell, code, table
from zsar.lightning_modules.command_line.cli import COMMANDS, main, options_module, run_lightning
from zsar.lightning_modules.command_line.options.command import Command

_HEAD = """\
# Commands

This page is made from the parsers, so that it shows what `zsar COMMAND --help` shows. Options can be written with
underscores or with hyphens (`--n_workers`, `--n-workers`). `zsar` is installed as `.venv/bin/zsar`;
`python -m zsar` is the same.

The exit status is 0 for success, 1 for an error that is explained in one line, or where single videos could not be
read, 2 for a wrong command line, 130 and 143 after Ctrl-C and SIGTERM.

| environment variable | meaning |
| --- | --- |
| `ZSAR_DATA` | the folder that holds all data sets (default: `./data`) |
| `ZSAR_SHARD_CACHE` | cache of [shards](../how_to/shards.md) at an address (default: `~/.cache/zsar/shards`) |
| `ZSAR_SHARD_CACHE_GB` | its limit; 0 keeps nothing (default: 20) |
| `ZSAR_TRUSTED_MODULES` | your own modules whose classes configurations may name, separated by commas |
| `ZSAR_TRACEBACK=1` | show the traceback of an error, for a bug report |
"""


def commands_page() -> str:
    """All commands, in the order of `zsar --help`."""
    overview = table(
        ("command", "what it does"),
        ((f"[`zsar {name}`](#zsar-{name})", cell(what)) for name, (what, _) in COMMANDS.items()),
    )
    return "\n\n".join([_HEAD, overview, *(_section(name) for name in COMMANDS)]) + "\n"


def command_of(name: str) -> Command | None:  # type: ignore[type-arg]
    """The declaration of a small command; None for those of LightningCLI."""
    path = COMMANDS[name][1]
    return None if path is None else options_module(path).COMMAND  # type: ignore[no-any-return]


def _section(name: str) -> str:
    command = command_of(name)
    if command is None:
        return f"## zsar {name}\n\n```text\n{help_text(name)}\n```"
    parser = command.parser()
    parts = [f"## zsar {name}", cell(command.description), f"```text\n{parser.format_usage().strip()}\n```"]
    parts += _tables(parser)
    if command.epilog:
        parts.append(cell(command.epilog))
    return "\n\n".join(parts)


def _tables(parser: argparse.ArgumentParser) -> Iterator[str]:
    for group in parser._action_groups:
        shown = [action for action in group._group_actions if action.help is not argparse.SUPPRESS]
        if not shown:
            continue
        if group.title not in ("options", "positional arguments"):
            yield f"**{group.title}**" + (f": {cell(group.description)}" if group.description else "")
        yield table(("option", "value", "meaning"), map(_row, shown))


def _row(action: argparse.Action) -> tuple[str, str, str]:
    names = ", ".join(map(code, action.option_strings)) or code(str(action.metavar or action.dest))
    value = "" if action.nargs == 0 else str(action.metavar or "")
    if not value and action.choices:
        value = " / ".join(map(str, action.choices))
    elif not value and action.nargs != 0 and action.option_strings:
        value = action.dest.upper()
    return names, code(value), cell((action.help or "").replace("%%", "%"))


def help_text(name: str) -> str:
    """What `zsar NAME --help` prints."""
    written = io.StringIO()
    with contextlib.redirect_stdout(written), contextlib.suppress(SystemExit):
        if COMMANDS[name][1] is None:
            run_lightning([name, "--help"])
        else:
            main([name, "--help"])
    return written.getvalue().strip()
