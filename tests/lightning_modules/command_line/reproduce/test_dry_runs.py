from pathlib import Path

from zsar.lightning_modules.command_line.reproduce.dry_runs import heading_lines, need_lines, row_heading, row_lines
from zsar.lightning_modules.command_line.reproduce.needed_files import Need
from zsar.lightning_modules.command_line.reproduce.paper_tables import Row, Table
from zsar.lightning_modules.command_line.reproduce.row_commands import RowCommand
from zsar.lightning_modules.command_line.reproduce.table_plans import TablePlan
from zsar.lightning_modules.command_line.reproduce.table_runs import RunSettings

OURS = Row(name="T2L", figures=(52.9, None), differences="one seed")
THEIRS = Row(name="X-CLIP", figures=("44.6 ± 5.2", 72.0), why_not="quoted")
TABLE = Table(paper="t2l", key="table1", title="Zero-shot", columns=("HMDB-51", "UCF-101"), rows=(OURS, THEIRS))


def test_a_table_begins_with_its_title_and_the_reason_why_nothing_makes_it() -> None:
    assert list(heading_lines(TABLE)) == ["# t2l/table1: Zero-shot"]
    figure = Table(paper="t2l", key="figure1", title="Maps", columns=(), rows=(), why_not="a picture")
    assert list(heading_lines(figure)) == ["# t2l/figure1: Maps", "# no commands: a picture"]


def test_a_row_is_shown_with_its_figures_without_dashes() -> None:
    assert row_heading(OURS, TABLE) == "T2L: HMDB-51 52.9"
    assert row_heading(THEIRS, TABLE) == "X-CLIP: HMDB-51 44.6 ± 5.2, UCF-101 72.0"
    assert row_heading(Row(name="T2L", figures=()), TABLE) == "T2L"


def test_needs_are_aligned_under_a_heading() -> None:
    needs = [Need("data/hmdb51", "videos", "missing"), Need("openai", "weights", "downloaded")]
    needs.append(Need("out/last.ckpt", "checkpoint", "made here"))
    assert list(need_lines(needs)) == [
        "# needs:",
        "#   missing     data/hmdb51 (videos)",
        "#   downloaded  openai (weights)",
    ]
    assert list(need_lines([])) == []


def test_a_command_is_printed_once_and_then_named_as_above(tmp_path: Path) -> None:
    command = RowCommand(("zsar", "test", "--x", "a b"), (), tmp_path / "run")
    plan = TablePlan(TABLE, ((OURS, (command,)), (THEIRS, ())))
    printed: set[tuple[str, ...]] = set()
    expected = [
        "# T2L: HMDB-51 52.9",
        "#   differs from the paper: one seed",
        "zsar test --x 'a b'",
        "# X-CLIP: HMDB-51 44.6 ± 5.2, UCF-101 72.0",
        "#   not run: quoted",
    ]
    settings = RunSettings(output=tmp_path)
    assert list(row_lines(plan, settings, printed)) == expected
    assert printed == {command.words}
    expected[2] = "# above: zsar test --x 'a b'"
    assert list(row_lines(plan, settings, printed)) == expected
