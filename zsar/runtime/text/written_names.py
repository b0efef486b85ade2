r"""Names in CSV files and lists of ours: one line of UTF-8, whatever bytes a file's name has, and read back as it was.

A file's name is bytes, and some are not UTF-8 (old archives have Latin-1). Such a byte, 0xff, is written as `\udcff`,
as JSON and Python write it. So are control characters (`\u000a`) and white space at the ends of a name (`\u0020`),
which readers of tables take off. In a name that has one of these each backslash is doubled. All other names are written
as they are; only one that could be mistaken for such a name, as it has two backslashes in a row or the text `\u0041`,
has its backslashes doubled as well.
"""

from __future__ import annotations

import re

_WRITTEN_OUT = re.compile(r"\\\\|\\u([0-9a-f]{4})")
_NOT_PLAIN = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]|^\\s|\\s$")


def written_name(name: str) -> str:
    r"""A name as it stands in a file: `ros\udce9.mp4` where the byte 0xe9 is not UTF-8.

    Args:
        name: As Python has it, where such a byte is a lone surrogate.
    """
    if not _NOT_PLAIN.search(name) and not _WRITTEN_OUT.search(name):
        return name
    return _NOT_PLAIN.sub(lambda match: f"\\u{ord(match[0]):04x}", name.replace("\\", "\\\\"))


def read_name(written: str) -> str:
    """The name that `written_name` wrote."""
    return _WRITTEN_OUT.sub(lambda match: chr(int(match[1], 16)) if match[1] else "\\", written)
