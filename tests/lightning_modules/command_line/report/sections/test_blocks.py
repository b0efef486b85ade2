from markupsafe import Markup

from tests.makers.results.run_folders import HOSTILE, PageElements
from zsar.lightning_modules.command_line.report.sections.blocks import (
    folded,
    heading,
    joined,
    list_of,
    note,
    side_by_side,
)


def test_texts_are_escaped_and_content_is_not() -> None:
    content = Markup("<b>bold</b>")
    html = joined(
        [heading(HOSTILE), note(HOSTILE), folded(HOSTILE, content), list_of([HOSTILE]), side_by_side([content])]
    )
    elements = PageElements(html)
    assert elements.tags == ["h3", "p", "details", "summary", "b", "ul", "li", "div", "b"]
    assert elements.text.count(HOSTILE.replace("\u202e", "\\u202e")) == 4
