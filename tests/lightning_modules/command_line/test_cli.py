import csv
import importlib
import inspect
import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch
from torch.testing import assert_close

from tests.makers.command_line.one_line import assert_one_line_error
from zsar.lightning_modules.command_line.cli import COMMANDS, main, options_module

ROOT = Path(__file__).parents[3]
THREE = ("red", "green", "blue")


def run(*arguments: object) -> int:
    return main([str(a) for a in arguments])


def run_process(*arguments: object) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "zsar", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, env=environment, cwd=ROOT, check=False, timeout=300)


def results(folder: Path) -> dict[str, Any]:
    content: dict[str, Any] = json.loads((folder / "results.json").read_text())
    return content


def weights(path: Path) -> dict[str, torch.Tensor]:
    state: dict[str, torch.Tensor] = torch.load(path, weights_only=True)["state_dict"]
    return state


def assert_same_weights(first: Path, second: Path, *, atol: float = 0.0, rtol: float = 0.0) -> None:
    a, b = weights(first), weights(second)
    assert set(a) == set(b)
    for name, tensor in a.items():
        assert_close(tensor, b[name], atol=atol, rtol=rtol, msg=lambda m, n=name: f"{n}: {m}")


# --- fit, test, validate, predict -------------------------------------------------------------------------------------


