import io
from pathlib import Path

import pytest

from zsar.lightning_modules.command_line import cli
from zsar.lightning_modules.command_line.cli import main


@pytest.fixture
def ran(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """The commands that were run; `fit` fails."""
    commands: list[list[str]] = []
    run = cli._run

    def recorded(command: str, arguments: list[str]) -> int:
        if command == "several":
            return run(command, arguments)
        commands.append(arguments)
        return 3 if command == "fit" else 0

    monkeypatch.setattr(cli, "_run", recorded)
    return commands


def test_commands_are_run_in_order_with_the_shells_quotes(
    tmp_path: Path, ran: list[list[str]], capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "sweep.txt").write_text('# a sweep\nzsar test --run_dir "a b"\n\nzsar summarize "a b"\n')
    assert main(["several", str(tmp_path / "sweep.txt")]) == 0
    assert ran == [["test", "--run_dir", "a b"], ["summarize", "a b"]]
    assert "[2 of 2] zsar summarize 'a b'" in capsys.readouterr().out


def test_the_first_failure_stops_it_with_its_status(
    monkeypatch: pytest.MonkeyPatch, ran: list[list[str]], capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("zsar test\nzsar fit\nzsar test\n"))
    assert main(["several", "-"]) == 3
    assert ran == [["test"], ["fit"]]
    assert "command 2 of 3 failed; the rest was not run" in capsys.readouterr().err


def test_a_wrong_command_line_is_a_failure(tmp_path: Path) -> None:
    (tmp_path / "sweep.txt").write_text("zsar summarize --no-such-option\n")
    assert main(["several", str(tmp_path / "sweep.txt")]) == 2


@pytest.mark.parametrize("line", ["rm -r runs", "zsar", "zsar several other.txt"])
def test_what_is_no_command_of_zsar_is_refused_before_anything_runs(
    line: str, tmp_path: Path, ran: list[list[str]], capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "sweep.txt").write_text(f"zsar test\n{line}\n")
    assert main(["several", str(tmp_path / "sweep.txt")]) == 1
    assert ran == []
    assert "a line must be a command as in the shell" in capsys.readouterr().err


def test_a_missing_file_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["several", "nowhere.txt"]) == 1
    assert "nowhere.txt" in capsys.readouterr().err


@pytest.mark.parametrize("content", ["", "\n \n", "# zsar test\n"])
def test_a_file_without_commands_is_refused(
    content: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "sweep.txt"
    path.write_text(content)
    assert main(["several", str(path)]) == 1
    assert f"{path}: has no commands" in capsys.readouterr().err
    monkeypatch.setattr("sys.stdin", io.StringIO(content))
    assert main(["several", "-"]) == 1
    assert "standard input: has no commands" in capsys.readouterr().err


def test_a_long_line_that_is_no_command_is_cut(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "sweep.txt").write_text("x" * 200_000)
    assert main(["several", str(tmp_path / "sweep.txt")]) == 1
    assert len(capsys.readouterr().err) < 400
