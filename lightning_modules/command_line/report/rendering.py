r"""Jinja2 templates of a report: every value is escaped, and every text of a run is shown as typed.

Escaping keeps a class called `<script>` from being anything but text. Beyond that each string passes `shown`, as on the
terminal: control characters, marks that reverse the direction of a line, and bytes that are not UTF-8 are written out.
JSON within a page (`json_of`) has no `<`, so that no text can end its element.
"""

from __future__ import annotations

import hashlib
import json
from base64 import b64encode
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from zsar.runtime.terminal import shown

_FOLDER = Path(__file__).parent / "templates"
_IN_SCRIPTS = str.maketrans({"<": "\\u003c", ">": "\\u003e", "&": "\\u0026"})


def render(template: str, values: Mapping[str, Any]) -> Markup:
    """Fills a template.

    Args:
        template: Its file in `templates/`.
        values: What it uses, by name; each string is escaped, but for `Markup`.

    Returns:
        HTML.

    Raises:
        UndefinedError: The template uses a value that is not given.
    """
    return Markup(_environment().get_template(template).render(values))


def source_of(name: str) -> str:
    """The text of a style sheet or script in `templates/`, to be part of a page."""
    return (_FOLDER / name).read_text(encoding="utf-8")


def script(name: str) -> tuple[Markup, str]:
    """A script of `templates/` as an element of a page.

    Args:
        name: Its file.

    Returns:
        The element, and what a content security policy calls it: "'sha256-...'".
    """
    text = source_of(name)
    digest = b64encode(hashlib.sha256(text.encode()).digest()).decode()
    return Markup(f"<script>{text}</script>"), f"'sha256-{digest}'"


def json_of(content: Any) -> Markup:  # noqa: ANN401 - any JSON
    """JSON that can stand in an element `<script type="application/json">`: compact, with all texts shown as typed."""
    text = json.dumps(_as_shown(content), ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return Markup(text.translate(_IN_SCRIPTS))


def _as_shown(content: Any) -> Any:  # noqa: ANN401 - any JSON
    if isinstance(content, str):
        return shown(content)
    if isinstance(content, Mapping):
        return {shown(key): _as_shown(value) for key, value in content.items()}
    return [_as_shown(value) for value in content] if isinstance(content, list | tuple) else content


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(_FOLDER),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_finalized,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["json_of"] = json_of
    return environment


def _finalized(value: Any) -> Any:  # noqa: ANN401 - whatever a template prints
    """What is printed of a value: nothing of None, texts as typed, HTML as it is."""
    if value is None:
        return ""
    return shown(value) if isinstance(value, str) and not isinstance(value, Markup) else value