def test_fit_and_test_leave_checkpoint_logs_predictions_and_results(
    tmp_path: Path, experiment: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "run"
    base_to_novel = ("--data.split.protocol", "base_to_novel")
    assert run("fit", "--config", experiment, *base_to_novel) == 0
    best = folder / "checkpoints" / "best.ckpt"
    assert best.is_file()
    assert (folder / "checkpoints" / "last.ckpt").is_file()
    assert (folder / "csv" / "fit" / "metrics.csv").is_file()
    assert run("test", "--config", experiment, *base_to_novel, "--ckpt_path", best) == 0
    content = results(folder)
    assert content["complete"] is True
    assert {name: s["n_listed"] for name, s in content["sets"].items()} == {"base": 2, "novel": 2}
    assert all(s["n_evaluated"] == s["n_listed"] for s in content["sets"].values())
    assert content["seed"] == 3
    assert content["model"]["trained_on"]["n_listed"] == {"train": 6, "val": 2}
    assert content["class_text"]["novel"]["source"] == "templates: {} | a video of {}"
    assert content["config"]["model"]["init_args"]["n_frames"] == 4
    assert content["environment"]["packages"]["torch"] == torch.__version__
    for key in ("split_hash", "n_frames", "n_test_clips", "n_test_crops"):
        assert key in content["data"]
    printed = capsys.readouterr().out
    assert "harmonic mean" in printed
    rows = list(csv.DictReader((folder / "predictions_base.csv").open()))
    assert [row["decoded"] for row in rows] == ["yes", "yes"]
    right = sum(row["label"] == row["prediction"] for row in rows)
    assert 100 * right / 2 == pytest.approx(content["sets"]["base"]["top1"])


def test_validate_writes_results_of_the_held_out_clips(tmp_path: Path, experiment: Path) -> None:
    assert run("validate", "--config", experiment, "--ckpt_path", "none") == 0
    content = json.loads((tmp_path / "run" / "results_validate.json").read_text())
    assert content["sets"]["val"]["n_evaluated"] == 4
    assert len(list(csv.DictReader((tmp_path / "run" / "predictions_val.csv").open()))) == 4


def test_predict_names_videos_without_labels(tmp_path: Path, experiment: Path, video_tree: Path) -> None:
    unlabelled = ("--data.predict", video_tree / "red dance", "--ckpt_path", "none")
    assert run("predict", "--config", experiment, *unlabelled) == 0
    rows = list(csv.DictReader((tmp_path / "run" / "predictions.csv").open()))
    assert [row["path"] for row in rows] == [f"{i}.mp4" for i in range(5)]
    assert {row["label"] for row in rows} == {""}
    assert {row["prediction"] for row in rows} <= {"red dance", "green dance", "blue dance", "white dance"}


def test_a_limited_test_is_marked_as_such(tmp_path: Path, experiment: Path) -> None:
    limited = ("--trainer.limit_test_batches", 1, "--data.loading.test_batch_size", 1, "--ckpt_path", "none")
    assert run("test", "--config", experiment, *limited) == 0
    assert results(tmp_path / "run")["complete"] is False


def test_broken_videos_are_named_and_the_rest_is_trained_and_tested_on(
    tmp_path: Path, experiment: Path, video_tree: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for path in video_tree.glob("red dance/*.mp4"):
        path.write_bytes(b"broken")
    with pytest.warns(UserWarning, match=r"replaced by another clip in training: .*red dance/\d\.mp4"):
        assert (
            run("fit", "--config", experiment, "--data.split.held_out_fraction", 0, "--checkpoint.monitor", "null") == 0
        )
    capsys.readouterr()
    assert run("test", "--config", experiment) == 1
    complaint = capsys.readouterr().err
    assert "red dance/" in complaint
    assert "--data.loading.on_decode_error count_as_wrong" in complaint
    assert run("test", "--config", experiment, "--data.loading.on_decode_error", "count_as_wrong") == 0
    content = results(tmp_path / "run")
    assert content["sets"]["test"]["n_failed"] == 1
    assert content["sets"]["test"]["n_evaluated"] == 3
    assert content["sets"]["test"]["n_listed"] == 4
    assert "red dance" in content["undecodable"][0]
    assert "counted as wrong" in capsys.readouterr().out


# --- killed, resumed, several processes -------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize(("save_every", "killed_before"), [("epoch", 5), ("step", 5), ("step", 3)])
def test_a_killed_and_resumed_run_ends_with_the_weights_of_an_uninterrupted_one(
    tmp_path: Path, experiment: Path, save_every: str, killed_before: int
) -> None:
    options: list[object] = ["--config", experiment, "--trainer.max_epochs", 3, "--checkpoint.monitor", "null"]
    options += ["--data.loading.n_workers", 1]
    if save_every == "step":
        options += ["--checkpoint.every_n_train_steps", 1]
    killed, last = tmp_path / "killed", tmp_path / "killed" / "checkpoints" / "last.ckpt"
    killer = json.dumps(
        [{"class_path": "tests.makers.command_line.killing.KillBeforeStep", "init_args": {"step": killed_before}}]
    )
    process = run_process("fit", *options, "--run_dir", killed, "--trainer.callbacks", killer)
    assert process.returncode == -signal.SIGKILL, process.stderr
    step = torch.load(last, weights_only=True)["global_step"]
    assert step == (killed_before if save_every == "step" else 3)  # 12 videos in batches of 4: three steps an epoch
    assert run("fit", *options, "--run_dir", killed, "--ckpt_path", last) == 0
    assert torch.load(last, weights_only=True)["global_step"] == 9
    assert run("fit", *options, "--run_dir", tmp_path / "whole") == 0
    assert_same_weights(last, tmp_path / "whole" / "checkpoints" / "last.ckpt")


@pytest.mark.slow
def test_two_processes_train_as_one_with_twice_the_batch_and_test_each_video_once(
    tmp_path: Path, experiment: Path, video_tree: Path
) -> None:
    one_prompt = ("--data.text.templates", "name")  # of several, each process draws its own
    whole = ("--model.drop_rate", 0, "--model.temporal_token_dropout", 0, "--model.contrastive_loss", "in_batch")
    alike = ("--config", experiment, *one_prompt, *whole)
    two = ("--trainer.devices", 2, "--trainer.strategy", "ddp", "--run_dir", tmp_path / "two")
    one = ("--run_dir", tmp_path / "one")
    # Two shots of four classes: 8 videos, of which a step takes 4 in both cases.
    trained = run_process("fit", *alike, *two, "--data.loading.batch_size", 2, "--data.split.shots", 2)
    assert trained.returncode == 0, trained.stderr
    assert run("fit", *alike, *one, "--data.split.shots", 2) == 0
    last = tmp_path / "two" / "checkpoints" / "last.ckpt"
    assert_same_weights(last, tmp_path / "one" / "checkpoints" / "last.ckpt", atol=1e-5, rtol=1e-3)
    (video_tree / "odd.csv").write_text("path,label\n" + "".join(f"{c} dance/4.mp4,{c} dance\n" for c in THREE))
    alike = (*alike, "--data.test", video_tree / "odd.csv")
    tested = run_process("test", *alike, *two, "--ckpt_path", last)
    assert tested.returncode == 0, tested.stderr
    assert run("test", *alike, "--run_dir", tmp_path / "alone", "--ckpt_path", last) == 0
    sets = [results(tmp_path / name)["sets"]["test"] for name in ("two", "alone")]
    assert results(tmp_path / "two")["n_processes"] == 2
    assert sets[0].pop("per_class") == sets[1].pop("per_class")
    assert sets[0] == pytest.approx(sets[1], rel=1e-4)
    assert sets[0]["n_evaluated"] == 3  # no multiple of two: nothing was repeated
    tables = [(tmp_path / name / "predictions_test.csv").read_text() for name in ("two", "alone")]
    assert len(tables[0].splitlines()) == 1 + 3
    assert [row.split(",")[:3] for row in tables[0].splitlines()] == [
        row.split(",")[:3] for row in tables[1].splitlines()
    ]


# --- the command itself -----------------------------------------------------------------------------------------------


def test_help_lists_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == main(["--help"]) == 0
    printed = capsys.readouterr().out
    for command in COMMANDS:
        assert f"\n  {command} " in printed
    assert all(len(line) <= 120 for line in printed.splitlines())


@pytest.mark.parametrize("command", list(COMMANDS))
def test_every_command_has_a_help_of_its_own(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        main([command, "--help"])
    assert stopped.value.code == 0
    usage = capsys.readouterr().out.splitlines()[0]
    assert usage.startswith("usage: zsar")
    assert command in usage


@pytest.mark.parametrize("command", list(COMMANDS))
def test_every_command_says_in_one_line_that_it_has_no_such_option(
    command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as stopped:
        main([command, "--no_such_option_at_all", "3"])
    assert stopped.value.code == 2
    said = capsys.readouterr().err
    assert said.startswith(f"zsar {command}: error: ")
    assert len(said.splitlines()) == 1
    assert "--help" in said


def test_version_and_unknown_command(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--version"]) == 0
    assert capsys.readouterr().out.startswith("zsar 0.")
    assert main(["fly"]) == 2
    assert "there is no command 'fly'" in capsys.readouterr().err
    assert main(["fti"]) == 2
    assert "did you mean fit?" in capsys.readouterr().err


def test_an_explained_error_has_no_traceback_unless_asked_for(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert main(["summarize", "nowhere"]) == 1
    assert capsys.readouterr().err.startswith("zsar summarize: error: nowhere holds no results.json")
    monkeypatch.setenv("ZSAR_TRACEBACK", "1")
    with pytest.raises(ValueError, match="nowhere holds no results.json"):
        main(["summarize", "nowhere"])


def test_a_wrong_argument_is_a_usage_error_that_names_it(experiment: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        run("fit", "--config", experiment, "--data.clips.n_frames", "many")
    assert stopped.value.code == 2
    complaint = capsys.readouterr().err
    assert "n_frames" in complaint
    assert len(complaint.splitlines()) < 20


@pytest.mark.parametrize(
    ("arguments", "parts"),
    [
        (("--data.clips.n_frames", 0), ["n_frames must be at least 1; got 0"]),
        (("--model.optimization.learning_rate", -1), ["learning_rate must be positive; got -1.0"]),
        (("--model.backbone.weights", "none.pt"), ["'none.pt' is neither a file nor an open_clip tag"]),
        (("--model.backbone.architecture", "ViT-B-99"), ["has no architecture 'ViT-B-99'"]),
        (("--trainer.max_epochs", -5), ["max_epochs", "-5"]),
        (("--trainer.accelerator", "gpux"), ["--trainer.accelerator gpux", "cpu"]),
        (("--trainer.strategy", "dpp"), ["--trainer.strategy dpp", "ddp"]),
        (("--ckpt_path", "none.ckpt"), ["none.ckpt"]),
    ],
)
def test_an_error_of_building_or_running_is_one_line(
    arguments: tuple[object, ...], parts: list[str], experiment: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("fit", "--config", experiment, *arguments) == 1
    assert_one_line_error(capsys.readouterr().err, "fit", parts)


def test_a_bug_keeps_its_traceback_and_says_that_it_is_one(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(_: object) -> int:
        raise KeyError("inner")

    monkeypatch.setattr("zsar.lightning_modules.command_line.summarize.summarize.run", broken)
    with pytest.raises(KeyError, match="inner"):
        main(["summarize", "nowhere"])
    assert "this is a bug of zsar" in capsys.readouterr().err


@pytest.mark.parametrize("name", [name for name, (_, module) in COMMANDS.items() if module])
def test_command_lines_are_parsed_here_and_a_command_takes_its_options(name: str) -> None:
    module = importlib.import_module(f"zsar.lightning_modules.command_line.{COMMANDS[name][1]}")
    (options,) = inspect.signature(module.run).parameters.values()
    command = options_module(str(COMMANDS[name][1])).COMMAND
    parsed = inspect.signature(command.parse).return_annotation
    assert options.annotation == (command.options.__name__ if parsed == "T" else parsed)
    assert not hasattr(module, "main")
