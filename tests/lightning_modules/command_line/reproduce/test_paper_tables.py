import pytest

from zsar.lightning_modules.command_line.reproduce.paper_tables import Row, Step, Table

STEPS = (Step(verb="test", of="clip_zero_shot_hmdb51"),)


def table(key: str = "table1", *rows: Row, sweep: str | None = None) -> Table:
    return Table(paper="t2l", key=key, title="Zero-shot", columns=("a",), rows=rows, sweep=sweep)


@pytest.mark.parametrize(
    ("key", "heading"),
    [("table11", "Table 11"), ("figure3", "Figure 3"), ("ablation", "ablation"), ("tables", "tables")],
)
def test_a_table_is_called_as_it_is_printed(key: str, heading: str) -> None:
    assert table(key).heading == heading
    assert table(key).name == f"t2l/{key}"


def test_rows_with_steps_and_all_rows_of_a_sweep_can_be_run() -> None:
    ours, theirs = Row(name="CLIP", figures=(1.0,), steps=STEPS), Row(name="X-CLIP", figures=(2.0,), why_not="quoted")
    assert table("table1", ours, theirs).runnable_rows == (ours,)
    assert table("ablation", theirs, sweep="ablation").runnable_rows == (theirs,)


@pytest.mark.parametrize(
    ("figures", "cells"), [((52.9,), ("52.9",)), (("51 ± 2",), ("51 ± 2",)), ((None,), ("-",)), ((), ("",))]
)
def test_figures_are_texts_as_printed(figures: tuple[float | str | None, ...], cells: tuple[str, ...]) -> None:
    row = Row(name="CLIP", figures=figures, steps=STEPS)
    assert table("table1", row).cells_of(row) == cells
