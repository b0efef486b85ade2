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
        if command == "batch":
            return run(command, arguments)
        commands.append(arguments)
        return 3 if command == "fit" else 0

    monkeypatch.setattr(cli, "_run", recorded)
    return commands


def test_commands_are_run_in_order_with_the_shells_quotes(
    tmp_path: Path, ran: list[list[str]], capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "sweep.txt").write_text('# a sweep\nzsar test --run_dir "a b"\n\nzsar summarize "a b"\n')
    assert main(["batch", str(tmp_path / "sweep.txt")]) == 0
    assert ran == [["test", "--run_dir", "a b"], ["summarize", "a b"]]
    assert "[2 of 2] zsar summarize 'a b'" in capsys.readouterr().out


def test_the_first_failure_stops_it_with_its_status(
    monkeypatch: pytest.MonkeyPatch, ran: list[list[str]], capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("zsar test\nzsar fit\nzsar test\n"))
    assert main(["batch", "-"]) == 3
    assert ran == [["test"], ["fit"]]
    assert "command 2 of 3 failed; the rest was not run" in capsys.readouterr().err


def test_a_wrong_command_line_is_a_failure(tmp_path: Path) -> None:
    (tmp_path / "sweep.txt").write_text("zsar summarize --no-such-option\n")
    assert main(["batch", str(tmp_path / "sweep.txt")]) == 2


@pytest.mark.parametrize("line", ["rm -r runs", "zsar", "zsar batch other.txt"])
def test_what_is_no_command_of_zsar_is_refused_before_anything_runs(
    line: str, tmp_path: Path, ran: list[list[str]], capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "sweep.txt").write_text(f"zsar test\n{line}\n")
    assert main(["batch", str(tmp_path / "sweep.txt")]) == 1
    assert ran == []
    assert "a line must be a command as in the shell" in capsys.readouterr().err


def test_a_missing_file_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["batch", "nowhere.txt"]) == 1
    assert "nowhere.txt" in capsys.readouterr().err


@pytest.mark.parametrize("content", ["", "\n \n", "# zsar test\n"])
def test_a_file_without_commands_is_refused(
    content: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "sweep.txt"
    path.write_text(content)
    assert main(["batch", str(path)]) == 1
    assert f"{path}: has no commands" in capsys.readouterr().err
    monkeypatch.setattr("sys.stdin", io.StringIO(content))
    assert main(["batch", "-"]) == 1
    assert "standard input: has no commands" in capsys.readouterr().err


def test_a_long_line_that_is_no_command_is_cut(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "sweep.txt").write_text("x" * 200_000)
    assert main(["batch", str(tmp_path / "sweep.txt")]) == 1
    assert len(capsys.readouterr().err) < 400


def test_a_list_with_a_record_runs_only_what_has_not_ended_well(
    tmp_path: Path, ran: list[list[str]], capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "list.txt").write_text("zsar test\nzsar predict\nzsar fit\n")
    recorded = ["batch", str(tmp_path / "list.txt"), "--record", str(tmp_path / "record.jsonl")]
    assert main(recorded) == 3
    assert main(recorded) == 3
    assert ran == [["test"], ["predict"], ["fit"], ["fit"]]
    assert "[2 of 3] zsar predict: done before" in capsys.readouterr().out
    assert main([*recorded, "--dry-run"]) == 0
    assert capsys.readouterr().out == "# done before: zsar test\n# done before: zsar predict\nzsar fit\n"
    assert main([*recorded, "--overwrite"]) == 3
    assert ran[4:] == [["test"], ["predict"], ["fit"]]


SWEEP = """
folder: FOLDER
jobs: 2
variables:
  seed: [0, 1]
steps:
  - each: [seed]
    commands:
      - zsar COMMAND
  - commands:
      - zsar --version
"""


def sweep(folder: Path, command: str) -> str:
    (folder / "sweep.yaml").write_text(SWEEP.replace("FOLDER", str(folder)).replace("COMMAND", command))
    return str(folder / "sweep.yaml")


def test_a_dry_run_prints_a_list_that_batch_reads(
    tmp_path: Path, ran: list[list[str]], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert main(["batch", sweep(tmp_path, "test {seed}"), "--dry-run", "--only", "seed=1"]) == 0
    plan = capsys.readouterr().out
    assert plan == "# step 1: seed=1\nzsar test 1\n# step 2\nzsar --version\n"
    monkeypatch.setattr("sys.stdin", io.StringIO(plan))
    assert main(["batch", "-"]) == 0
    assert ran == [["test", "1"]]


def test_a_sweep_runs_its_steps_in_processes_and_again_only_what_is_missing(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    path = sweep(tmp_path, "--version {seed}")
    assert main(["batch", path, "--only", "seed=1"]) == 0
    assert "seed=1: done in" in capfd.readouterr().out
    assert main(["batch", path]) == 0
    said = capfd.readouterr().out
    assert "seed=1: done before" in said
    assert "seed=0: done in" in said


def test_a_failed_command_of_a_sweep_is_named_at_the_end(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["batch", sweep(tmp_path, "nothing {seed}")]) == 1
    said = capfd.readouterr().err.splitlines()
    logs = [tmp_path / "batch" / f"step1_seed={seed}.log" for seed in (0, 1)]
    assert "sweep.yaml: 2 of 2 processes of step 1 failed; steps 2 to 2 were not run" in said[-3]
    assert sorted(said[-2:]) == [
        f"failed: zsar nothing {seed} (seed={seed}; it ended with status 2; log: {log})"
        for seed, log in enumerate(logs)
    ]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["LIST", "--jobs", "2"], "--jobs is for sweep files (.yaml), but"),
        (["LIST", "--only", "seed=0"], "--only is for sweep files"),
        (["LIST", "--overwrite"], "--overwrite has no effect without --record FILE"),
        (["SWEEP", "--record", "x"], "--record is for lists"),
        (["SWEEP", "--jobs", "0"], "--jobs must be at least 1; got 0"),
        (["SWEEP", "--threads", "-1"], "--threads must be at least 1; got -1"),
        (["SWEEP", "--only", "seed"], "--only takes NAME=VALUES, as seed=0,1; got 'seed'"),
        (["SWEEP", "--only", "seed=0", "--only", "seed=1"], "--only seed=... is given twice"),
        (["SWEEP", "--only", "seed=2"], "--only seed=2: seed has no such value; it is one of 0, 1"),
    ],
)
def test_options_that_would_do_nothing_are_errors(
    options: list[str], message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "list.txt").write_text("zsar --version\n")
    files = {"LIST": str(tmp_path / "list.txt"), "SWEEP": sweep(tmp_path, "--version {seed}")}
    assert main(["batch", *(files.get(option, option) for option in options)]) == 1
    assert message in capsys.readouterr().err


def test_the_former_name_says_the_present_one(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["several", "list.txt"]) == 2
    assert "there is no command 'several'; it is called batch now: zsar batch ..." in capsys.readouterr().err
