import json
import random
from pathlib import Path
from typing import Any

import pytest
from markupsafe import Markup

from tests.makers.results.localization_results import write_localization
from tests.makers.results.recognition_results import adaptation, write_result
from tests.makers.results.run_folders import (
    HOSTILE,
    PageElements,
    changed_result,
    places_in,
    write_log,
    write_predictions,
    write_tested_run,
)
from zsar.lightning_modules.command_line.report.page import SCRIPTS, document, run_page, title_of
from zsar.lightning_modules.command_line.report.reported_run import ReportedRun, read_reported_run
from zsar.lightning_modules.command_line.report.section import Section

WEIRD: list[Any] = [None, True, -3, 1e308, "", HOSTILE, [], [None], {}, {"a": {"b": []}}]


def read(folder: Path, name: str | None = None) -> ReportedRun:
    return read_reported_run(folder, name or folder.name)


def whole_run(folder: Path) -> Path:
    return write_log(write_tested_run(folder))


def test_a_page_is_one_file_that_loads_nothing(tmp_path: Path) -> None:
    elements = PageElements(run_page([read(whole_run(tmp_path / "run"))]))
    assert elements.tags[:2] == ["html", "head"]
    assert [name for name, _ in elements.attributes if name == "src"] == []
    links = [value for name, value in elements.attributes if name == "href"]
    assert {value for value in links if not value.startswith("#")} == {"data:,"}
    policy = next(value for name, value in elements.attributes if value.startswith("default-src"))
    assert policy.startswith("default-src 'none'; script-src 'sha256-")
    assert "unsafe-inline" not in policy.split(";")[1]  # of scripts


def test_every_section_has_a_heading_and_a_link(tmp_path: Path) -> None:
    elements = PageElements(run_page([read(whole_run(tmp_path / "run"))]))
    ids = [value for name, value in elements.attributes if name == "id"]
    assert len(ids) == len(set(ids))
    links = [value[1:] for name, value in elements.attributes if name == "href" and value.startswith("#")]
    assert {"results", "curves", "origin", "again"} <= set(links) <= set(ids)
    assert elements.tags.count("h1") == 1
    labels = [value for name, value in elements.attributes if name == "aria-labelledby"]
    assert set(labels) <= set(ids)


@pytest.mark.parametrize("kind", ["test", "validate", "predict", "fit", "localization", "adaptation", "partial", "old"])
def test_every_kind_of_run_has_a_page(tmp_path: Path, kind: str) -> None:
    folder = tmp_path / "run"
    if kind == "fit":
        write_log(folder)
    elif kind == "localization":
        write_localization(folder)
    elif kind == "adaptation":
        write_result(folder, {"test": 50.0}, model="ZeroShotCLIP", adapted=adaptation())
    elif kind == "old":
        write_result(folder, {"test": 50.0})
    else:
        write_tested_run(folder, complete=kind != "partial")
        if kind in ("validate", "predict"):
            changed_result(folder, ("stage",), kind)
            (folder / "results.json").rename(folder / f"results_{kind}.json")
    page = run_page([read(folder)])
    text = PageElements(page).text
    for question in ("What was run", "Is it complete?", "How good is it?", "Compared with"):
        assert question in text
    assert page.count("<h1>") == 1


@pytest.mark.slow
def test_no_text_of_a_result_is_anything_but_text(tmp_path: Path) -> None:
    """Each value in its turn, and each name; the page has the elements of the sound one, or fewer."""
    folder = whole_run(tmp_path / "run")
    sound = (folder / "results.json").read_text()
    known = set(PageElements(run_page([read(folder)])).tags)
    for place in places_in(json.loads(sound)):
        for value in (HOSTILE, {HOSTILE: HOSTILE}, [HOSTILE]):
            (folder / "results.json").write_text(sound)
            changed_result(folder, place, value)
            check_harmless(run_page([read(folder)]), known)


def check_harmless(page: str, known: set[str]) -> None:
    elements = PageElements(page)
    assert elements.tags.count("script") == len(SCRIPTS) + len(elements.json)
    assert "img" not in elements.tags
    assert set(elements.tags) <= known | {"mark", "strong", "h3", "h4", "details", "summary", "p", "ul", "li", "a"}
    assert [name for name, _ in elements.attributes if name.startswith("on")] == []
    assert " 49 " not in elements.text  # no template is filled twice


def test_no_name_of_a_run_class_video_metric_or_setting_is_anything_but_text(tmp_path: Path) -> None:
    name = HOSTILE.replace("/", "")
    folder = write_tested_run(tmp_path / name)
    write_predictions(folder, "base", [(HOSTILE, HOSTILE, HOSTILE), ("b", "x", "y")])
    write_log(
        folder, {"train/loss": (2.0,), name: (1.0,)}, data={"class_path": HOSTILE, "init_args": {HOSTILE: HOSTILE}}
    )
    plain = whole_run(tmp_path / "plain")
    known = set(PageElements(run_page([read(plain)])).tags)
    check_harmless(run_page([read(folder)]), known)
    page = run_page([read(folder), read(plain)])
    check_harmless(page, known | set(PageElements(run_page([read(plain), read(plain, "again")])).tags))
    assert "onerror=alert(2)" in PageElements(page).text  # it is there, as text


@pytest.mark.slow
@pytest.mark.parametrize("value", WEIRD, ids=repr)
def test_a_result_with_any_value_anywhere_has_a_page(tmp_path: Path, value: object) -> None:
    folder = whole_run(tmp_path / "run")
    sound = (folder / "results.json").read_text()
    for place in places_in(json.loads(sound)):
        (folder / "results.json").write_text(sound)
        changed_result(folder, place, value)
        assert "</html>" in run_page([read(folder)])


def test_several_runs_share_a_page(tmp_path: Path) -> None:
    runs = [read(whole_run(tmp_path / name)) for name in ("a", "b")]
    page = run_page(runs)
    assert "<title>a · b</title>" in page
    assert "2 runs" in page


def test_the_title_of_many_runs_is_short() -> None:
    runs = [ReportedRun(Path(f"r{n}"), f"r{n}", {}) for n in range(6)]
    assert title_of(runs) == "r0 · r1 · r2 · r3 and more"


def test_a_page_of_an_index_leads_back(tmp_path: Path) -> None:
    page = run_page([read(whole_run(tmp_path / "run"))], index="../index.html")
    assert '<a class="back" href="../index.html">All runs</a>' in page


def test_a_document_has_its_sections_in_order() -> None:
    sections = [Section(name, name.upper(), Markup("<p>{}</p>").format(random.random())) for name in ("b", "a")]
    page = document(title="t", opening=Markup(), sections=sections)
    assert page.index('id="b"') < page.index('id="a"')
    assert "<nav" not in document(title="t", opening=Markup(), sections=[])
