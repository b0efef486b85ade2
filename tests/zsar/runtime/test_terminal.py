import io
import json
import re
import subprocess
import sys

import pytest
from rich.console import Console
from rich.table import Table

from zsar.runtime.terminal import (
    message_console,
    print_json,
    print_whole,
    progress_bar,
    progress_text,
    result_console,
    say,
    say_of,
    say_on_terminal,
    shown,
    stacked,
    styled,
    tracked,
    waiting,
)

# Names that rich, a terminal, a template or a codec could take for something else; and how each is shown.
AS_TYPED = (
    *("[/b]", "[red]x", "[/]", "[link=http://a.b]x", ":smile:", "\\[red]", "ends with \\", "[bold]a[/bold]", "a [b]"),
    *(
        "{}",
        "{name}",
        "%s",
        "%(x)s",
        "$x$",
        "<b>",
        "#f00",
        "1/2",
        "True",
        "Jose\u0301",
        "\u05e9\u05dc\u05d5\u05dd",
        "\u8d70\u308b",
    ),
    *("\U0001f468\u200d\U0001f469", "a  b", "\\x1b", "\\n"),
)
WRITTEN_OUT = {
    "a\nb": "a\\nb",
    "a\r\tb": "a\\r\\tb",
    "\x1b[31mred": "\\x1b[31mred",
    "\x9b2J": "\\x9b2J",
    "a\x00b\x7f": "a\\x00b\\x7f",
    "ros\udce9": "ros\\xe9",
    "\ud800": "\\ud800",
    "a\u202eb": "a\\u202eb",
    "\u2066a": "\\u2066a",
    "a\u2028b": "a\\u2028b",
    "a\u200bb\ufeff": "a\\u200bb\\ufeff",
}
NAMES = {**{name: name for name in AS_TYPED}, **WRITTEN_OUT}


def console_of(width: int = 120, *, colours: bool = False) -> Console:
    """Ours, on a file."""
    console = result_console()
    console.file = io.StringIO()
    console.width = width
    console._force_terminal = colours
    return console


def text_of(console: Console) -> str:
    return console.file.getvalue()  # type: ignore[attr-defined]


@pytest.mark.parametrize("width", [40, 80, 120])
def test_nothing_of_a_table_is_cut_off(width: int) -> None:
    console = console_of(width)
    table = Table("method", "protocol match", "untuned")
    table.add_row("T2L", "class text description / template; trained on kinetics400 / nothing" * 2, "37.5")
    print_whole(console, table)
    printed = text_of(console)
    assert "…" not in printed
    assert "37.5" in printed
    assert max(map(len, printed.splitlines())) <= width


def test_nine_columns_of_figures_fit_eighty_characters_in_whole_words() -> None:
    console = console_of(80)
    columns = ("adapted", "method", "set", "untuned", "by views", "tuned", "change", "flips", "seconds")
    table = Table(*columns)
    table.add_row("t2l", "TPT", "contrast", "34.4", "28.1", "31.2", "-3.1", "0 / 1", "0.02")
    print_whole(console, table)
    first = text_of(console).splitlines()[1]
    assert [word.strip() for word in first.strip("┃").split("┃")] == list(columns)


def test_results_in_a_file_are_as_wide_as_a_wide_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    console = result_console()
    assert console.width == 120
    console.print("a" * 119)
    assert capsys.readouterr().out == "a" * 119 + "\n"


@pytest.mark.parametrize(("name", "expected"), NAMES.items(), ids=repr)
def test_a_name_is_shown_as_typed_and_in_one_line(name: str, expected: str) -> None:
    assert shown(name) == expected
    shown(name).encode()


@pytest.mark.parametrize(("name", "expected"), NAMES.items(), ids=repr)
def test_every_way_to_the_terminal_shows_a_name_as_typed(
    name: str, expected: str, capsys: pytest.CaptureFixture[str]
) -> None:
    table = Table(name, title=name, caption=name)
    table.add_row(name)
    table.add_row(styled(name, "red"))
    table.add_row(stacked([name, name]))
    print_whole(result_console(), table)
    result_console().print(name, soft_wrap=True)
    say(name, name)
    say_of("red", "failed:", name, error=False)
    printed = capsys.readouterr().out
    assert printed.count(expected) == 11
    assert "\x1b" not in printed


