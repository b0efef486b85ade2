import io

import pytest
from rich.console import Console
from rich.table import Table

from zsar.runtime.terminal import print_whole, result_console


@pytest.mark.parametrize("width", [40, 80, 120])
def test_nothing_of_a_table_is_cut_off(width: int) -> None:
    console = Console(file=io.StringIO(), width=width)
    table = Table("method", "protocol match", "untuned")
    table.add_row("T2L", "class text description / template; trained on kinetics400 / nothing" * 2, "37.5")
    print_whole(console, table)
    printed = console.file.getvalue()  # type: ignore[attr-defined]
    assert "…" not in printed
    assert "37.5" in printed
    assert max(map(len, printed.splitlines())) <= width


def test_nine_columns_of_figures_fit_eighty_characters_in_whole_words() -> None:
    console = Console(file=io.StringIO(), width=80)
    columns = ("adapted", "method", "set", "untuned", "by views", "tuned", "change", "flips", "seconds")
    table = Table(*columns)
    table.add_row("t2l", "TPT", "contrast", "34.4", "28.1", "31.2", "-3.1", "0 / 1", "0.02")
    print_whole(console, table)
    first = console.file.getvalue().splitlines()[1]  # type: ignore[attr-defined]
    assert [word.strip() for word in first.strip("┃").split("┃")] == list(columns)


def test_results_in_a_file_are_as_wide_as_a_wide_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    console = result_console()
    assert console.width == 120
    console.print("a" * 119)
    assert capsys.readouterr().out == "a" * 119 + "\n"
