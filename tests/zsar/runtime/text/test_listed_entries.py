from pathlib import Path

import pytest

from zsar.runtime.text.listed_entries import LARGEST_NUMBER, Line, Row
from zsar.runtime.text.text_files import ListFileError

FILE = Path("t.csv")


def row(cell: str) -> Row:
    return Row(FILE, 4, {"c": cell})


def test_a_cell_is_read_as_what_it_means() -> None:
    assert (row("a  b")["c"], row("a  b").name("c"), Line(FILE, 4, "a\tb").name) == ("a  b", "a b", "a b")
    assert (row("007").whole_number("c"), row("1e2").seconds("c")) == (7, 100.0)
    assert row(str(LARGEST_NUMBER)).whole_number("c") == LARGEST_NUMBER


@pytest.mark.parametrize("cell", ["", "-1", "1.5", "nan", "\u00b2", str(LARGEST_NUMBER + 1), "9" * 5000])
def test_what_is_no_number_names_the_line_the_column_and_the_limit(cell: str) -> None:
    with pytest.raises(
        ListFileError, match=r"^t\.csv:4: c is .*, not a whole number from 0 to 1000000000; correct it$"
    ):
        row(cell).whole_number("c")


@pytest.mark.parametrize("cell", ["", "-1", "nan", "inf", "1e10", "soon", "0:10"])
def test_what_is_no_time_names_the_line_and_the_column(cell: str) -> None:
    with pytest.raises(ListFileError, match=r"^t\.csv:4: c is .*, not a time in seconds"):
        row(cell).seconds("c")


def test_a_name_with_a_character_that_cannot_be_seen_is_refused_with_its_line() -> None:
    message = r"^t\.csv:4: .*U\+200B"
    with pytest.raises(ListFileError, match=message):
        row("a\u200bb").name("c")
    with pytest.raises(ListFileError, match=message):
        print(Line(FILE, 4, "a\u200bb").name)
