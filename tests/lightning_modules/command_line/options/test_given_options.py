"""Options that differ from their defaults, those of groups too."""

from dataclasses import dataclass

from zsar.lightning_modules.command_line.options.command import Command
from zsar.lightning_modules.command_line.options.fields import argument, group, option
from zsar.lightning_modules.command_line.options.given_options import given_options


@dataclass(frozen=True)
class Speed:
    """A group."""

    n: int = option(1, "how many")
    quiet: bool = option(False, "print nothing")


@dataclass(frozen=True)
class Options:
    """A command."""

    videos: tuple[str, ...] = argument("videos", metavar="VIDEO", optional=True)
    size: float | None = option(None, "the size")
    speed: Speed = group("speed", n={"default": 4})


def given(*arguments: str) -> dict[str, object]:
    return dict(given_options(Command("test", Options, description="A test.").parse(arguments)))


def test_what_is_not_typed_is_not_given() -> None:
    assert given() == {}


def test_options_of_groups_positional_arguments_and_switches_are_given_with_their_values() -> None:
    assert given("a", "b", "--size", "0.5", "--quiet") == {"VIDEO": ("a", "b"), "--size": 0.5, "--quiet": True}


def test_the_default_is_that_of_the_command() -> None:
    assert given("--n", "1") == {"--n": 1}
    assert given("--n", "4") == {}
