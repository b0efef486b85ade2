"""The pages of the documentation: all are in the navigation, their links lead somewhere, and the site is built."""

import posixpath
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from docs.site.copied_pages import COPIED
from docs.site.generated_pages import generated_pages
from docs.site.page_links import LINK, REPOSITORY, mended_links
from tests.makers.documents import shown_commands, written_pages
from tests.makers.source_tree import ROOT

GENERATED = generated_pages()
PAGES = {**written_pages(), **GENERATED}
EXAMPLES = sorted(path.relative_to(ROOT).as_posix() for path in (ROOT / "docs" / "examples").glob("*.py"))


class _Mkdocs(yaml.SafeLoader):
    """Reads mkdocs.yml, whose tags name functions of MkDocs' extensions."""


_Mkdocs.add_multi_constructor("", lambda *_: None)
SETTINGS = yaml.load((ROOT / "mkdocs.yml").read_text(), _Mkdocs)


def in_navigation(entries: list[dict[str, object]]) -> list[str]:
    found: list[str] = []
    for entry in entries:
        for value in entry.values():
            found += in_navigation(value) if isinstance(value, list) else [str(value)]
    return found


def anchors(text: str) -> set[str]:
    """The anchors of a page's headings, as Python-Markdown makes them, and those that it states."""
    headings = re.findall(r"^#+ (.+)$", re.sub(r"```.*?```", "", text, flags=re.DOTALL), flags=re.MULTILINE)
    slugs = [re.sub(r"[-\s]+", "-", re.sub(r"[^\w\s-]", "", heading).strip().lower()) for heading in headings]
    return {*slugs, *re.findall(r'<a id="([^"]+)"', text)}


def test_every_page_is_in_the_navigation_once_and_every_entry_is_a_page() -> None:
    assert sorted(in_navigation(SETTINGS["nav"])) == sorted(PAGES)


def test_no_written_page_is_generated_too() -> None:
    assert set(written_pages()) & set(GENERATED) == set()


@pytest.mark.parametrize("page", sorted(PAGES))
def test_a_page_begins_with_its_title(page: str) -> None:
    text = re.sub(r"\A---\n.*?\n---\n\n", "", PAGES[page], flags=re.DOTALL)  # settings of the page, for MkDocs
    assert text.startswith("# ")


@pytest.mark.parametrize("page", sorted(PAGES))
def test_links_lead_to_pages_pictures_and_files(page: str) -> None:
    mended = mended_links(PAGES[page], source=COPIED.get(page, f"docs/{page}"), page=page)
    mended = re.sub(r"```.*?```", "", mended, flags=re.DOTALL)
    for target, anchor in LINK.findall(mended):
        path = posixpath.normpath(posixpath.join(posixpath.dirname(page), target))
        assert path in PAGES or (ROOT / "docs" / path).is_file(), target
        assert not anchor or anchor[1:] in anchors(PAGES[path]), f"{target}{anchor}"
    for path in re.findall(rf"{re.escape(REPOSITORY)}([^)#\s]+)", mended):
        assert (ROOT / path).exists(), path


def test_a_link_to_nothing_stays_for_the_strict_build_to_find() -> None:
    text = "[a](no_page.md) [b](../lightning_modules/t2l/README.md#readings) [c](../configs) [d](https://a.b)"
    mended = mended_links(text, source="docs/index.md", page="index.md")
    assert mended == f"[a](no_page.md) [b](methods/t2l.md#readings) [c]({REPOSITORY}configs) [d](https://a.b)"


@pytest.mark.parametrize("page", sorted(PAGES))
def test_shown_files_are_there(page: str) -> None:
    for name in re.findall(r'--8<-- "([^"]+)"', PAGES[page]):
        assert (ROOT / name).is_file(), name


def test_each_example_is_shown_or_named_on_a_page() -> None:
    text = "\n".join(PAGES.values())
    assert [example for example in EXAMPLES if not re.search(rf'--8<-- "{example}"|`{example}`', text)] == []


def test_nothing_is_loaded_from_elsewhere() -> None:
    """The site is built and read without a network."""
    assert SETTINGS["theme"]["font"] is False
    assert SETTINGS["strict"] is True
    assert not [url for key in ("extra_css", "extra_javascript") for url in SETTINGS.get(key, []) if "//" in url]


def test_bash_blocks_are_closed() -> None:
    assert [page for page, text in PAGES.items() if text.count("```") % 2] == []
    assert sum(len(shown_commands(text)) for text in PAGES.values()) > 40


@pytest.mark.slow
def test_the_site_is_built_without_a_warning(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(tmp_path / "site")]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    for page in PAGES:
        html = tmp_path / "site" / re.sub(r"(README)?\.md$", lambda end: "index.html" if end[1] else ".html", page)
        text = html.read_text()
        assert "<h1" in text
        loaded = re.findall(r'<(?:script|img)[^>]* src="([^"]+)"|<link[^>]* rel="stylesheet"[^>]* href="([^"]+)"', text)
        assert [url for pair in loaded for url in pair if "//" in url] == []
