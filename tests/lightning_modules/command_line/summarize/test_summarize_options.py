from pathlib import Path

import pytest

from zsar.lightning_modules.command_line.summarize.summarize_options import COMMAND


def test_a_command_line_is_read() -> None:
    options = COMMAND.parse(["runs/a", "runs/b"])
    assert len(options.runs) == 2


def test_a_mistyped_option_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        COMMAND.parse(["runs/a", "runs/b", "--not_there"])
    assert ended.value.code == 2
    assert "--not_there" in capsys.readouterr().err


def test_pairs_of_runs_are_read_with_and_without_runs() -> None:
    options = COMMAND.parse(["--compare", "a", "b", "--compare", "c", "d", "--output", "x.md"])
    assert options.runs == ()
    assert options.compare == ((Path("a"), Path("b")), (Path("c"), Path("d")))
    assert COMMAND.parse(["--compare", "a", "b", "c"]).runs == (Path("c"),)


def test_nothing_to_do_and_files_that_hold_no_comparisons_are_errors() -> None:
    with pytest.raises(ValueError, match="there is nothing to summarize; give run folders, --compare A B, or both"):
        COMMAND.parse([])
    for name in ("x.csv", "x.png"):
        with pytest.raises(ValueError, match=f"--output {name}: comparisons are written to .json and .md files"):
            COMMAND.parse(["a", "--compare", "a", "b", "--output", name])
