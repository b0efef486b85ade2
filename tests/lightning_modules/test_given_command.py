from pathlib import Path

import pytest

from lightning_modules.given_command import command_to_test, given_files


def test_files_are_named_as_they_were_typed_and_in_their_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("a.yaml", "b.yaml", "zar.yaml"):
        (tmp_path / name).touch()
    typed = ["test", "--config", "a.yaml", "--adaptation=zar.yaml", "--config", "./b.yaml", "--data", "UCF101"]
    assert given_files(typed) == ["a.yaml", "zar.yaml", "./b.yaml"]
    assert given_files(["test", "--config", "gone.yaml"]) == []


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
