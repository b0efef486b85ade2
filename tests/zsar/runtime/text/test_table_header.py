from pathlib import Path

import pytest

from zsar.runtime.text.listed_entries import Line
from zsar.runtime.text.table_header import columns_of


def columns(text: str) -> list[str]:
    return columns_of(Line(Path("t.csv"), 3, text), "label file", ("id", "name"))


def test_columns_are_read_in_their_order_without_commas_at_the_end() -> None:
    assert columns(' name ,"id",more,,') == ["name", "id", "more"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("id;name", "the cells are separated by semicolons; save the label file with commas, as id,name"),
        ("id\tname", "separated by tabs"),
        ("id,,name", "column 2 has no name"),
        ("id,name,id", "the column 'id' occurs twice"),
        ("ID,name", r"no column id \(did you mean id by ID\?\); the first line of the label file must name id,name"),
    ],
)
def test_another_first_line_is_named(text: str, message: str) -> None:
    with pytest.raises(ValueError, match=rf"^t\.csv:3: .*{message}"):
        columns(text)
