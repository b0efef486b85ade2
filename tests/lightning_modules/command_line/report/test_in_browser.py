"""Pages as readers see them: in Chromium without a window. Only where there is no browser, these are skipped."""

import time
from itertools import pairwise
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from tests.makers.report.browsers import WIDTHS, opened
from tests.makers.report.pictured_runs import (
    add_pictures,
    as_json,
    drawn_rows,
    image_bytes,
    mistake,
    picture_of,
    recognition_run,
)
from zsar.lightning_modules.command_line.report.written_report import write_report

pytestmark = pytest.mark.slow
KINDS = ("recognition", "several", "adapted", "localization", "localizations", "training")
OPEN_ALL = "document.querySelectorAll('details').forEach((part) => { part.open = true; })"


@pytest.mark.parametrize("kind", KINDS)
def test_a_page_opens_without_errors_and_asks_for_nothing(browser: Browser, pages: dict[str, Path], kind: str) -> None:
    with opened(browser, pages[kind]) as it:
        it.page.evaluate(OPEN_ALL)
        it.page.mouse.wheel(0, 100_000)
        it.page.wait_for_timeout(200)
        assert it.problems == []
        assert it.requests == []
        assert it.page.locator("section").count() >= 2
        loaded = "[...document.images].filter((image) => image.loading !== 'lazy' || image.complete)"
        assert it.page.evaluate(f"{loaded}.every((image) => image.naturalWidth > 0)")


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("kind", KINDS)
def test_no_page_scrolls_sideways(browser: Browser, pages: dict[str, Path], kind: str, width: int) -> None:
    with opened(browser, pages[kind], width=width) as it:
        assert not it.is_too_wide()
        it.page.evaluate(OPEN_ALL)
        assert not it.is_too_wide()


def test_a_class_that_is_called_as_a_script_is_text(browser: Browser, pages: dict[str, Path]) -> None:
    with opened(browser, pages["recognition"]) as it:
        dialogs: list[str] = []
        it.page.on("dialog", lambda dialog: dialogs.append(dialog.message))
        it.page.reload()
        assert "<script>alert(1)</script>" in it.column("Classes of base", 1)
        assert dialogs == []
        assert it.problems == []


def test_a_click_on_a_heading_sorts_and_a_second_one_reverses(browser: Browser, pages: dict[str, Path]) -> None:
    with opened(browser, pages["recognition"]) as it:
        table = it.page.locator("table", has=it.page.locator("caption", has_text="Predictions of")).first
        button = table.get_by_role("button", name="probability")
        button.click()
        falling = [float(text) for text in it.column("Predictions of", 4)]
        assert falling == sorted(falling, reverse=True)
        button.click()
        assert [float(text) for text in it.column("Predictions of", 4)] == falling[::-1]
        assert table.locator("th[aria-sort]").get_attribute("aria-sort") == "ascending"


def test_typing_into_the_search_leaves_the_rows_that_have_the_words(browser: Browser, pages: dict[str, Path]) -> None:
    with opened(browser, pages["recognition"]) as it:
        box = it.page.locator(".data-table", has=it.page.locator("caption", has_text="Predictions of")).first
        assert len(it.column("Predictions of", 1)) == 240
        box.get_by_role("searchbox").fill("Horse 00001")
        box.locator("tbody tr").nth(0).wait_for()
        assert it.column("Predictions of", 1) == [
            "test/riding or walking with a horse in a field beside a very long river without any bridge/00001.mp4"
        ]
        assert box.get_by_role("status").inner_text() == "1 of 240 rows"
        box.get_by_role("searchbox").fill("")
        box.get_by_label("Filter by outcome").select_option(label="wrong")
        assert set(it.column("Predictions of", 5)) == {"wrong"}


def test_the_keyboard_reaches_and_works_the_buttons_that_sort(browser: Browser, pages: dict[str, Path]) -> None:
    with opened(browser, pages["recognition"]) as it:
        focused = "document.activeElement.matches('th button')"
        for _ in range(60):
            it.page.keyboard.press("Tab")
            if it.page.evaluate(focused):
                break
        assert it.page.evaluate(focused)
        it.page.keyboard.press("Enter")
        assert it.page.evaluate("document.activeElement.closest('th').getAttribute('aria-sort')") is not None


def test_the_first_stop_of_the_keyboard_skips_to_the_content(browser: Browser, pages: dict[str, Path]) -> None:
    with opened(browser, pages["recognition"]) as it:
        it.page.keyboard.press("Tab")
        assert it.page.evaluate("document.activeElement.getAttribute('href')") == "#main"


def brightness(browser: Browser, path: Path, scheme: str, *, click: bool = False) -> tuple[int, int]:
    """The red of the ground and of the text, 0 to 255."""
    with opened(browser, path, scheme=scheme) as it:
        if click:
            it.page.locator("#theme").click()
        colours = "((style) => [style.backgroundColor, style.color])(getComputedStyle(document.body))"
        ground, text = it.page.evaluate(colours)
        return tuple(int(colour.split("(")[1].split(",")[0]) for colour in (ground, text))  # type: ignore[return-value]


