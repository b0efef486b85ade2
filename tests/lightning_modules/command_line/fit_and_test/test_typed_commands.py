from pathlib import Path

import pytest

from zsar.lightning_modules.command_line.fit_and_test.typed_commands import (
    command_to_go_on,
    command_to_test,
    experiment_names,
    given_files,
)


def test_files_are_named_as_they_were_typed_and_in_their_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("a.yaml", "b.yaml", "zar.yaml"):
        (tmp_path / name).touch()
    typed = ["test", "--config", "a.yaml", "--adaptation=zar.yaml", "--config", "./b.yaml", "--data", "UCF101"]
    assert given_files(typed) == ["a.yaml", "zar.yaml", "./b.yaml"]
    assert given_files(["test", "--config", "gone.yaml"]) == []
    installed = ["--config", "experiment/t2l_video_folder", "--config", "configs/trainer/cpu.yaml"]
    assert given_files(["test", *installed]) == installed[1::2]


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("--config experiment/moving_shapes_t2l --run_dir runs/x --seed_everything 3", ["moving_shapes_t2l"]),
        ("-c experiment/t2l_kinetics400 --config=ablation/t2l_templates", ["t2l_kinetics400", "t2l_templates"]),
        (
            "--config experiment/moving_shapes_zero_shot --model configs/model/tiny_t2l.yaml "
            "--adaptation adaptation/tpt",
            ["moving_shapes_zero_shot", "tiny_t2l", "tpt"],
        ),
        (
            "--config experiment/moving_shapes_t2l --config trainer/cpu --trainer trainer/gpu --config logger/csv "
            "--config visualization/frame_prompt_scores --config lists/vifi_clip_few_shot_ssv2_4",
            ["moving_shapes_t2l"],
        ),
        ("--model zsar.lightning_modules.t2l.T2L --data VideoFolder --data.train videos", ["T2L", "VideoFolder"]),
        ("--model {} --ckpt_path best", []),
    ],
)
def test_an_experiment_is_named_by_what_changes_its_results(typed: str, expected: list[str]) -> None:
    assert experiment_names(["fit", *typed.split()]) == expected


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("fit --config a.yaml", "zsar test --config a.yaml --run_dir runs/a"),
        ("fit --config a.yaml --run_dir=runs/mine", "zsar test --config a.yaml --run_dir runs/mine"),
        (
            "fit --config a.yaml --trainer cpu.yaml --trainer.max_epochs 3 --trainer.devices=2 --ckpt_path x.ckpt",
            "zsar test --config a.yaml --trainer cpu.yaml --trainer.devices 2 --run_dir runs/a",
        ),
        (
            "fit -c a.yaml --model T2L --model.drop_rate 0.1 --data.lists null --overwrite true --wandb offline",
            "zsar test -c a.yaml --model T2L --model.drop_rate 0.1 --data.lists null --run_dir runs/a",
        ),
        (
            "fit --model AP --model.start_from k400.ckpt --model.tuned_share 0.5 --checkpoint.monitor null",
            "zsar test --model AP --model.tuned_share 0.5 --run_dir runs/a",
        ),
    ],
)
def test_the_next_command_has_the_files_and_what_makes_the_same_model_and_data(typed: str, expected: str) -> None:
    assert command_to_test(typed.split(), "runs/a") == expected


def test_what_a_shell_would_split_is_quoted() -> None:
    command = command_to_test(["fit", "--config", "my own.yaml", "--data.text.templates", "a video of {}."], "runs/a b")
    expected = "zsar test --config 'my own.yaml' --data.text.templates 'a video of {}.' --run_dir 'runs/a b'"
    assert command == expected


@pytest.mark.parametrize(
    ("arguments", "command"),
    [
        ("fit --config a.yaml", "zsar fit --config a.yaml"),
        ("fit --ckpt_path old.ckpt --config a.yaml", "zsar fit --config a.yaml"),
        ("fit --config a.yaml --ckpt_path=old.ckpt", "zsar fit --config a.yaml"),
        ("fit --overwrite true --config a.yaml", "zsar fit --config a.yaml"),
        ("fit --overwrite --config a.yaml", "zsar fit --config a.yaml"),
    ],
)
def test_the_command_is_the_same_but_for_where_it_begins(arguments: str, command: str) -> None:
    assert command_to_go_on(arguments.split(), "runs/last.ckpt") == f"{command} --ckpt_path runs/last.ckpt"


def test_it_can_be_pasted_into_a_shell_and_names_files_as_short_as_it_can(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    said = command_to_go_on(["fit", "--run_dir", "my run"], tmp_path / "my run" / "last.ckpt")
    assert said == "zsar fit --run_dir 'my run' --ckpt_path 'my run/last.ckpt'"
