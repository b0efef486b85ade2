"""Text files of the user: read completely, in UTF-8, of limited size; errors name the line.

Rules for every text file that zsar reads:

* UTF-8, with or without a byte order mark. Another encoding is an error with its name and the conversion.
* Only LF, CRLF and CR end a line (`str.splitlines` also splits at U+2028 and form feeds).
* No control characters except tabs, and at most `MOST_BYTES`. Only regular files are read, no folder, pipe or device.
* Errors are `ListFileError`s: `FILE:LINE: problem, reason, remedy`, or `FILE: ...` if no line is at fault.
"""

from __future__ import annotations

import re
import unicodedata
from pathlib import Path
from reprlib import repr as shortened

from zsar.runtime.files.content_kinds import HEAD_BYTES, LFS_POINTER, WEB_PAGE, kind_of_bytes
from zsar.runtime.files.plain_files import kind_unless_file

MOST_BYTES = 2**28
"""The largest text file that is read (256 MiB); the largest published one, a list of 650,000 videos, has 50 MB."""

_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")
_LINE_END = re.compile(rb"\r\n|\r|\n")
# Zero-width characters: removed at the ends of a text, an error within a name.
_INVISIBLE = "\u00ad\u200b\u200e\u200f\u2060\ufeff"
_EDGES = "".join(filter(str.isspace, map(chr, range(0x3001)))) + _INVISIBLE + "\u200c\u200d"
_OTHER_ENCODINGS = (
    (b"\xff\xfe\x00\x00", "UTF-32", "utf-32"),
    (b"\x00\x00\xfe\xff", "UTF-32", "utf-32"),
    (b"\xff\xfe", "UTF-16", "utf-16"),
    (b"\xfe\xff", "UTF-16", "utf-16"),
)
LONGEST_MESSAGE = 2_000
"""Maximum characters of a message about a file, without its path."""
_MOST_SHOWN = 60
_MOST_DIGITS = 40


class ListFileError(ValueError):
    """A faulty text file; the message begins with its path, and the line if one is at fault.

    Made by `fault_in`.
    """


def fault_in(path: Path | str, message: str, *, line: int | None = None) -> ListFileError:
    """The error for a file.

    Args:
        path: The file.
        message: Problem, reason and remedy.
        line: The faulty line, from 1; None for the whole file.
    """
    message = cut(message)
    return ListFileError(f"{path}: {message}" if line is None else f"{path}:{line}: {message}")


def cut(message: str, most: int = LONGEST_MESSAGE) -> str:
    """Shortens a long message in its middle; the remedy at its end stays.

    Args:
        message: The message.
        most: Number of characters to keep.
    """
    if len(message) <= most:
        return message
    end = most // 4
    return f"{message[: most - end]} [... {len(message) - most:,} characters ...] {message[-end:]}"


def read_text(path: Path, what: str, *, if_missing: str = "check the path") -> str:
    r"""The text of a file, checked by the rules of this module, with "\n" line ends and no byte order mark.

    Args:
        path: The file.
        what: Its expected kind, for errors: "label file".
        if_missing: The remedy if the file is missing.

    Raises:
        FileNotFoundError: There is no such file.
        ListFileError: It is not a regular file, too large, unreadable, not UTF-8, or has control characters.
    """
    return text_of(_bytes_of(path, what, if_missing), path)


def text_of(data: bytes, path: Path | str) -> str:
    """The text of bytes from a file or a pipe, with the same checks.

    Args:
        data: The bytes.
        path: Name of their source in errors.

    Raises:
        ListFileError: They are not UTF-8, or have control characters.
    """
    _check_kind(data, path)
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        # The codec counts from after the byte order mark.
        at = error.start + (len(data) - len(error.object))
        raise fault_in(
            path,
            f"byte 0x{data[at]:02X} is not UTF-8 (it looks like {_likely(data)}); save the file as UTF-8, e.g. with "
            "iconv -f latin1 -t utf-8",
            line=_line_of(data, at),
        ) from None
    if match := _CONTROL.search(text):
        before = text[: match.start()].encode()
        raise fault_in(
            path,
            f"the control character U+{ord(match[0]):04X} is not allowed in a text file; remove it",
            line=_line_of(before, len(before)),
        )
    return text.replace("\r\n", "\n").replace("\r", "\n")


def stripped(text: str) -> str:
    """The text without white space and zero-width characters at its ends."""
    return text.strip() if text.isascii() else text.strip(_EDGES)


