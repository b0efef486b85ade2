r"""The one way to the terminal: what others named (files, classes, runs) and said (errors) is shown as it was typed.

Names of files and classes may hold anything: `[/b]`, which rich takes for markup, `:smile:`, which it turns into a
picture, escape sequences that clear the screen or colour what follows, characters that turn the direction of a line,
and bytes that are no text at all. The consoles here know no markup and no emoji codes, and every string they print
passes `shown`, so that nothing has to be escaped by those who print. Our own colours are `styled` text.

A string is one line: a line break in it is shown as `\n`. Several lines are several strings (`say`, `stacked`).
"""

from __future__ import annotations

import json
import re
import sys
import warnings
from collections.abc import Callable, Iterable, Sequence
from typing import Any, TextIO, TypeVar

from rich.console import Console
from rich.highlighter import Highlighter
from rich.progress import Progress, ProgressColumn, TextColumn
from rich.status import Status
from rich.style import Style
from rich.table import Table
from rich.text import Text

_NARROW = 100  # characters
_WIDTH_OF_FILES = 120  # characters, where the output is no terminal
# Marks that change the direction or the place of their neighbours, and those that nobody can see. Joiners (U+200C,
# U+200D) and tags belong to words of some languages and to emoji.
_INVISIBLE = "\u00ad\u061c\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"
_NOT_PLAIN = re.compile(f"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff{_INVISIBLE}]")
_SHORT = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}

T = TypeVar("T")


def shown(text: object) -> str:
    r"""A name or a message as it was typed, in one line that no terminal takes for a command.

    Args:
        text: Anything that has a text: a string, a path, an error.

    Returns:
        The text with control characters, marks of direction, invisible characters and lone surrogates written as
        `\n`, `\x1b`, `\u202e`; a byte of a file's name that is not UTF-8 as `\xff`. All else is as it was, brackets,
        backslashes, accents that are characters of their own and emoji included.
    """
    return _NOT_PLAIN.sub(lambda match: _written_out(match[0]), str(text))


def _written_out(character: str) -> str:
    code = ord(character)
    if 0xDC80 <= code <= 0xDCFF:  # how Python hands on a byte that is not UTF-8
        return f"\\x{code - 0xDC00:02x}"
    return _SHORT.get(character) or (f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}")


def styled(text: object, style: str = "") -> Text:
    """Text in a colour of ours, for a cell or a line.

    Args:
        text: What is shown, by `shown`.
        style: One of rich's: "red", "bold".
    """
    return Text(shown(text), style=style)


def stacked(lines: Iterable[object]) -> Text:
    """Several lines in a cell; each passes `shown`."""
    return Text("\n".join(map(shown, lines)))


class _PlainConsole(Console):
    """rich's console without markup, emoji codes and colours that it guesses.

    rich calls `render_str` for every string: in lines, cells, headers and titles.
    """

    def render_str(
        self,
        text: str,
        *,
        style: str | Style = "",
        justify: Any = None,  # noqa: ANN401 - rich's
        overflow: Any = None,  # noqa: ANN401
        emoji: bool | None = None,
        markup: bool | None = None,
        highlight: bool | None = None,
        highlighter: Callable[[str | Text], Text] | Highlighter | None = None,
    ) -> Text:
        return Text(shown(text), style=style, justify=justify, overflow=overflow)

    def on_broken_pipe(self) -> None:
        """Leaves the error to `closed_pipes.py`, where rich would exit with status 1."""
        raise


def result_console() -> Console:
    """The console of the standard output, as wide as its terminal, or 120 characters where it is a file or a pipe."""
    return _console(sys.stdout, stderr=False)


def message_console() -> Console:
    """The console of the standard error, for progress and what went wrong; as wide as `result_console`."""
    return _console(sys.stderr, stderr=True)


