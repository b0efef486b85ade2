r"""All output to the terminal: names (files, classes, runs) and error messages are shown as typed.

Names of files and classes may contain anything: `[/b]`, which rich reads as markup, `:smile:`, which it replaces by an
emoji, escape sequences that clear the screen or change colours, characters that reverse the direction of a line, and
bytes that are not text. The consoles here use neither markup nor emoji codes, and every printed string passes `shown`,
so that callers need not escape anything. Our own colours are `styled` text.

A string is one line: a line break in it is shown as `\n`. Several lines are several strings (`say`, `stacked`).
"""

from __future__ import annotations

import json
import re
import sys
import warnings
from collections.abc import Callable, Iterable, Iterator
from typing import Any, TextIO, TypeVar

from rich.console import Console
from rich.highlighter import Highlighter
from rich.progress import BarColumn, MofNCompleteColumn, Progress, ProgressColumn, TextColumn
from rich.status import Status
from rich.style import Style
from rich.table import Table
from rich.text import Text

_NARROW, _WIDTH_OF_FILES = 100, 120  # characters; the latter if the output is not a terminal
# Marks that change the direction or position of their neighbours, and invisible ones. Joiners (U+200C, U+200D) and
# tags are kept, since words of some languages and emoji need them.
_INVISIBLE = "\u00ad\u061c\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"
_NOT_PLAIN = re.compile(f"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff{_INVISIBLE}]")
_SHORT = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}

T = TypeVar("T")


def shown(text: object) -> str:
    r"""A name or message as typed, in one line without terminal control sequences.

    Args:
        text: A string, a path, an error, or anything else with a text.

    Returns:
        The text with control characters, direction marks, invisible characters and lone surrogates written as `\n`,
        `\x1b`, `\u202e`; a byte of a file name that is not UTF-8 as `\xff`. All else is unchanged, including brackets,
        backslashes, combining accents and emoji.
    """
    return _NOT_PLAIN.sub(lambda match: _written_out(match[0]), str(text))


def _written_out(character: str) -> str:
    code = ord(character)
    if 0xDC80 <= code <= 0xDCFF:  # Python's representation of a byte that is not UTF-8
        return f"\\x{code - 0xDC00:02x}"
    return _SHORT.get(character) or (f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}")


def styled(text: object, style: str = "") -> Text:
    """Coloured text for a cell or a line.

    Args:
        text: The text; passes `shown`.
        style: A style of rich: "red", "bold".
    """
    return Text(shown(text), style=style)


def stacked(lines: Iterable[object]) -> Text:
    """Several lines in a cell; each passes `shown`."""
    return Text("\n".join(map(shown, lines)))


class _PlainConsole(Console):
    """rich's console without markup, emoji codes and automatic highlighting.

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
        """Leaves the error to `closed_pipes.py`; rich would exit with status 1."""
        raise


def result_console() -> Console:
    """The console of the standard output, as wide as its terminal, or 120 characters for a file or a pipe."""
    return _console(sys.stdout, stderr=False)


def message_console() -> Console:
    """The console of the standard error, for progress and errors; width as in `result_console`."""
    return _console(sys.stderr, stderr=True)


def _console(stream: TextIO, *, stderr: bool) -> Console:
    accept_all_text()
    width = None if stream.isatty() else _WIDTH_OF_FILES
    return _PlainConsole(stderr=stderr, width=width, markup=False, emoji=False, highlight=False)


def accept_all_text() -> None:
    r"""Makes the standard streams escape characters that their encoding lacks, as `\u2500`, instead of failing."""
    for stream in (sys.stdout, sys.stderr):
        if getattr(stream, "errors", None) in ("strict", "surrogateescape") and hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")


def warn_as_typed() -> None:
    """Makes Python's warnings show quoted text as typed; warnings keep their line breaks."""

    def written(
        message: Warning | str, category: type[Warning], filename: str, lineno: int, line: str | None = None
    ) -> str:
        text = "\n".join(map(shown, str(message).split("\n")))
        return f"{filename}:{lineno}: {category.__name__}: {text}\n"

    warnings.formatwarning = written