def plain_name(text: str) -> str:
    """A name in the form used for comparison: stripped, single spaces, Unicode NFC.

    Raises:
        ValueError: It contains a control or zero-width character, so that two names could look the same.
    """
    name = " ".join(text.split())
    if name.isascii() and name.isprintable():
        return name
    name = unicodedata.normalize("NFC", stripped(name))
    for character in name:
        if character in _INVISIBLE or unicodedata.category(character) in ("Cc", "Cs"):
            raise ValueError(f"{shown(name)} holds the invisible character U+{ord(character):04X}; remove it")
    return name


def whole_number(text: str, most: int) -> int | None:
    """A number of ASCII digits from 0 to `most`; None for anything else, such as a sign or an underscore."""
    if not (text.isdigit() and text.isascii()):
        return None
    if len(text) > _MOST_DIGITS:  # int() takes seconds for a million digits, or raises
        text = text.lstrip("0")
    number = int(text or "0") if len(text) <= _MOST_DIGITS else most + 1
    return number if number <= most else None


def decimal_number(text: str, most: float) -> float | None:
    """A number such as 12, 3.5, .5 or 1e2 from 0 to `most`; None for anything else, such as nan, inf, -1 or 1_000."""
    if len(text) > _MOST_SHOWN or not re.fullmatch(r"-?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]+)?", text):
        return None
    number = float(text)
    return number + 0.0 if 0 <= number <= most else None


def shown(value: object) -> str:
    """A value for an error message: quoted, and shortened if long."""
    text = repr(value[: _MOST_SHOWN + 1]) if isinstance(value, str) else shortened(value)
    return text if len(text) <= _MOST_SHOWN + 2 else f"{text[:_MOST_SHOWN]}..."


def _bytes_of(path: Path, what: str, if_missing: str) -> bytes:
    try:
        status = path.stat()
    except (FileNotFoundError, NotADirectoryError):
        raise FileNotFoundError(f"there is no {what} {path}; {if_missing}") from None
    except (OSError, ValueError) as error:  # a loop of links, a name too long, a NUL in the name
        raise fault_in(path, f"the {what} cannot be read ({_cause(error)}); check the path") from None
    kind = kind_unless_file(status.st_mode)
    if kind is not None:
        raise fault_in(path, f"is a {kind}, but the {what} must be a regular file; give its path")
    try:
        with path.open("rb") as file:
            data = file.read(MOST_BYTES + 1) if status.st_size <= MOST_BYTES else None
    except OSError as error:
        raise fault_in(path, f"the {what} cannot be read ({_cause(error)}); check its permissions") from None
    if data is None or len(data) > MOST_BYTES:
        raise fault_in(
            path,
            f"has {status.st_size:,} bytes, but the {what} may have {MOST_BYTES:,}; is it the right file?",
        )
    return data


def _check_kind(data: bytes, path: Path | str) -> None:
    for mark, name, codec in _OTHER_ENCODINGS:
        if data.startswith(mark):
            raise fault_in(
                path,
                f"is {name} text (it begins with the bytes {mark.hex(' ').upper()}), not UTF-8; save it as UTF-8, e.g. "
                f"with iconv -f {codec} -t utf-8",
                line=1,
            )
    kind = kind_of_bytes(data[:HEAD_BYTES])
    if kind == WEB_PAGE:
        raise fault_in(path, "is a web page, perhaps from a failed download; get the file itself")
    if kind == LFS_POINTER:
        raise fault_in(path, "is a pointer of Git LFS, not the file itself; `git lfs pull` gets it")
    if kind is not None:
        raise fault_in(path, f"is not a text file (it is {kind}); give the text file")
    if (at := data.find(b"\0")) >= 0:
        even, odd = data[: 2**16 : 2].count(0), data[1 : 2**16 : 2].count(0)
        half = min(len(data), 2**16) // 2
        if max(even, odd) > 0.7 * half and min(even, odd) < 0.3 * half:
            codec = "utf-16le" if odd > even else "utf-16be"
            guess = f"it looks like UTF-16); save it as UTF-8, e.g. with iconv -f {codec} -t utf-8"
        else:
            guess = "it looks like a binary file); give the text file"
        raise fault_in(path, f"byte 0x00 is not allowed in a text file ({guess}", line=_line_of(data, at))


def _likely(data: bytes) -> str:
    """The likely kind of bytes that are not UTF-8."""
    n_odd = sum(byte < 0x20 and byte not in b"\t\n\r\f" for byte in data[:4096])
    return "a binary file" if n_odd > len(data[:4096]) * 0.02 else "Latin-1/Windows-1252"


def _line_of(data: bytes, at: int) -> int:
    """The line of a byte, from 1."""
    return sum(1 for match in _LINE_END.finditer(data, 0, at) if match.end() <= at) + 1


def _cause(error: Exception) -> str:
    return (error.strerror or str(error)) if isinstance(error, OSError) else str(error)
