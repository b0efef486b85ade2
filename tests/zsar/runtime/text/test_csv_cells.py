from pathlib import Path

import pytest

from zsar.runtime.text.csv_cells import cells_of, joined_lines
from zsar.runtime.text.text_files import ListFileError


@pytest.mark.parametrize(
    ("line", "cells"),
    [
        ("a,b", ["a", "b"]),
        ("", [""]),
        (",", ["", ""]),
        ('"a, b",c', ["a, b", "c"]),
        ('"a ""b""" , "" ,""""', ['a "b"', "", '"']),
        (' "a", b ', ["a", " b "]),
    ],
)
def test_quotes_are_taken_off_and_doubled_ones_are_one(line: str, cells: list[str]) -> None:
    assert cells_of(line, Path("t.csv"), 1) == cells


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ('a,"b', r"^t\.csv:7: the quote in '\"b' does not close on its line.*\(cell 2\)$"),
        ('"a""', "does not close"),
        ('a"b,c', r"a quote within a cell that is not quoted.*\(cell 1\)$"),
        ('a,b"', r"a quote within a cell that is not quoted.*\(cell 2\)$"),
        ('"a"b,c', r"a text after the closing quote in '\"a\"b,c'"),
    ],
)
def test_quotes_in_other_places_are_refused(line: str, message: str) -> None:
    with pytest.raises(ListFileError, match=message):
        cells_of(line, Path("t.csv"), 7)


def test_lines_within_quotes_are_joined_under_the_number_of_the_first() -> None:
    lines = [(2, "a"), (3, '"b'), (4, 'c",d'), (5, '"open'), (6, "e")]
    assert list(joined_lines(lines)) == [(2, "a"), (3, '"b\nc",d'), (5, '"open\ne')]
