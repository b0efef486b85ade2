"""A browser without a window, and pages opened in it, with everything that went wrong or was asked for on the way."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Error, Page, Request, sync_playwright

_SYSTEMS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
WIDTHS = (360, 1440)


@dataclass
class OpenedPage:
    """A page in the browser.

    Attributes:
        page: Playwright's page.
        problems: Errors and warnings of the console, and errors of scripts.
        requests: Addresses that were asked for, but for the page and what is within it.
    """

    page: Page
    problems: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)

    def is_too_wide(self) -> bool:
        """Whether the page scrolls sideways."""
        return bool(self.page.evaluate("document.documentElement.scrollWidth > window.innerWidth"))

    def column(self, table: str, number: int) -> list[str]:
        """The cells of a column of a table, by the caption's begin, from the top."""
        rows = self.page.locator("table", has=self.page.locator("caption", has_text=table)).first.locator("tbody tr")
        return [cells.strip() for cells in rows.locator(f"td:nth-child({number})").all_inner_texts()]


@contextmanager
def browser_without_a_window() -> Iterator[Browser]:
    """Starts playwright's own Chromium, or the system's; the test is skipped where there is neither."""
    with sync_playwright() as playwright:
        system = next((path for name in _SYSTEMS if (path := shutil.which(name))), None)
        try:
            browser = playwright.chromium.launch(executable_path=system, args=["--no-sandbox"])
        except Error as error:
            if system is not None:
                raise
            pytest.skip(f"no browser: none of {', '.join(_SYSTEMS)} is installed, nor playwright's own ({error.name})")
        yield browser
        browser.close()


@contextmanager
def opened(
    browser: Browser, path: Path, *, width: int = 1440, scheme: str = "light", motion: str = "no-preference"
) -> Iterator[OpenedPage]:
    """Opens a page in a context of its own.

    Args:
        browser: The browser.
        path: The page.
        width: Of the window, in pixels.
        scheme: "light" or "dark", as the reader's system has it.
        motion: "reduce" where the reader's system asks for less motion.
    """
    context = browser.new_context(
        viewport={"width": width, "height": 900},
        color_scheme="dark" if scheme == "dark" else "light",
        reduced_motion="reduce" if motion == "reduce" else "no-preference",
    )
    page = context.new_page()
    result = OpenedPage(page)

    def on_console(message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            result.problems.append(message.text)

    def on_request(request: Request) -> None:
        if request.url != path.resolve().as_uri() and not request.url.startswith("data:"):
            result.requests.append(request.url)

    page.on("console", on_console)
    page.on("pageerror", lambda error: result.problems.append(str(error)))
    page.on("request", on_request)
    page.goto(path.resolve().as_uri(), wait_until="load")
    yield result
    context.close()
