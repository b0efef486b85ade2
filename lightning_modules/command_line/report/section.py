"""Section: a part of a report's page, as the files in `sections/` make them."""

from __future__ import annotations

from dataclasses import dataclass

from markupsafe import Markup


@dataclass(frozen=True)
class Section:
    """A part of the page.

    Attributes:
        id: Its anchor, of small letters and hyphens.
        title: Its heading, as text.
        html: Its content.
        summary: One sentence below the heading, as text: what the section says, for those who read no further.
    """

    id: str
    title: str
    html: Markup
    summary: str = ""