def test_messages_take_the_standard_error(capsys: pytest.CaptureFixture[str]) -> None:
    message_console().print("[/b]")
    say("[red]", error=True)
    say_of("red", "failed:", ":smile:")
    assert list(tracked([1, 2], "[/b]", console=message_console())) == [1, 2]
    with waiting(message_console(), "[/b]"):
        pass
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "[/b]\n[red]\nfailed: :smile:\n" in captured.err


@pytest.mark.parametrize("name", ["[/b]", "a\udce9 \\", "\u8d70" * 40, "\u05e9\u05dc\u05d5\u05dd", "e\u0301" * 40])
@pytest.mark.parametrize("width", [20, 80])
def test_any_name_fits_any_terminal(name: str, width: int) -> None:
    console = console_of(width, colours=True)
    table = Table("video", "class")
    table.add_row(name, styled(name, "bold"))
    print_whole(console, table)
    assert text_of(console)


def test_colours_are_those_asked_for_alone() -> None:
    console = console_of(colours=True)
    console.print("'a' 1.5 /a/b.mp4 True [red]x[/red] http://a.b")
    assert text_of(console) == "'a' 1.5 /a/b.mp4 True [red]x[/red] http://a.b\n"


def test_a_progress_bar_takes_no_markup() -> None:
    column = progress_text("[/b] {task.description}")
    assert not column.markup  # type: ignore[attr-defined]


@pytest.mark.parametrize("hidden", [False, True])
def test_a_progress_bar_says_what_how_many_and_more_unless_it_is_hidden(hidden: bool) -> None:
    console = console_of()
    with progress_bar(console, progress_text("{task.fields[n]} bad"), hidden=hidden) as progress:
        progress.update(progress.add_task("[/b] decoding", total=4, n=0), advance=3, n=1)
    shown_last = text_of(console).strip()
    assert (shown_last == "") == hidden
    assert hidden or re.fullmatch(r"\[/b\] decoding \S+ +3/4 1 bad", shown_last), shown_last


@pytest.mark.parametrize("name", NAMES, ids=repr)
def test_json_is_read_back_whatever_the_names(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    print_json({name: [name]})
    printed = capsys.readouterr().out
    assert json.loads(printed) == {name: [name]}
    assert not [character for character in printed if shown(character) != character and character != "\n"]
    print_json({name: [name]}, one_line=True)
    line = capsys.readouterr().out
    assert line.count("\n") == 1
    assert json.loads(line) == {name: [name]}


@pytest.mark.slow
@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "utf-8"])
def test_a_stream_of_any_encoding_takes_every_name(encoding: str) -> None:
    code = (
        "from rich.table import Table\nfrom zsar.runtime.terminal import *\n"
        f"names = {list(NAMES)!r}\ntable = Table('a', title='\\u8d70')\n"
        "for name in names: table.add_row(name)\n"
        "print_whole(result_console(), table)\nsay(*names)\nprint_json(names)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], env={"PYTHONIOENCODING": encoding}, capture_output=True, check=True
    )
    printed = done.stdout.decode(encoding)
    assert json.loads(printed[printed.rindex("[\n  ") :]) == list(NAMES)


@pytest.mark.parametrize("is_terminal", [True, False])
def test_what_takes_a_while_is_said_on_a_terminal_alone(
    is_terminal: bool, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: is_terminal)
    say_on_terminal("embedding [red]\n")
    assert capsys.readouterr() == ("", "embedding [red]\\n\n" if is_terminal else "")


def test_a_bar_that_is_removed_leaves_nothing_in_a_pipe() -> None:
    """Rich ends such a bar with an empty line where there is none to remove."""
    written = io.StringIO()
    console = Console(file=written, force_terminal=False)
    assert list(tracked(iter("ab"), "working", console=console, total=2)) == ["a", "b"]
    with progress_bar(console, transient=True) as bar:
        bar.add_task("working", total=2)
    assert written.getvalue() == ""
