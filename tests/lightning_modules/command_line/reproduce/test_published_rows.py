from pathlib import Path

from tests.makers.results.recognition_results import described, write_result
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


def test_published_figures_stand_beside_the_figures_of_the_runs_of_their_row(tmp_path: Path) -> None:
    folders = [tmp_path / name for name in ("zero/fold1", "zero/fold2", "novel")]
    for fold, (folder, top1) in enumerate(zip(folders, (50.0, 60.0), strict=False), start=1):
        write_result(folder, {"test": top1}, data=described("hmdb51", fold=fold))
    write_result(folders[2], {"base": 50.0, "novel": 50.0})
    table = published_table(plan(*folders))
    assert table.title == "t2l/table1, as published: Zero-shot"
    assert [column.header for column in table.columns] == ["row", "HMDB-51", "UCF-101", "measured here"]
    assert [row.cells for row in table.rows] == [
        ("T2L", "52.9", "-", "zero 55.0 ± 7.1; novel base 50.0, novel 50.0, harmonic mean 50.0"),
        ("X-CLIP", "44.6 ± 5.2", "72.0", "not run"),
    ]
    assert table.notes == ("T2L: one seed",)
    assert published_table(plan(tmp_path / "none")).rows[0].cells[-1] == "no result"


def test_figures_of_a_sweep_are_our_own() -> None:
    table = published_table(plan(sweep="ablation"))
    assert table.title == "t2l/table1, measured by zsar before: Zero-shot"
    assert [row.cells[-1] for row in table.rows] == ["above", "above"]


def test_only_runs_with_results_are_summarized_each_once(tmp_path: Path) -> None:
    for name in "ab":
        (tmp_path / name).mkdir()
    (tmp_path / "a" / "results.json").write_text("{}")
    assert result_folders(plan(tmp_path / "b", tmp_path / "a", tmp_path / "a")) == [tmp_path / "a"]
