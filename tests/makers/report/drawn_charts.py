"""What is found in the markup of a chart: it is parsed as XML, so that a text that is not escaped fails."""

import xml.etree.ElementTree as ElementTree
from xml.etree.ElementTree import Element

from markupsafe import Markup

HOSTILE = "<script>alert('\"1\"')</script> & {{ 7 * 7 }}"


def parsed(chart: Markup) -> Element:
    """The <figure> of a chart."""
    root = ElementTree.fromstring(str(chart))
    assert root.tag == "figure"
    assert not root.findall(".//script")
    (image,) = [svg for svg in root.iter("svg") if svg.get("role") == "img"]
    assert image[0].tag == "title"
    assert image[1].tag == "desc"
    assert image[0].text
    assert image[1].text
    return root


def of_class(root: Element, name: str) -> list[Element]:
    """All elements with a class of this name, but for the keys of the legend."""
    keys = {part for key in root.iter("svg") if key.get("class") == "key" for part in key.iter()}
    return [part for part in root.iter() if name in (part.get("class") or "").split() and part not in keys]


def notes(root: Element) -> list[str]:
    """What parts say when pointed at."""
    return [str(title.text) for title in root.iter("title")]


def words(root: Element) -> list[str]:
    """The text that is drawn, without what only shows when pointed at."""
    return ["".join([text.text or "", *(part.tail or "" for part in text)]) for text in root.iter("text")]
