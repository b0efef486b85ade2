"""What MkDocs calls: generated pages are added, and links that leave `docs/` lead to the repository."""

from __future__ import annotations

from typing import Any

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

from docs.site.copied_pages import COPIED
from docs.site.generated_pages import generated_pages
from docs.site.page_links import mended_links


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Adds the pages that are made from the code and from documents elsewhere in the repository."""
    for page, text in generated_pages().items():
        files.append(File.generated(config, page, content=text))
    return files


def on_page_markdown(markdown: str, page: Page, **_: Any) -> str:  # noqa: ANN401 - what MkDocs hands over
    """Mends the links of a page."""
    uri = page.file.src_uri
    return mended_links(markdown, source=COPIED.get(uri, f"docs/{uri}"), page=uri)
