"""The table for a terminal."""

from dataclasses import replace

import pytest

from zsar.lightning_modules.command_line.models.method_names import METHODS
from zsar.lightning_modules.command_line.models.model_table import giga, millions, pixels, print_architectures
from zsar.lightning_modules.command_line.models.stored_rows import stored_rows


@pytest.mark.parametrize(
    ("number", "shown"), [(3_629_537, "3.6"), (149_620_737, "150"), (5_044_890_000, "5,045"), (None, "?")]
)
def test_parameters_in_millions(number: int | None, shown: str) -> None:
    assert millions(number) == shown


@pytest.mark.parametrize(("number", "shown"), [(0.012, "0.012"), (8.911, "8.9"), (2264.334, "2,264.3")])
def test_operations_of_the_smallest_are_not_zero(number: float, shown: str) -> None:
    assert giga(number) == shown


@pytest.mark.parametrize(("size", "shown"), [((224, 224), "224"), ((224, 336), "224 x 336"), (None, "")])
def test_sizes(size: tuple[int, int] | None, shown: str) -> None:
    assert pixels(size) == shown


def test_all_rows_in_105_columns(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    from rich.console import Console

    from zsar.lightning_modules.command_line.models import model_table

    monkeypatch.setattr(model_table, "result_console", lambda: Console(width=105))
    rows = list(stored_rows().values())
    print_architectures(rows)
    said = capsys.readouterr().out
    table, _, below = said.partition("\n\n")
    lines = table.splitlines()
    assert max(map(len, lines)) <= 105
    assert len(lines) <= 3 + len(rows) * 9 / 8  # few names take two lines
    assert f"{len(rows)} architectures; open_clip" in below
    assert "two operations" in below


def test_each_status_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    row = next(iter(stored_rows().values()))
    status = ("yes", "partly", "no", "unknown", "failed", *["yes"] * (len(METHODS) - 5))
    print_architectures([replace(row, methods=dict(zip(METHODS, status, strict=True)))])
    line = next(line for line in capsys.readouterr().out.splitlines() if line.startswith(row.name))
    assert line.split()[-len(METHODS) :] == ["yes", "part", "-", "?", "FAILED", *status[5:]]