def _console(stream: TextIO, *, stderr: bool) -> Console:
    accept_all_text()
    width = None if stream.isatty() else _WIDTH_OF_FILES
    return _PlainConsole(stderr=stderr, width=width, markup=False, emoji=False, highlight=False)


def accept_all_text() -> None:
    r"""Lets the standard streams print what their encoding lacks, as `\u2500`, instead of ending with an error."""
    for stream in (sys.stdout, sys.stderr):
        if getattr(stream, "errors", None) in ("strict", "surrogateescape") and hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")


def warn_as_typed() -> None:
    """Has Python's warnings show what they quote as it was typed; a warning of several lines keeps them."""

    def written(
        message: Warning | str, category: type[Warning], filename: str, lineno: int, line: str | None = None
    ) -> str:
        text = "\n".join(map(shown, str(message).split("\n")))
        return f"{filename}:{lineno}: {category.__name__}: {text}\n"

    warnings.formatwarning = written


def say(*lines: object, error: bool = False) -> None:
    """Prints lines without any layout; each passes `shown`.

    Args:
        lines: What is said, a line each.
        error: To the standard error instead of the standard output.
    """
    accept_all_text()
    print("\n".join(map(shown, lines)), file=sys.stderr if error else sys.stdout, flush=True)


def say_of(style: str, what: str, text: object, *, error: bool = True) -> None:
    """Prints a line whose beginning is in colour: "not classified: a.mp4: ...".

    Args:
        style: The colour of the beginning.
        what: The beginning.
        text: The rest.
        error: To the standard error instead of the standard output.
    """
    line = Text.assemble(styled(what, style), " ", styled(text))
    (message_console() if error else result_console()).print(line, soft_wrap=True)


def print_json(content: Any) -> None:  # noqa: ANN401 - whatever JSON can hold
    r"""Prints JSON to the standard output that any parser reads, whatever the names in it and the encoding.

    Characters that `shown` writes out are JSON's escapes (`\u009b`), as is all that the encoding lacks; a byte of a
    path that is not UTF-8 is the lone surrogate that Python reads back (`\udcff`).
    """
    text = json.dumps(content, indent=2, ensure_ascii=False)
    text = _NOT_PLAIN.sub(lambda match: match[0] if match[0] == "\n" else f"\\u{ord(match[0]):04x}", text)
    try:
        text.encode(sys.stdout.encoding or "utf-8")
    except UnicodeEncodeError:
        text = json.dumps(content, indent=2)
    print(text)


def waiting(console: Console, what: object) -> Status:
    """A spinner with a text, while something takes a while."""
    return console.status(styled(what))


def progress_text(template: str) -> ProgressColumn:
    """A column of a progress bar: "{task.description}", in which markup is no markup."""
    return TextColumn(template, markup=False)


def tracked(items: Sequence[T], what: str, *, console: Console, hidden: bool = False) -> Iterable[T]:
    """Goes through items under a progress bar, which is gone at the end.

    Args:
        items: What is gone through.
        what: What is done with them, beside the bar.
        console: Where the bar is.
        hidden: No bar.
    """
    columns = (progress_text("{task.description}"), *Progress.get_default_columns()[1:])
    with Progress(*columns, console=console, transient=True, disable=hidden) as progress:
        yield from progress.track(items, description=what)


def print_whole(console: Console, table: Table) -> None:
    """Prints a table of which nothing is lost: what is too long for its column goes on in the next line.

    Args:
        console: Where it is printed; a narrow one gets cells without blanks around them.
        table: The table, which is changed; its cells are shown as typed by any console.
    """
    for column in table.columns:
        column.overflow = "fold"
        column.header = _plain(column.header)
        column._cells = [_plain(cell) for cell in column._cells]
    table.title, table.caption = (text and _plain(text) for text in (table.title, table.caption))
    if console.width < _NARROW:
        table.padding = (0, 0)
    console.print(table)


def _plain(text: Any) -> Any:  # noqa: ANN401 - whatever rich shows
    return styled(text) if isinstance(text, str) else text
