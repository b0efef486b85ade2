import importlib.util
from pathlib import Path

import pytest

from tests.makers.results.run_folders import write_tested_run
from zsar.lightning_modules.command_line import cli


def test_a_report_is_written_and_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = write_tested_run(tmp_path / "run")
    assert cli.main(["report", str(folder), "--output", str(tmp_path / "page.html")]) == 0
    assert capsys.readouterr().out.startswith(f"wrote {tmp_path / 'page.html'} (0.")


def test_an_index_is_named_with_its_runs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("a", "b"):
        write_tested_run(tmp_path / name)
    assert cli.main(["report", str(tmp_path)]) == 0
    assert capsys.readouterr().out == f"wrote {tmp_path / 'index.html'} (an index of 2 runs)\n"


@pytest.mark.parametrize("is_index", [False, True])
def test_what_cannot_be_read_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str], is_index: bool) -> None:
    folder = write_tested_run(tmp_path / "run")
    (folder / "results_validate.json").write_text("{")
    status = cli.main(["report", str(tmp_path if is_index else folder)])
    captured = capsys.readouterr()
    assert status == (0 if is_index else 1)  # an index lists it
    assert "not read:" in captured.err
    assert "results_validate.json" in captured.err
    assert captured.out.startswith("wrote ")


def test_a_missing_package_is_named_with_its_extra(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    found = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "jinja2" else found(name))
    monkeypatch.setattr("zsar.lightning_modules.command_line.report.report.find_spec", importlib.util.find_spec)
    assert cli.main(["report", str(write_tested_run(tmp_path / "run"))]) == 1
    assert "pip install 'zsar[report]'" in capsys.readouterr().err
