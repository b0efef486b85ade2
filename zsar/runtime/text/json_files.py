"""Strict reader of the user's JSON files: no NaN, no repeated keys, no numbers beyond a float, limited nesting.

Faults are `ListFileError`s of `text_files`, with line and column if known.
"""

from __future__ import annotations

import json
import math
import re
from pathlib import Path
from typing import Any

from zsar.runtime.text.json_values import JsonValue
from zsar.runtime.text.text_files import fault_in, read_text, shown

_MOST_DIGITS = 300
_STRING = r'"(?:[^"\\]|\\.)*"'
_NUL = re.compile(r"(?<!\\)(?:\\\\)*\\u0000")
_SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")


class _FaultError(ValueError):
    """An error from a parser hook, which does not know the file: the reason, and the number as written."""

    def __init__(self, why: str, written: str | None = None) -> None:
        super().__init__(why)
        self.written = written


def read_json(
    path: Path,
    what: str,
    *,
    if_missing: str = "check the path",
    bytes_of_names: bool = False,
) -> Any:  # noqa: ANN401 - any JSON
    """The content of a JSON file.

    Args:
        path: The file.
        what: Its expected kind, for errors: "annotation file".
        if_missing: The remedy if the file is missing.
        bytes_of_names: Whether texts may contain lone surrogates U+DC80 to U+DCFF, by which zsar represents bytes of
            file names that are not UTF-8.

    Returns:
        Objects, lists, texts, numbers, booleans and None; no number is infinite or NaN.

    Raises:
        FileNotFoundError: There is no such file.
        ListFileError: It is not strict JSON.
    """
    return parse_json(read_text(path, what, if_missing=if_missing), path, bytes_of_names=bytes_of_names)


def parse_json(text: str, path: Path | str, *, bytes_of_names: bool = False) -> Any:  # noqa: ANN401 - any JSON
    """The content of a JSON text, as in `read_json`.

    Args:
        text: The text.
        path: Name of its source in errors.
        bytes_of_names: As for `read_json`.

    Raises:
        ListFileError: It is not strict JSON.
    """
    try:
        content = json.loads(
            text, object_pairs_hook=_object, parse_constant=_constant, parse_float=_decimal, parse_int=_whole
        )
        if "\\u0000" in text and (match := _NUL.search(text)):
            line = text.count("\n", 0, match.start()) + 1
            raise fault_in(path, r"the character \u0000 is not allowed in a text; remove it", line=line)
        if _SURROGATE.search(text):
            json.dumps(content, ensure_ascii=False).encode("utf-8", "surrogateescape" if bytes_of_names else "strict")
        return content
    except json.JSONDecodeError as error:
        problem = f"is not a JSON file: {error.msg} (column {error.colno}); is it whole?"
        raise fault_in(path, problem, line=error.lineno) from None
    except _FaultError as error:
        raise fault_in(path, str(error), line=_line_of(error.written, text)) from None
    except UnicodeEncodeError:
        raise fault_in(path, r"a text holds half of a character (\ud800 to \udfff alone); correct it") from None
    except RecursionError:
        raise fault_in(path, "is nested too deeply to be read; is it the right file?") from None


def json_value(path: Path, what: str, *, if_missing: str = "check the path", bytes_of_names: bool = False) -> JsonValue:
    """The same as `read_json`, as a value that knows its place."""
    return JsonValue(path, read_json(path, what, if_missing=if_missing, bytes_of_names=bytes_of_names))


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    content = dict(pairs)
    if len(content) != len(pairs):
        keys = [key for key, _ in pairs]
        twice = sorted({key for key in keys if keys.count(key) > 1})
        raise _FaultError(f"it has more than one {', '.join(map(shown, twice[:3]))} in an object; keep one of each")
    return content


def _constant(name: str) -> Any:  # noqa: ANN401 - never returns
    raise _FaultError(f"{name} is not a JSON number; write a finite number or null", name)


def _decimal(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise _FaultError(f"the number {shown(text)} is too large; write a smaller one", text)
    return number


def _whole(text: str) -> int:
    if len(text) > _MOST_DIGITS:
        raise _FaultError(
            f"the number {shown(text)} has {len(text)} digits, more than {_MOST_DIGITS}; shorten it", text
        )
    return int(text)


def _line_of(written: str | None, text: str) -> int | None:
    """The line of a token, outside strings."""
    if written is None:
        return None
    tokens = re.finditer(rf"{_STRING}|({re.escape(written)})", text)
    at = next((token.start() for token in tokens if token[1] is not None), None)
    return None if at is None else text.count("\n", 0, at) + 1