def test_it_is_light_or_dark_as_the_system_is_or_as_the_reader_chooses(
    browser: Browser, pages: dict[str, Path]
) -> None:
    path = pages["recognition"]
    light, dark = brightness(browser, path, "light"), brightness(browser, path, "dark")
    assert light[0] > 200 > 100 > light[1]
    assert dark[0] < 60 < 180 < dark[1]
    assert brightness(browser, path, "light", click=True) == dark
    assert brightness(browser, path, "dark", click=True) == light


def test_series_of_charts_are_lighter_on_a_dark_ground(browser: Browser, pages: dict[str, Path]) -> None:
    colours = []
    for scheme in ("light", "dark"):
        with opened(browser, pages["recognition"], scheme=scheme) as it:
            colours.append(it.page.evaluate("getComputedStyle(document.querySelector('.line')).stroke"))
    assert colours[0] != colours[1]


def test_clips_play_and_can_be_stopped_and_are_still_where_less_motion_is_wanted(
    browser: Browser, pages: dict[str, Path]
) -> None:
    kinds = "[...document.querySelectorAll('img[data-still]')].map((clip) => clip.src === clip.dataset.still)"
    with opened(browser, pages["recognition"]) as it:
        assert it.page.evaluate(kinds) == [False] * 8
        it.page.get_by_role("button", name="Stop clips").click()
        assert it.page.evaluate(kinds) == [True] * 8
        it.page.get_by_role("button", name="Play clips").click()
        assert it.page.evaluate(kinds) == [False] * 8
    with opened(browser, pages["recognition"], motion="reduce") as it:
        assert it.page.evaluate(kinds) == [True] * 8


def test_a_picture_is_enlarged_to_the_whole_width_and_back(browser: Browser, pages: dict[str, Path]) -> None:
    with opened(browser, pages["recognition"]) as it:
        picture = it.page.locator(".picture", has=it.page.get_by_text("square")).first
        width = picture.evaluate("(figure) => figure.clientWidth")
        picture.get_by_role("button", name="Enlarge square").click()
        assert picture.evaluate("(figure) => figure.clientWidth") > 1.5 * width
        picture.locator("img").click()
        assert picture.evaluate("(figure) => figure.clientWidth") == width
        assert it.problems == []


def test_images_have_words_and_headings_have_an_order(browser: Browser, pages: dict[str, Path]) -> None:
    for kind in KINDS:
        with opened(browser, pages[kind]) as it:
            assert it.page.locator("img:not([alt]), img[alt='']").count() == 0
            assert it.page.locator("svg[role=img]:not(:has(title)), svg[role=img]:not(:has(desc))").count() == 0
            levels = it.page.evaluate(
                "[...document.querySelectorAll('h1, h2, h3, h4')].map((h) => Number(h.tagName[1]))"
            )
            assert levels[0] == 1
            assert all(after - before <= 1 for before, after in pairwise(levels)), levels
            ids = it.page.evaluate("[...document.querySelectorAll('[id]')].map((part) => part.id)")
            assert len(ids) == len(set(ids))


def test_a_page_of_twenty_thousand_videos_is_small_and_its_rows_are_sorted_and_found(
    browser: Browser, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    names = [f"a class with a long name, number {i}" for i in range(400)]
    folder = recognition_run(tmp_path / "run", {"test": drawn_rows(20_000, names)})
    clip = image_bytes(160, 120, kind="WEBP", n_frames=6)
    answers = [
        (picture_of("mistakes", f"{i}"), {"numbers": as_json(mistake("wrong", i)), "clip": clip}) for i in range(200)
    ]
    add_pictures(folder, "mistakes", answers)
    large = image_bytes(1600, 900)  # of noise, so that it is as large as a picture can be
    add_pictures(folder, "attention", [(picture_of("attention", f"{i}"), {"picture": large}) for i in range(20)])
    path = write_report([folder])
    n_bytes = path.stat().st_size
    assert n_bytes < 30_000_000
    begin = time.perf_counter()
    with opened(browser, path) as it:
        seconds = time.perf_counter() - begin
        with capsys.disabled():
            print(f"\n20,000 videos: {n_bytes / 1e6:.1f} MB, opened in {seconds:.2f} s")
        box = it.page.locator(".data-table", has=it.page.locator("caption", has_text="Predictions of")).first
        assert box.locator("tbody tr").count() == 50
        box.get_by_role("searchbox").fill("19999.mp4")
        box.get_by_text("1 of 20,000 rows").wait_for()
        assert it.column("Predictions of", 1) == ["test/a class with a long name, number 399/19999.mp4"]
        assert it.problems == []
        assert it.page.get_by_text("files are not in this page").count() == 2, "of mistakes and of pictures"
