"""Renders the templates of charts, and gives the style that all of them share."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from markupsafe import Markup

if TYPE_CHECKING:
    from jinja2 import Environment

_FOLDER = Path(__file__).parent / "templates"
N_STYLES = 8
"""Number of series that differ in colour, dash and marker; further ones repeat them."""


def rendered(template: str, **values: object) -> Markup:
    """Renders a chart; every text among the values is escaped.

    Args:
        template: Name of the template, without suffix.
        values: What the template shows.

    Returns:
        A <figure> element.
    """
    return Markup(_environment().get_template(f"{template}.html").render(values))


def chart_style() -> str:
    """The style sheet of charts: light and dark colours as variables, for a page to include once."""
    return (_FOLDER / "charts.css").read_text(encoding="utf-8")


@cache
def _environment() -> Environment:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    return Environment(
        loader=FileSystemLoader(_FOLDER),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