def say(*lines: object, error: bool = False) -> None:
    """Prints lines without layout; each passes `shown`.

    Args:
        lines: The lines.
        error: Whether to print to the standard error instead of the standard output.
    """
    accept_all_text()
    print("\n".join(map(shown, lines)), file=sys.stderr if error else sys.stdout, flush=True)


def say_on_terminal(line: object) -> None:
    """Prints a line about long work to the standard error, above any progress bar; nothing in files and pipes."""
    if sys.stderr.isatty():
        say(line, error=True)  # not by our console, whose output would interfere with another one's progress bar


def say_of(style: str, what: str, text: object, *, error: bool = True) -> None:
    """Prints a line with a coloured beginning: "not classified: a.mp4: ...".

    Args:
        style: The colour of the beginning.
        what: The beginning.
        text: The rest.
        error: Whether to print to the standard error instead of the standard output.
    """
    line = Text.assemble(styled(what, style), " ", styled(text))
    (message_console() if error else result_console()).print(line, soft_wrap=True)


def print_json(content: Any, *, one_line: bool = False) -> None:  # noqa: ANN401 - any JSON
    r"""Prints JSON that any parser can read, for any names and encoding; in one line for who reads line by line.

    Characters that `shown` escapes, and those that the encoding lacks, are JSON escapes (`\u009b`); a byte of a path
    that is not UTF-8 is a lone surrogate, which Python can read (`\udcff`).
    """
    text = json.dumps(content, indent=None if one_line else 2, ensure_ascii=False)
    text = _NOT_PLAIN.sub(lambda match: match[0] if match[0] == "\n" else f"\\u{ord(match[0]):04x}", text)
    try:
        text.encode(sys.stdout.encoding or "utf-8")
    except UnicodeEncodeError:
        text = json.dumps(content, indent=None if one_line else 2)
    print(text, flush=one_line)


def waiting(console: Console, what: object) -> Status:
    """A spinner with a text, for long work."""
    return console.status(styled(what))


def progress_text(template: str) -> ProgressColumn:
    """A column of a progress bar, such as "{task.description}", without markup."""
    return TextColumn(template, markup=False)


def progress_bar(console: Console, *columns: ProgressColumn, transient: bool = False, hidden: bool = False) -> Progress:
    """A progress bar: description, bar, "done/total", and further columns.

    Args:
        console: Console that shows the bar.
        columns: Columns after the bar.
        transient: Whether to remove it at the end.
        hidden: Whether to show no bar.
    """
    first = (progress_text("{task.description}"), BarColumn(), MofNCompleteColumn())
    return _bar(*first, *columns, console=console, transient=transient, hidden=hidden)


def _bar(*columns: ProgressColumn, console: Console, transient: bool, hidden: bool) -> Progress:
    """A bar of rich, without the empty line that it writes where none is shown (before rich 15 for all hidden bars)."""
    hidden = hidden or (transient and not console.is_terminal)
    shown_on = Console(quiet=True) if hidden else console
    return Progress(*columns, console=shown_on, transient=transient, disable=hidden)


def tracked(
    items: Iterable[T], what: str, *, console: Console, hidden: bool = False, total: int | None = None
) -> Iterator[T]:
    """Iterates over items with a progress bar, which is removed at the end.

    Args:
        items: The items, of which there may be more to come.
        what: Description of the work, next to the bar.
        console: Console that shows the bar.
        hidden: Whether to show no bar.
        total: Number of items; None for that of a sequence, or if it is unknown.
    """
    columns = (progress_text("{task.description}"), *Progress.get_default_columns()[1:])
    with _bar(*columns, console=console, transient=True, hidden=hidden) as progress:
        yield from progress.track(items, total=total, description=what)


def print_whole(console: Console, table: Table) -> None:
    """Prints a table without truncation: long cells wrap to the next line.

    Args:
        console: Console to print to; on a narrow one, cells have no padding.
        table: The table; it is modified, and its cells are shown as typed.
    """
    for column in table.columns:
        column.overflow = "fold"
        column.header = _plain(column.header)
        column._cells = [_plain(cell) for cell in column._cells]
    table.title, table.caption = (text and _plain(text) for text in (table.title, table.caption))
    if console.width < _NARROW:
        table.padding = (0, 0)
    console.print(table)


def _plain(text: Any) -> Any:  # noqa: ANN401 - any renderable of rich
    return styled(text) if isinstance(text, str) else text
