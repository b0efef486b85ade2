"""Links of a page: to another page of the documentation, or to a file of the repository on GitHub."""

from __future__ import annotations

import os
import posixpath
import re

from docs.site.copied_pages import COPIED, ROOT

REPOSITORY = "https://github.com/zsar-project/zsar/blob/main/"
LINK = re.compile(r"(?<=\]\()(?![a-z]+:|#|/)([^)\s#]+)(#[^)\s]*)?(?=\))")
"""The target of a relative link or picture, and its anchor."""

_PAGE_OF = {source: page for page, source in COPIED.items()}
_PAGE_OF |= {posixpath.dirname(source): page for source, page in _PAGE_OF.items() if source.endswith("README.md")}


def mended_links(text: str, *, source: str, page: str) -> str:
    """Returns a page whose relative links lead to pages, or to files of the repository.

    A link to what does not exist stays as it is, so that a strict build reports it.

    Args:
        text: The page, in Markdown.
        source: The file that it was written for, from the root of the repository.
        page: The page that it becomes, from `docs/`.
    """
    return LINK.sub(lambda link: _mended(link[1], link[2] or "", source=source, page=page), text)


def _mended(target: str, anchor: str, *, source: str, page: str) -> str:
    path = posixpath.normpath(posixpath.join(posixpath.dirname(source), target))
    moved = _PAGE_OF.get(path) or (path.removeprefix("docs/") if _is_page(path) else None)
    if moved is not None:
        return f"{posixpath.relpath(moved, posixpath.dirname(page) or '.')}{anchor}"
    if os.path.exists(ROOT / path) and not path.startswith("docs/"):
        return f"{REPOSITORY}{path}{anchor}"
    return f"{target}{anchor}"


def _is_page(path: str) -> bool:
    return path.startswith("docs/") and (ROOT / path).is_file() and not path.endswith(".py")
