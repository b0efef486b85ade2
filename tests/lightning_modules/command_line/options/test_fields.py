import math
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import pytest

from zsar.lightning_modules.command_line.options.command import Command
from zsar.lightning_modules.command_line.options.fields import Described, argument, group, option


@dataclass(frozen=True)
class Brush:
    """Options that several commands have."""

    brush: str | None = option(None, "what paints", metavar="NAME", otherwise="a wide one")
    width_mm: float = option(20.0, "how wide", metavar="MM", more_than=0, at_most=500)


@dataclass(frozen=True)
class Side:
    """Options of which one may be given."""

    left: int | None = option(None, "from the left", metavar="N")
    right: int | None = option(None, "from the right", metavar="N")


@dataclass(frozen=True)
class Painting:
    """The options of a command."""

    walls: tuple[Path, ...] = argument("what is painted, 100 % of it", metavar="WALL")
    colour: Literal["red", "blue"] = option("red", "of the paint")
    primer: tuple[Path, ...] = option((), "put on before", metavar="FILE")
    mixed: tuple[tuple[Path, Path], ...] = option((), "of two", metavar="A B")
    layers: int = option(help="how many", metavar="N", at_least=1, at_most=9)
    dry: bool = option(False, "paint nothing")
    open_window: bool | None = option(None, "or not", otherwise="in summer")
    brush: Brush = group("brush", "what is held", width_mm={"default": 30.0, "at_most": 40})
    side: Side = group(excludes=True)


PAINT = Command("paint", Painting, description="Paints.", epilog="Slowly.")


def painting(*arguments: str) -> Painting:
    return PAINT.parse(["wall", "--layers", "2", *arguments])


def complaint(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    with pytest.raises(SystemExit) as stopped:
        PAINT.parse(list(arguments))
    assert stopped.value.code == 2
    (line,) = capsys.readouterr().err.splitlines()
    return line


def test_a_command_line_becomes_the_dataclass() -> None:
    assert painting() == Painting(
        walls=(Path("wall"),),
        layers=2,
        brush=Brush(brush=None, width_mm=30.0),
        side=Side(),
    )
    rest = ["--layers", "2", "--primer", "a", "--primer=b", "--dry", "--no-open-window", "--width-mm", "3", "--left=1"]
    given = PAINT.parse(["wall", "b.txt", *rest])
    assert given.walls == (Path("wall"), Path("b.txt"))
    assert given.primer == (Path("a"), Path("b"))
    assert (given.dry, given.open_window, given.brush.width_mm, given.side) == (True, False, 3.0, Side(left=1))
    assert painting("--open_window").open_window is True
    assert painting("--no_open_window").open_window is False


@pytest.mark.parametrize("name", ["null", "1.0", "a: b", "[x", "~", os.fsdecode(b"ros\xe9"), ""])
def test_paths_and_text_are_what_was_typed(name: str) -> None:
    given = PAINT.parse(["--layers=1", "--brush", name, "--primer", name, "--", name])
    assert (given.brush.brush, given.primer, given.walls) == (name, (Path(name),), (Path(name),))


def test_an_option_of_two_values_may_be_repeated() -> None:
    assert painting("--mixed", "a", "b", "--mixed", "c", "d").mixed == ((Path("a"), Path("b")), (Path("c"), Path("d")))
    assert painting().mixed == ()


def test_the_help_has_each_option_with_its_default(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        PAINT.parse(["--help"])
    assert stopped.value.code == 0
    shown = " ".join(capsys.readouterr().out.split())
    for row in (
        "usage: zsar paint [-h] [--colour {red,blue}] [--primer FILE] [--mixed A B] --layers N [--dry] "
        "[--open_window | --no_open_window] [--brush NAME] [--width_mm MM] [--left N | --right N] WALL [WALL ...] "
        "Paints.",
        "WALL what is painted, 100 % of it",
        "--colour {red,blue} of the paint (default: red)",
        "--dry paint nothing",
        "--open_window, --no_open_window or not (default: in summer)",
        "brush: what is held --brush NAME what paints (default: a wide one) --width_mm MM how wide (default: 30.0)",
    ):
        assert row in shown, row
    assert shown.endswith("Slowly.")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("wall", "--layers", "x"), "--layers: must be a whole number; got x"),
        (("wall", "--layers", "1.5"), "--layers: must be a whole number; got 1.5"),
        (("wall", "--layers", "1", "--width_mm", "x"), "--width_mm: must be a number; got x"),
        (("wall", "--layers", "1", "--colour", "rd"), "must be one of red, blue; got rd; did you mean red?"),
        (("wall", "--layers", "1", "--left", "1", "--right", "2"), "--right: not allowed with argument --left"),
        (("wall", "--layers"), "--layers: expected one argument"),
        ((), "the following arguments are required: WALL, --layers"),
        (("wall", "--layers", "1", "--dry=1"), "--dry: ignored explicit argument '1'"),
    ],
)
def test_what_cannot_be_taken_is_said_in_one_line(
    arguments: tuple[str, ...], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert said in complaint(capsys, *arguments)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--layers", "0"), "--layers must be at least 1; got 0"),
        (("--layers", "1" * 30), f"--layers must be at most 9; got {'1' * 30}"),
        (("--width-mm", "0"), r"--width_mm must be more than 0; got 0\.0"),
        (("--width-mm", "41"), r"--width_mm must be at most 40; got 41\.0"),
        (("--width-mm", "nan"), "--width_mm must be more than 0; got nan"),
    ],
)
def test_a_number_out_of_its_limits_is_an_error_that_names_the_limit(arguments: tuple[str, ...], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        painting(*arguments)


@pytest.mark.parametrize(
    ("limits", "inside", "outside"),
    [
        (Described("", at_least=1), 1, 0),
        (Described("", more_than=0.0), 0.1, 0.0),
        (Described("", at_most=1_000), 1_000, 1_001),
        (Described("", less_than=1.0), 0.9, 1.0),
        (Described(""), -1e9, math.inf),
        (Described("", at_least=0.0), 1e9, math.nan),
    ],
)
def test_limits_hold(limits: Described, inside: float, outside: float) -> None:
    limits.check("--n", inside)
    with pytest.raises(ValueError, match=f"--n must be .*; got {outside}"):
        limits.check("--n", outside)


@dataclass(frozen=True)
class Visit:
    """A command whose arguments may be left out."""

    rooms: tuple[str, ...] = argument("where", metavar="ROOM", optional=True)
    quiet: bool = option(False, "without a word")


@pytest.mark.parametrize(("arguments", "rooms"), [([], ()), (["--quiet"], ()), (["a", "b"], ("a", "b"))])
def test_an_argument_optional(arguments: list[str], rooms: tuple[str, ...]) -> None:
    assert Command("visit", Visit, description="Visits.").parse(arguments).rooms == rooms
