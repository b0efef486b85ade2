r"""Encodes names in our CSV files and lists as one line of UTF-8, for any bytes of a file name, and decodes them.

File names are bytes, some of them not UTF-8 (old archives have Latin-1). Such a byte, for example 0xff, is written as
`\udcff`, as in JSON and Python, and so are control characters (`\u000a`) and white space at the ends of a name
(`\u0020`), which readers of tables would remove. In a name with any of these, each backslash is doubled. All other
names are written unchanged, except those that could be mistaken for encoded ones, with two backslashes in a row or a
text like `\u0041`; their backslashes are doubled too.
"""

from __future__ import annotations

import re

_WRITTEN_OUT = re.compile(r"\\\\|\\u([0-9a-f]{4})")
_NOT_PLAIN = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]|^\\s|\\s$")


def written_name(name: str) -> str:
    r"""A name as written to a file: `ros\udce9.mp4` for a byte 0xe9 that is not UTF-8.

    Args:
        name: The name in Python, with such a byte as a lone surrogate.
    """
    if not _NOT_PLAIN.search(name) and not _WRITTEN_OUT.search(name):
        return name
    return _NOT_PLAIN.sub(lambda match: f"\\u{ord(match[0]):04x}", name.replace("\\", "\\\\"))


def read_name(written: str) -> str:
    """Decodes the result of `written_name`."""
    return _WRITTEN_OUT.sub(lambda match: chr(int(match[1], 16)) if match[1] else "\\", written)
