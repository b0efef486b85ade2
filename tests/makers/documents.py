"""The pages of the documentation, the commands that documents show, and whether they parse."""

import re
import shlex
from collections.abc import Callable
from typing import Any

from tests.makers.source_tree import ROOT
from zsar.lightning_modules.command_line.cli import COMMANDS, options_module
from zsar.lightning_modules.command_line.fit_and_test.trimmed_data import built_data
from zsar.lightning_modules.command_line.options.command import Command

OF_LIGHTNING = ("fit", "test", "predict", "validate")


def written_pages() -> dict[str, str]:
    """The pages in `docs/` that are written by hand, by their paths from there."""
    docs = ROOT / "docs"
    return {path.relative_to(docs).as_posix(): path.read_text() for path in sorted(docs.rglob("*.md"))}


def shown_commands(text: str) -> list[str]:
    """The command lines in the bash blocks of a document, without their comments."""
    blocks = re.findall(r"```bash\n(.*?)```", text, flags=re.DOTALL)
    lines = "\n".join(blocks).replace("\\\n", " ").splitlines()
    return [line.split("#")[0].strip() for line in lines if line.strip()]


def zsar_commands(text: str) -> list[str]:
    """Those of `zsar`, from the subcommand on."""
    return [re.sub(r"^.*?zsar ", "", command) for command in shown_commands(text) if "zsar " in command]


def command_of(name: str) -> Command[Any]:
    """A small command, with its options."""
    command: Command[Any] = options_module(str(COMMANDS[name][1])).COMMAND
    return command


def assert_parses(command: str, parse: Callable[..., Any]) -> None:
    """Parses a command as `zsar` does, in the root of the repository, and runs nothing.

    Args:
        command: From the subcommand on.
        parse: The fixture of that name.
    """
    name, *arguments = shlex.split(command)
    if name in OF_LIGHTNING:
        assert parse(*arguments, subcommand=name).subcommand == name
        return
    options = command_of(name).parse(arguments)
    assert options
    if getattr(options, "data_arguments", ()):  # which only the data set can parse
        assert built_data(options.data_arguments, command=name)


def sections(text: str) -> dict[str, str]:
    """Title -> body of each section of a Markdown document, by its headings of the second level."""
    parts = re.split(r"^## (.+)\n", text, flags=re.MULTILINE)[1:]
    return dict(zip(parts[::2], parts[1::2], strict=True))


def tables(text: str) -> list[list[list[str]]]:
    """The cells of each table of a Markdown document, row by row, the header first."""
    blocks = re.findall(r"(?:^\|.*\|\n)+", text, flags=re.MULTILINE)
    rows = [[[cell.strip() for cell in line.strip("|").split("|")] for line in b.splitlines()] for b in blocks]
    return [[header, *body] for header, _, *body in rows]
