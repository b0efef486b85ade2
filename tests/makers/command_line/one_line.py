"""What the command line says of an error: one short line."""

from collections.abc import Sequence


def assert_one_line_error(said: str, command: str, parts: Sequence[str]) -> None:
    """The standard error has one line of our words, in which all parts are."""
    assert said.startswith(f"zsar {command}: error: ")
    assert len(said.splitlines()) == 1
    assert len(said) < 400
    assert "Namespace" not in said
    assert "Union" not in said
    for part in parts:
        assert part in said
