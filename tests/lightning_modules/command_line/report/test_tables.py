import json
import math

import pytest

from tests.makers.results.run_folders import HOSTILE, PageElements
from zsar.lightning_modules.command_line.report.tables import (
    MOST_PLAIN,
    TableCell,
    TableColumn,
    data_table,
    marked_cells,
    report_tables,
)
from zsar.lightning_modules.command_line.summarize.report_table import Column, Figure, ReportTable, TableRow


def test_a_small_table_is_html_with_keys_to_sort_by() -> None:
    columns = [TableColumn("run"), TableColumn("top-1", "number")]
    html = data_table("Runs", columns, [["a", TableCell("9.5 ± 1.0", 9.5)], ["b", 10.25], ["c", None]])
    assert "<caption>Runs</caption>" in html
    assert '<td class="number" data-key="9.5">9.5 ± 1.0</td>' in html
    assert '<td class="number" data-key="10.25">10.2</td>' in html
    assert '<td class="number"></td>' in html
    assert "application/json" not in html


def test_a_cell_has_the_classes_of_its_column_and_of_itself() -> None:
    html = data_table(
        "", [TableColumn("date", "fixed"), TableColumn("n", "number")], [["1", TableCell("2", tone="wrong")]]
    )
    assert '<td class="fixed">1</td><td class="number wrong">2</td>' in html


def test_a_whole_number_has_separators() -> None:
    html = data_table("", [TableColumn("videos", "number")], [[20_000]])
    assert '<td class="number" data-key="20000">20,000</td>' in html


def test_a_large_table_is_json_by_column_with_each_text_once() -> None:
    n = MOST_PLAIN + 1
    columns = [TableColumn("video"), TableColumn("class", is_filter=True), TableColumn("p", "number", decimals=4)]
    rows = [[f"{i}.mp4", ("run", HOSTILE)[i % 2], None if i == 0 else i / 7] for i in range(n)]
    elements = PageElements(data_table("Predictions", columns, rows))
    assert "td" not in elements.tags
    video, label, probability = json.loads("".join(elements.json))
    assert video["cells"][:2] == ["0.mp4", "1.mp4"]
    assert label["words"] == ["run", HOSTILE.replace("\u202e", "\\u202e")]
    assert label["cells"][:3] == [0, 1, 0]
    assert probability["cells"][:2] == [None, pytest.approx(1 / 7, abs=1e-6)]
    assert probability["decimals"] == 4


def test_texts_are_escaped_wherever_they_stand() -> None:
    html = data_table(HOSTILE, [TableColumn(HOSTILE)], [[TableCell(HOSTILE, HOSTILE)]], notes=[HOSTILE])
    plain = data_table("x", [TableColumn("x")], [[TableCell("x", "y")]], notes=["x"])
    assert PageElements(html).tags == PageElements(plain).tags
    assert not [name for name, _ in PageElements(html).attributes if name.startswith("on")]


@pytest.mark.parametrize("href", ["javascript:alert(1)", "https://elsewhere.example", "/etc", "//x"])
def test_a_link_that_leads_elsewhere_is_an_error(href: str) -> None:
    with pytest.raises(ValueError, match="must begin with"):
        TableCell("a", href=href)


def test_what_is_other_than_in_most_runs_is_marked() -> None:
    tones = [cell.tone for cell in marked_cells(["1", "2", "1"]) if isinstance(cell, TableCell)]
    assert tones == ["", "differs", ""]
    assert [c.tone for c in marked_cells(["1", "2"]) if isinstance(c, TableCell)] == ["", ""]  # neither is of most
    assert [c.tone for c in marked_cells(["1", "-"], absent="-") if isinstance(c, TableCell)] == ["", "muted"]


def test_tables_of_summarize_are_shown_with_their_notes() -> None:
    table = ReportTable(
        columns=(Column("row", is_number=False), Column("top-1")),
        rows=(TableRow(("T2L", Figure(52.94, 0.6)), is_bold=True),),
        notes=("mean of three",),
    )
    html = report_tables([table])
    assert "<strong>52.9 ± 0.6</strong>" in html
    assert "mean of three." in html


@pytest.mark.parametrize("n", [3, MOST_PLAIN + 1])
def test_values_that_are_no_number_have_a_table_of_any_size(n: int) -> None:
    html = data_table("a", [TableColumn("b", "number")], [[math.nan], [TableCell("inf", math.inf)], *[[0.5]] * n])
    assert "<caption>a</caption>" in html
    assert all(json.loads(text)[0]["cells"][:3] == [None, None, 0.5] for text in PageElements(html).json)
