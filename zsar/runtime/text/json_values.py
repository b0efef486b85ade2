"""JsonValue: a value of a JSON or YAML file that knows its place in the file.

Faults are `ListFileError`s of `text_files` with that place: `FILE: annotations[3].segment is ..., but must be ...`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from zsar.runtime.nearest_names import did_you_mean
from zsar.runtime.text.text_files import decimal_number, fault_in, plain_name, shown

_MOST_SHOWN = 60
_KINDS = {dict: "an object", list: "a list", str: "a text", bool: "true or false", int: "a number", float: "a number"}


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
