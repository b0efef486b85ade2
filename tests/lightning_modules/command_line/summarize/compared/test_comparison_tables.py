from pathlib import Path

from zsar.lightning_modules.command_line.summarize.compared.comparison import ComparedFigure, RunComparison
from zsar.lightning_modules.command_line.summarize.compared.comparison_tables import (
    FLIPS_NOTE,
    INTERVAL_NOTE,
    comparison_tables,
)
from zsar.lightning_modules.command_line.summarize.report_table import markdown_text


def compared(name: str, *, is_localization: bool, p: float | None = 0.0001) -> RunComparison:
    figure = ComparedFigure(
        name=name,
        first=50.0,
        second=62.5,
        interval=(-1.25, 20.0),
        n_videos=8,
        flips=None if is_localization else (7.5, 2.0),
        p=None if is_localization else p,
    )
    return RunComparison(Path("runs/a"), Path("runs/b"), 1 if is_localization else 2, is_localization, (figure,))


def test_tables_of_both_tasks() -> None:
    tables = comparison_tables(
        [compared("harmonic_mean", is_localization=False), compared("map", is_localization=True)]
    )
    text = markdown_text(tables)
    assert "A runs/a, B runs/b, 2 runs a side:" in text
    assert "| harmonic mean | 50.0 | 62.5 | +12.5 | -1.2 to +20.0 | 7.5 / 2 | < 0.001 | 8 |" in text
    assert "A runs/a, B runs/b, 1 run a side:" in text
    assert "| avg | 50.0 | 62.5 | +12.5 | -1.2 to +20.0 | 8 |" in text
    assert [table.notes for table in tables] == [(), (INTERVAL_NOTE, FLIPS_NOTE)]


def test_what_has_no_flips_has_no_note_on_them() -> None:
    (table,) = comparison_tables([compared("map", is_localization=True)])
    assert table.notes == (INTERVAL_NOTE,)


def test_p_that_is_not_tiny_is_shown() -> None:
    (table,) = comparison_tables([compared("test", is_localization=False, p=0.0412)])
    assert table.rows[0].cells[-2] == "0.041"
