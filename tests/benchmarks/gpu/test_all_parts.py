import json
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks.gpu import all_parts
from benchmarks.gpu.all_parts import BUDGET_SECONDS, rows_of, table_lines
from benchmarks.gpu.one_part import PARTS, run_part
from benchmarks.gpu.setting import Case, Figures, Setting
from tests.makers.source_tree import ROOT

SMALL = Setting("cpu", small=True)


def fails() -> Figures:
    raise RuntimeError("CUDA out of\n  memory")


def test_a_case_that_fails_is_a_line_and_the_others_run(tmp_path: Path) -> None:
    def cases(setting: Setting) -> Iterator[Case]:
        assert setting == SMALL
        yield "first", fails
        yield "second", lambda: Figures("3 steps/s", 17.0, "loss finite")

    run_part("made_up", cases, SMALL, tmp_path / "lines")
    first, second = [json.loads(line) for line in (tmp_path / "lines").read_text().splitlines()]
    assert (first["part"], first["case"], first["error"]) == ("made_up", "first", "RuntimeError: CUDA out of memory")
    assert (second["rate"], second["peak_mb"], second["error"]) == ("3 steps/s", 17.0, None)


def stand_in(folder: Path, monkeypatch: pytest.MonkeyPatch, then: str) -> None:
    """Takes the place of a part's process: it measures one case, and then does something else."""
    script = folder / "python"
    line = json.dumps({"part": "ddp", "case": "one", "rate": "1 s", "peak_mb": None, "notes": "", "seconds": 1.0})
    script.write_text(
        f"#!/bin/sh\nwhile [ $# -gt 1 ]; do shift; [ $1 = --lines ] && echo '{line}' > $2; done\n{then}\n"
    )
    script.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(script))


def test_a_part_that_takes_too_long_is_stopped_and_keeps_what_it_measured(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stand_in(tmp_path, monkeypatch, "sleep 30")
    began = time.monotonic()
    first, rest = rows_of("ddp", "cpu", small=False, seconds=0.3)
    assert time.monotonic() - began < 10
    assert (first["case"], rest["case"]) == ("one", "(the rest)")
    assert rest["error"].startswith("stopped after 0 s")


def test_a_part_that_dies_is_a_row_with_what_it_printed_last(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stand_in(tmp_path, monkeypatch, "echo no kernel image >&2; exit 9")
    _, rest = rows_of("ddp", "cpu", small=False, seconds=30)
    assert rest["error"] == "ended with exit code 9: ... no kernel image"


def test_a_row_of_the_table_has_its_figures_or_its_error() -> None:
    row = {"part": "t2l", "case": "T2L", "rate": "3 steps/s", "peak_mb": 61234.5, "notes": "batch 70", "seconds": 9.1}
    machine = {"gpu": None, "cpu": "A CPU", "processors": 2}
    failed = {**row, "case": "(the rest)", "rate": "", "peak_mb": None, "error": "stopped"}
    lines = table_lines([{**row, "error": None}, failed], machine)
    assert lines[0].startswith("A CPU, 2 processors, ")
    assert lines[-2] == "| T2L | 3 steps/s | 61,234 | batch 70 | 9.1 |"
    assert lines[-1] == "| t2l (the rest) | - | - | FAILED: stopped | 9.1 |"


def test_all_parts_have_a_time_and_fit_into_eight_minutes() -> None:
    assert set(BUDGET_SECONDS) == set(PARTS)
    assert sum(BUDGET_SECONDS.values()) + 2 * len(PARTS) < 480


@pytest.mark.parametrize(("failed", "code"), [("no memory", 1), (None, 0)])
def test_the_exit_code_says_whether_a_row_failed(
    failed: str | None, code: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = {"part": "ddp", "case": "one", "rate": "1 s", "peak_mb": None, "notes": "", "seconds": 1.0, "error": failed}
    monkeypatch.setattr(all_parts, "rows_of", lambda *_, **__: [row])
    monkeypatch.setattr(sys, "argv", ["x", "--device", "cpu", "--small", "--parts", "ddp", "--output", str(tmp_path)])
    assert all_parts.main() == code
    results = json.loads((tmp_path / "results.json").read_text())
    assert results["rows"] == [row]
    assert "| one | 1 s |" in (tmp_path / "table.md").read_text()


def test_a_python_without_the_packages_is_told_what_to_install() -> None:
    command = ["sh", "benchmarks/gpu.sh"]
    done = subprocess.run(
        command, cwd=ROOT, env={"PYTHON": "false", "PATH": "/usr/bin:/bin"}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert done.stderr == "false lacks packages of zsar (); run: false -m pip install -e .\n"
