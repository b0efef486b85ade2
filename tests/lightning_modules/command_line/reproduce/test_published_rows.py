from pathlib import Path

from zsar.lightning_modules.command_line.reproduce.paper_tables import Row, Table
from zsar.lightning_modules.command_line.reproduce.published_rows import published_table, result_folders
from zsar.lightning_modules.command_line.reproduce.row_commands import RowCommand
from zsar.lightning_modules.command_line.reproduce.table_plans import TablePlan

OURS = Row(name="T2L", figures=(52.9, None), differences="one seed")
THEIRS = Row(name="X-CLIP", figures=("44.6 ± 5.2", 72.0), why_not="quoted")


def plan(*folders: Path, sweep: str | None = None) -> TablePlan:
    table = Table(
        paper="t2l", key="table1", title="Zero-shot", columns=("HMDB-51", "UCF-101"), rows=(OURS, THEIRS), sweep=sweep
    )
    commands = tuple(RowCommand(("zsar", "test", str(folder)), (), folder) for folder in folders)
    return TablePlan(table, ((OURS, commands), (THEIRS, ())))


def test_published_figures_stand_beside_the_runs_of_their_row() -> None:
    table = published_table(plan(Path("out/a"), Path("out/b")))
    assert table.title == "t2l/table1, as published: Zero-shot"
    assert [column.header for column in table.columns] == ["row", "HMDB-51", "UCF-101", "runs here"]
    assert [row.cells for row in table.rows] == [
        ("T2L", "52.9", "-", "out/a, out/b"),
        ("X-CLIP", "44.6 ± 5.2", "72.0", "not run"),
    ]
    assert table.notes == ("T2L: one seed",)


def test_figures_of_a_sweep_are_our_own() -> None:
    table = published_table(plan(sweep="ablation"))
    assert table.title == "t2l/table1, measured by zsar before: Zero-shot"
    assert [row.cells[-1] for row in table.rows] == ["above", "above"]


def test_only_runs_with_results_are_summarized_each_once(tmp_path: Path) -> None:
    for name in "ab":
        (tmp_path / name).mkdir()
    (tmp_path / "a" / "results.json").write_text("{}")
    assert result_folders(plan(tmp_path / "b", tmp_path / "a", tmp_path / "a")) == [tmp_path / "a"]
