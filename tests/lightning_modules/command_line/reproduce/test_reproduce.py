import io
from pathlib import Path

import pytest

from tests.makers.command_line.small_tables import write_small_tables
from zsar.lightning_modules.command_line.cli import main

TESTS = [f"runs/papers/small/{name}results.json" for name in ("seed0/", "small-longer/seed0/")]


@pytest.fixture
def small(tmp_path: Path, video_tree: Path, tiny_weights: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working directory with a small table."""
    folder = tmp_path / "work"
    folder.mkdir()
    write_small_tables(folder, videos=video_tree, weights=tiny_weights)
    monkeypatch.chdir(folder)
    return folder


@pytest.mark.slow
def test_a_table_is_run_and_again_only_what_is_missing(small: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["reproduce", "small/table1"]) == 0
    said = capfd.readouterr().out
    assert said.count("zsar fit") == 1  # which two rows share
    assert all((small / path).is_file() for path in TESTS)
    assert "small/table1, as published: Fragments" in said
    assert "25.0 ± 1.0" in said
    assert "With a fragment: one video a class" in said
    summary = said[said.index("top-1 in percent") :]
    assert "small" in summary
    assert "small-longer" in summary
    assert (small / "runs/papers/small_table1.json").is_file()
    before = {path: (small / path).stat().st_mtime_ns for path in TESTS}

    assert main(["reproduce", "small/table1"]) == 0
    again = capfd.readouterr().out
    assert again.count(": done before") == 3
    assert "zsar fit" not in again
    assert "top-1 in percent" in again

    (small / TESTS[1]).unlink()
    assert main(["reproduce", "small", "--dry-run"]) == 0
    plan = [line for line in capfd.readouterr().out.splitlines() if not line.startswith("#")]
    assert len(plan) == 1
    assert "small/small-longer/seed0 " in plan[0]
    assert main(["reproduce", "all"]) == 0
    assert capfd.readouterr().out.count(": done before") == 2
    assert {path: (small / path).stat().st_mtime_ns for path in TESTS if path != TESTS[1]} == {
        path: time for path, time in before.items() if path != TESTS[1]
    }

    experiment = small / "configs/experiment/small.yaml"
    experiment.write_text(f"{experiment.read_text()}\n# changed\n")
    assert main(["reproduce", "small/table1"]) == 1
    assert (
        "small.yaml changed since the training in runs/papers/small/seed0 began; give --overwrite"
        in capfd.readouterr().err
    )


@pytest.mark.slow
def test_a_run_that_fails_ends_the_table_with_its_row(small: Path, capfd: pytest.CaptureFixture[str]) -> None:
    fragment = small / "configs/ablation/longer.yaml"
    fragment.write_text("data.clips.n_frames: 5\n")  # the model has 4
    asked = ["reproduce", "small/table1"]
    assert main(asked) == 1
    told = capfd.readouterr()
    assert (
        "zsar reproduce: small/table1, With a fragment: test runs/papers/small/small-longer/seed0 failed: " in told.err
    )
    assert "rerun the same command; it resumes where it stopped" in told.err
    assert "as published" not in told.out
    assert (small / TESTS[0]).is_file()
    fragment.write_text("data.clips.n_test_clips: 2\n")
    assert main([*asked, "--jobs", "2"]) == 0
    assert capfd.readouterr().out.count(": done before") == 2


def test_a_dry_run_is_a_list_that_batch_reads(
    small: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert main(["reproduce", "small", "--dry_run", "--only", "As it is", "--output", "an out"]) == 0
    plan = capsys.readouterr().out
    assert plan.startswith("# small/table1: Fragments\n# needs:\n")
    assert "# As it is: base 50.0, novel 25.0 ± 1.0\n" in plan
    assert "--run_dir 'an out/small/seed0'" in plan
    monkeypatch.setattr("sys.stdin", io.StringIO(plan))
    assert main(["batch", "-", "--dry-run"]) == 0
    assert capsys.readouterr().out.splitlines() == [line for line in plan.splitlines() if not line.startswith("#")]


def test_nothing_is_run_where_something_is_missing(
    small: Path, video_tree: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    video_tree.rename(video_tree.with_name("elsewhere"))
    assert main(["reproduce", "small/table1"]) == 1
    assert f"small/table1 lacks data or weights: {video_tree} (videos of VideoFolder)" in capsys.readouterr().err
    assert not (small / "runs").exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "give either tables, such as t2l/table7, or --list"),
        (["small/table1", "--list"], "give either tables, such as t2l/table7, or --list"),
        (["small/table1", "--markdown", "x.md"], "--markdown x.md is for --list; add it"),
        (["small/tabel1"], "there is no table 'small/tabel1'; did you mean small/table1"),
        (
            ["small/table1", "--only", "As it"],
            "--only As it: no row of small/table1 has this name; did you mean As it is?",
        ),
        (["small/table1", "--where", "seed=0"], "--where seed=...: the tables vary no such setting"),
        (["small/figure1"], "small/figure1: there is nothing to run"),
        (["small/table1", "--papers", "nowhere.yaml"], "there is no file of tables nowhere.yaml"),
    ],
)
def test_what_cannot_be_run_is_an_error_of_one_line(
    arguments: list[str], message: str, small: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["reproduce", *arguments]) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert message in line


def test_tables_are_listed_and_written(small: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["reproduce", "--list", "--markdown", "docs/tables.md"]) == 0
    listed = capsys.readouterr().out
    assert "small/table1" in listed
    assert "wrote docs/tables.md" in listed
    assert "### Table 1: Fragments" in (small / "docs/tables.md").read_text()


def test_a_sweep_is_planned_as_batch_does(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["reproduce", "moving_shapes/ablation", "--dry_run", "--where", "seed=1", "--output", "out"]) == 0
    plan = capsys.readouterr().out
    assert "zsar test --overwrite --config configs/experiment/moving_shapes_t2l.yaml --seed_everything 1 " in plan
    assert "zsar summarize out/ablation/zero_shot/seed1" in plan
    assert "seed0/" not in plan
    assert main(["reproduce", "moving_shapes/ablation", "--dry_run", "--only", "adapters"]) == 1
    assert "moving_shapes/ablation is one sweep; use --where" in capsys.readouterr().err
    assert main(["reproduce", "moving_shapes/ablation", "--dry_run", "--where", "sed=1"]) == 1
    assert "--where sed=...: the sweep has no such variable; did you mean seed?" in capsys.readouterr().err
