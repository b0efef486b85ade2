"""Small pieces of HTML that sections are made of; every text is escaped and shown as typed."""

from __future__ import annotations

from collections.abc import Iterable

from markupsafe import Markup

from zsar.runtime.terminal import shown


def heading(text: str) -> Markup:
    """A heading within a section."""
    return Markup("<h3>{}</h3>\n").format(shown(text))


def note(text: str) -> Markup:
    """A paragraph that explains what is above or below it."""
    return Markup('<p class="note">{}</p>\n').format(shown(text))


def side_by_side(charts: Iterable[Markup]) -> Markup:
    """Charts beside each other, or below each other on a narrow screen."""
    return Markup('<div class="charts">\n{}\n</div>\n').format(Markup("\n").join(charts))


def folded(title: str, content: Markup) -> Markup:
    """Content that is shown when its title is opened."""
    return Markup("<details>\n<summary>{}</summary>\n{}\n</details>\n").format(shown(title), content)


def list_of(texts: Iterable[str]) -> Markup:
    """A list of texts."""
    items = Markup("\n").join(Markup("<li>{}</li>").format(shown(text)) for text in texts)
    return Markup("<ul>\n{}\n</ul>\n").format(items)


def joined(pieces: Iterable[Markup]) -> Markup:
    """Pieces below each other."""
    return Markup("").join(pieces)
