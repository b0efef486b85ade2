"""Reads untrusted YAML within limits, so that a small file cannot exhaust memory or the stack.

A few lines with anchors can expand to more than 10^9 values, an anchor may contain itself, and brackets may nest
without limit. The events of a text are counted before any value is built. A key that is given twice is an error here;
YAML readers silently keep the last one.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml

from zsar.runtime.files.given_files import check_given_file

_LONGEST = 120  # characters of the reason why a value is rejected
_REMEDY = "give a YAML file of settings"
MOST_BYTES = 4_000_000
"""Maximum characters of a configuration; our longest has 4,000."""
MOST_LEVELS = 64
"""Maximum nesting of mappings and lists."""
MOST_VALUES = 200_000
"""Maximum values of a configuration, counting aliases as often as they are used."""


class UnboundedYamlError(yaml.YAMLError, ValueError):
    """A text is too long, too deeply nested or too large for a configuration, or contains itself."""


def check_bounded(text: str) -> None:
    """Checks a text's length, depth and number of values without building them.

    Args:
        text: YAML.

    Raises:
        UnboundedYamlError: It exceeds a limit, or an anchor contains itself.
        yaml.YAMLError: It is not valid YAML.
    """
    if len(text) > MOST_BYTES:
        raise UnboundedYamlError(
            f"it has {len(text):,} characters, more than the limit of {MOST_BYTES:,}; split it, or give "
            "long lists as files"
        )
    sizes: dict[str, int] = {}  # anchor -> number of its values
    n_values = 0
    opened: list[tuple[str | None, int]] = []  # anchor of each open mapping or list, and number of values before it
    for event in yaml.parse(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader)):
        anchor: str | None = getattr(event, "anchor", None)
        if isinstance(event, yaml.AliasEvent):
            if any(anchor == name for name, _ in opened):
                raise UnboundedYamlError(f"*{anchor} in line {_line(event)} contains itself; write its values out")
            n_values += sizes.get(str(anchor), 1)
        elif isinstance(event, yaml.CollectionStartEvent):
            opened.append((anchor, n_values))
            n_values += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            name, before = opened.pop()
            if name is not None:
                sizes[name] = n_values - before
        elif isinstance(event, yaml.ScalarEvent):
            n_values += 1
            if anchor is not None:
                sizes[anchor] = 1
        if len(opened) > MOST_LEVELS:
            raise UnboundedYamlError(
                f"line {_line(event)} is nested {len(opened)} levels deep, more than the limit of {MOST_LEVELS}; "
                "write it flatter"
            )
        if n_values > MOST_VALUES:
            raise UnboundedYamlError(
                f"with aliases expanded it has more than the limit of {MOST_VALUES:,} values; give long lists as files"
            )


def read_yaml(text: str) -> Any:  # noqa: ANN401 - any YAML
    """The content of a text, in plain types.

    Args:
        text: YAML.

    Raises:
        UnboundedYamlError: See `check_bounded`.
        yaml.YAMLError: It is not valid YAML, names Python objects, or has a key twice.
    """
    check_bounded(text)
    loader = _ExactLoader(text)
    try:
        with _named_values():
            return loader.get_single_data()
    finally:
        loader.dispose()


def read_yaml_file(path: Path) -> Any:  # noqa: ANN401
    """The content of a file; see `read_yaml`. Only regular files are read.

    Raises:
        ValueError: It is not valid YAML, or not text; the message begins with the path.
        OSError: It cannot be read.
    """
    try:
        check_given_file(path, remedy=_REMEDY, most_bytes=4 * MOST_BYTES, may_be_empty=True)
        return read_yaml(path.read_text(encoding="utf-8-sig"))
    except UnicodeDecodeError as error:
        raise ValueError(f"{path} is not UTF-8 text (byte {error.start:,}); save it as UTF-8") from error
    except UnboundedYamlError as error:
        raise ValueError(f"{path} is not a valid configuration: {error}") from error
    except yaml.YAMLError as error:
        raise ValueError(f"{path} is not a YAML file: {' '.join(str(error).split())[:400]}") from error


def bounded_loader(loader: type) -> type:
    """A PyYAML loader that checks a text's limits before reading it.

    Args:
        loader: A loader of plain types.
    """

    class Bounded(loader):  # type: ignore[misc]
        def __init__(self, stream: Any) -> None:  # noqa: ANN401 - PyYAML's
            if isinstance(stream, str):
                check_bounded(stream)
            super().__init__(stream)

        def get_single_data(self) -> Any:  # noqa: ANN401 - PyYAML's
            with _named_values():
                return super().get_single_data()

    return Bounded


@contextmanager
def _named_values() -> Iterator[None]:
    """Turns errors about invalid values, such as "!!bool maybe" or 2001-99-99, into a `YAMLError`."""
    try:
        yield
    except yaml.YAMLError:
        raise
    except (ValueError, LookupError, AttributeError, TypeError, ArithmeticError) as error:
        reason = " ".join(str(error).split())[:_LONGEST]
        raise yaml.YAMLError(f"a value cannot be read ({type(error).__name__}: {reason}); correct it") from error


class _ExactLoader(yaml.SafeLoader):
    """Plain types; a repeated key is an error."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        """A mapping; a repeated key is an error."""
        lines: dict[tuple[str, str], int] = {}
        for key, _ in node.value:
            if isinstance(key, yaml.ScalarNode):
                line = key.start_mark.line + 1
                if (earlier := lines.get((key.tag, key.value))) is not None:
                    raise yaml.YAMLError(
                        f"the key {key.value} is given twice, in lines {earlier} and {line}; delete one of them"
                    )
                lines[(key.tag, key.value)] = line
        return super().construct_mapping(node, deep=deep)


def _line(event: yaml.Event) -> int:
    return 0 if event.start_mark is None else int(event.start_mark.line) + 1
