from pathlib import Path

import pytest

from zsar.lightning_modules.run_folders.run_names import with_run_dir


@pytest.fixture
def files(tmp_path: Path) -> dict[str, str]:
    contents = {
        "mine": "model: T2L\ndata: UCF101\n",
        "other": "data: HMDB51\n",
        "stated": "run_dir: runs/stated\nmodel: T2L\n",
        "lists": "data.lists.train: a.csv\n",
    }
    for name, content in contents.items():
        (tmp_path / f"{name}.yaml").write_text(content)
    return {name: str(tmp_path / f"{name}.yaml") for name in contents}


def named(*arguments: str) -> str | None:
    changed = with_run_dir(["fit", *arguments])
    assert changed[: len(arguments) + 1] == ["fit", *arguments]
    assert changed[len(arguments) + 1 :][:1] in ([], ["--run_dir"])
    return changed[-1] if len(changed) > len(arguments) + 1 else None


def test_a_run_is_called_as_the_last_experiment_that_is_no_difference(files: dict[str, str]) -> None:
    assert named("--config", files["mine"]) == "runs/mine"
    assert named(f"--config={files['mine']}", "--config", files["lists"]) == "runs/mine"
    assert named("--config", files["mine"], "-c", files["other"], "--trainer.max_epochs", "3") == "runs/other"


def test_a_run_that_has_a_name_keeps_it(files: dict[str, str]) -> None:
    assert named("--config", files["mine"], "--run_dir", "x") is None
    assert named("--config", files["mine"], "--run_dir=x") is None
    assert named("--config", files["stated"], "--config", files["mine"]) is None


def test_without_an_experiment_model_and_data_name_it() -> None:
    assert named("--model", "T2L", "--data", "UCF101") == "runs/T2L_UCF101"
    assert named("--model", "configs/model/t2l.yaml", "--data=zsar.datamodules.data_sets.UCF101") == "runs/t2l_UCF101"
    assert named("--model", '{"class_path": "a.T2L"}', "--data.class_path", "UCF101") == "runs/T2L_UCF101"


@pytest.mark.parametrize("arguments", [(), ("--help",), ("--model", "T2L"), ("--config", "gone.yaml")])
def test_a_command_line_that_does_not_say_what_is_run_is_left_to_the_parser(arguments: tuple[str, ...]) -> None:
    assert named(*arguments) is None
