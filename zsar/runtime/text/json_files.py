"""Strict reader of the user's JSON files: no NaN, no repeated keys, no numbers beyond a float, limited nesting.

Faults are `ListFileError`s of `text_files`, with line and column if known; for a value of the wrong kind, with its
place in the file: `FILE: annotations[3].segment is ..., but must be ...`.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from zsar.runtime.nearest_names import did_you_mean
from zsar.runtime.text.text_files import decimal_number, fault_in, plain_name, read_text, shown

_MOST_DIGITS = 300
_MOST_SHOWN = 60
_STRING = r'"(?:[^"\\]|\\.)*"'
_NUL = re.compile(r"(?<!\\)(?:\\\\)*\\u0000")
_SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")
_KINDS = {dict: "an object", list: "a list", str: "a text", bool: "true or false", int: "a number", float: "a number"}


class _FaultError(ValueError):
    """An error from a parser hook, which does not know the file: the reason, and the number as written."""

    def __init__(self, why: str, written: str | None = None) -> None:
        super().__init__(why)
        self.written = written


class JsonValue:
    """A value of a JSON file that knows its place, for error messages.

    Attributes:
        file: The file.
        value: The value itself.
    """

    __slots__ = ("_key", "_outer", "file", "value")

    def __init__(self, file: Path, value: Any, outer: JsonValue | None = None, key: str | int = "") -> None:  # noqa: ANN401
        """A value.

        Args:
            file: The file.
            value: The value itself.
            outer: The object or list that contains it; None for the whole file.
            key: Its key or index there.
        """
        self.file, self.value = file, value
        self._outer, self._key = outer, key

    @property
    def place(self) -> str:
        """Its place, such as `annotations[3].segment`; empty for the whole file."""
        if self._outer is None:
            return ""
        if isinstance(self._key, int):
            return f"{self._outer.place}[{self._key}]"
        label = self._key if self._key.isprintable() and len(self._key) <= _MOST_SHOWN else shown(self._key)
        return f"{self._outer.place}.{label}".removeprefix(".")

    def items(self) -> Iterator[tuple[str, JsonValue]]:
        """The entries of an object.

        Raises:
            ListFileError: It is not an object.
        """
        for key, value in self._of_kind(dict).items():
            yield key, JsonValue(self.file, value, self, key)

    def check_keys(self, keys: Sequence[str]) -> None:
        """Checks that an object has no other keys.

        Args:
            keys: The keys that it may have.

        Raises:
            ListFileError: It is not an object, or has another key.
        """
        for key, _ in self.items():
            if key not in keys:
                raise self.fault(f"has {key!r}, but may have only {', '.join(keys)}{did_you_mean(str(key), keys)}")

    def elements(self) -> Iterator[JsonValue]:
        """The elements of a list.

        Raises:
            ListFileError: It is not a list.
        """
        for index, value in enumerate(self._of_kind(list)):
            yield JsonValue(self.file, value, self, index)

    def __getitem__(self, key: str) -> JsonValue:
        """An entry of an object.

        Raises:
            ListFileError: It is not an object, or has no such entry.
        """
        entries = self._of_kind(dict)
        if key not in entries:
            remedy = "add it" if self.place else "is it the right file?"
            raise self.fault(f"has no {key!r} (it has {shown(', '.join(entries)) if entries else 'none'}); {remedy}")
        return JsonValue(self.file, entries[key], self, key)

    def text(self) -> str:
        """The unchanged text.

        Raises:
            ListFileError: It is not a text.
        """
        text: str = self._of_kind(str)
        return text

    def name(self) -> str:
        """The text as a name, which must not be empty.

        Raises:
            ListFileError: It is not a text, is empty, or has invisible characters.
        """
        text = self.text()
        try:
            name = plain_name(text)
        except ValueError as error:
            raise self.fault(f"is not a valid name: {error}") from None
        if not name:
            raise self.fault("is empty, but must be a name; fill it in")
        return name

    def seconds(self) -> float:
        """A time in seconds, at least 0, written as a number or, as in THUMOS14, as a text.

        Raises:
            ListFileError: It is not such a time.
        """
        value = self.value
        number = decimal_number(value.strip(), 1e9) if isinstance(value, str) else value
        if isinstance(number, bool) or not isinstance(number, (int, float)) or not 0 <= number <= 1e9:
            raise self.fault(f"is {shown(value)}, not a time in seconds from 0 on; correct it")
        return float(number)

    def fault(self, message: str) -> ValueError:
        """The error for this value, from a message with problem, reason and remedy."""
        return fault_in(self.file, f"{self.place or 'it'} {message}")

    def _of_kind(self, kind: type) -> Any:  # noqa: ANN401 - the caller says which
        if not isinstance(self.value, kind):
            has = _KINDS.get(type(self.value), "null")
            raise self.fault(f"is {has} ({shown(self.value)}), but must be {_KINDS[kind]}; correct it")
        return self.value


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
