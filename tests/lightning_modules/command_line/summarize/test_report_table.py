import csv
import io

import pytest
from rich.console import Console

from zsar.lightning_modules.command_line.summarize.report_table import (
    Column,
    Figure,
    ReportTable,
    TableRow,
    csv_text,
    markdown_text,
    print_tables,
)
from zsar.runtime import terminal

TABLE = ReportTable(
    title="a title",
    columns=(Column("name", is_number=False), Column("top1"), Column("n")),
    rows=(TableRow(("a|b", Figure(52.94, 0.61), 3), is_bold=True), TableRow(("c", Figure(1.5, is_change=True), ""))),
    notes=("a note", "a sentence."),
)


@pytest.fixture(params=[80, 120])
def console(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Console:
    monkeypatch.setattr(terminal, "_WIDTH_OF_FILES", request.param)
    return terminal.result_console()


def test_a_figure_is_printed_as_papers_do() -> None:
    assert [str(Figure(*of)) for of in ((52.94,), (52.94, 0.61), (1.5, None, True), (-1.5, 0.5, True))] == [
        *("52.9", "52.9 ± 0.6", "+1.5", "-1.5 ± 0.5")
    ]


def test_markdown_has_title_table_and_notes_as_sentences() -> None:
    assert markdown_text([TABLE, TABLE]).startswith(
        "a title:\n\n| name | top1 | n |\n| --- | ---: | ---: |\n| a\\|b | 52.9 ± 0.6 | 3 |\n| c | +1.5 |  |\n\n"
        "a note.\n\na sentence.\n\na title:\n"
    )
    assert markdown_text([]) == ""


def test_csv_has_columns_and_rows_that_a_reader_takes_apart_again() -> None:
    table = ReportTable(columns=TABLE.columns, rows=(TableRow(('a, "b"', 79.1, 3)),))
    assert list(csv.reader(io.StringIO(csv_text(table)))) == [["name", "top1", "n"], ['a, "b"', "79.1", "3"]]
    assert csv_text(table).startswith("name,top1,n\n")


def test_a_terminal_has_title_table_and_notes(console: Console, capsys: pytest.CaptureFixture[str]) -> None:
    print_tables(console, [TABLE])
    title, *_, note, sentence = capsys.readouterr().out.splitlines()
    assert (title.strip(), note, sentence) == ("a title", "a note", "a sentence.")


def test_nothing_of_a_wide_table_is_cut_off(console: Console, capsys: pytest.CaptureFixture[str]) -> None:
    names = [f"set{i}" for i in range(10)]
    table = ReportTable(
        columns=(Column("a long name of a row", is_number=False), *map(Column, names)),
        rows=(TableRow(("t3al_without_suppression_activitynet", *(Figure(90.5 + i, 0.1 + i) for i in range(10)))),),
    )
    print_tables(console, [table])
    lines = capsys.readouterr().out.splitlines()
    assert all(len(line) <= console.width for line in lines)
    columns = zip(*[line.replace("┃", "│").split("│")[1:-1] for line in lines if line[:1] in "│┃"], strict=True)
    shown = ["".join(column).replace(" ", "") for column in columns]
    assert shown[0] == "alongnameofarow" + "t3al_without_suppression_activitynet"
    assert shown[1:] == [f"set{i}{90.5 + i:.1f}±{0.1 + i:.1f}" for i in range(10)]
