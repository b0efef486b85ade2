from pathlib import Path

from tests.makers.results.run_folders import write_log, write_tested_run
from zsar.lightning_modules.command_line.report.reported_run import read_reported_run
from zsar.lightning_modules.command_line.report.sections.commands import section


def test_command_lines_are_quoted_and_escaped(tmp_path: Path) -> None:
    folder = write_log(tmp_path / "a <b> & 'c'")
    made = section([read_reported_run(folder, "run")])
    assert made is not None
    assert "zsar fit --config" in made.html
    assert "<b>" not in made.html
    assert "a &lt;b&gt; &amp; " in made.html


def test_several_runs_have_their_names(tmp_path: Path) -> None:
    made = section([read_reported_run(write_log(tmp_path / name), name) for name in ("a", "b")])
    assert made is not None
    assert "<h3>a</h3>" in made.html


def test_runs_that_kept_no_configuration_have_no_section(tmp_path: Path) -> None:
    assert section([read_reported_run(write_tested_run(tmp_path / "run"), "run")]) is None
