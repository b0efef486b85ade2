"""Class descriptions in the CSV files of T2L's authors (EZ-CLIP, `GPT_discription/*.csv`), one GPT-3.5 text a class.

Columns `SNo,Class Name,GPT3 discription`, as they spell them. Their class names are those of their label files, such as
"ApplyEyeMakeup"; classes are matched by what their names mean (`class_identity`), so that case, hyphens, underscores
and brackets do not matter.
"""

from __future__ import annotations

from pathlib import Path

from zsar.datamodules.class_identity import class_identity
from zsar.runtime.text.text_files import shown
from zsar.runtime.text.text_tables import read_table

SUFFIX = ".csv"
CLASS_COLUMN = "Class Name"
TEXT_COLUMN = "GPT3 discription"


def read_ez_clip_texts(path: Path) -> dict[str, str]:
    """Reads the descriptions of a file.

    Args:
        path: The CSV file.

    Returns:
        {class name as in the file: its text on one line}.

    Raises:
        FileNotFoundError: There is no such file.
        ListFileError: A column is missing, a cell is empty, or two rows describe one class.
    """
    texts: dict[str, str] = {}
    first: dict[str, int] = {}
    columns = (CLASS_COLUMN, TEXT_COLUMN)
    for row in read_table(path, "table of class descriptions", columns=columns, line_breaks=True):
        name = row.name(CLASS_COLUMN)
        before = first.setdefault(class_identity(name), row.number)
        if before != row.number:
            raise row.fault(f"the class {shown(name)} is also described in line {before}; keep one of the two rows")
        texts[name] = " ".join(row[TEXT_COLUMN].split())
    return texts
