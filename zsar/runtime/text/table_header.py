"""The first line of a table: its columns, in any order, each once."""

from __future__ import annotations

from collections.abc import Sequence

from zsar.runtime.text.csv_cells import cells_of
from zsar.runtime.text.listed_entries import Line
from zsar.runtime.text.text_files import shown, stripped


def columns_of(line: Line, what: str, columns: Sequence[str]) -> list[str]:
    """The validated columns of a table.

    Args:
        line: Its first line.
        what: Kind of the table, for errors: "label file".
        columns: The required columns.

    Returns:
        All columns in their order.

    Raises:
        ListFileError: A column is missing, has no name or occurs twice, or the cells are not separated by commas.
    """
    header = [stripped(cell) for cell in cells_of(line.text, line.file, line.number)]
    expected = ",".join(columns)
    for separator, plural in ((";", "semicolons"), ("\t", "tabs")):
        parts = [part.strip('" ') for part in line.text.split(separator)]
        if len(parts) > 1 and not set(columns) <= set(header) and len(set(columns) & set(parts)) > 0:
            raise line.fault(f"the cells are separated by {plural}; save the {what} with commas, as {expected}")
    while header and not header[-1]:  # a comma at the end of each line
        header.pop()
    if "" in header:
        raise line.fault(f"column {header.index('') + 1} has no name; name it, or take it out of the {what}")
    if repeated := next((name for name in header if header.count(name) > 1), None):
        raise line.fault(f"the column {shown(repeated)} occurs twice; rename one of them")
    if missing := [name for name in columns if name not in header]:
        near = {name.replace(" ", "").lower(): name for name in header}
        meant = [near[name] for name in missing if name in near]
        hint = f" (did you mean {', '.join(missing)} by {', '.join(meant)}?)" if meant else ""
        raise line.fault(
            f"no column {', '.join(missing)}{hint}; the first line of the {what} must name {expected}, but names "
            f"{shown(','.join(header))}"
        )
    return header
