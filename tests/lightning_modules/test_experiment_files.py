from pathlib import Path

import pytest
import yaml

from lightning_modules.experiment_files import read_experiment, with_read_experiments


@pytest.fixture
def files(tmp_path: Path) -> Path:
    """An experiment with differences from its data fragment, and its fragments."""
    for name, content in {
        "data/ucf.yaml": {"class_path": "UCF101", "init_args": {"clips": {"n_frames": 16}, "split": {"seed": 7}}},
        "model/clip.yaml": {"class_path": "CLIP", "init_args": {"weights": "openai"}},
        "trainer/gpu.yaml": {"devices": 1},
        "experiment/e.yaml": {
            "seed_everything": 0,
            "model": "../model/clip.yaml",
            "data": "../data/ucf.yaml",
            "data.split.shots": 4,
            "data.init_args.clips": {"image_size": 32},
            "trainer": "../trainer/gpu.yaml",
            "trainer.max_epochs": 5,
        },
        "lists.yaml": {"data.split.shots": None, "data.lists.train": "fs.txt"},
    }.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(yaml.safe_dump(content))
    return tmp_path


def test_differences_are_put_into_the_fragment_and_other_paths_become_absolute(files: Path) -> None:
    assert read_experiment(files / "experiment" / "e.yaml") == {
        "seed_everything": 0,
        "model": str(files / "model" / "clip.yaml"),
        "data": {
            "class_path": "UCF101",
            "init_args": {"clips": {"n_frames": 16, "image_size": 32}, "split": {"seed": 7, "shots": 4}},
        },
        "trainer": str(files / "trainer" / "gpu.yaml"),
        "trainer.max_epochs": 5,
    }


def test_a_later_file_of_differences_is_put_into_the_experiment_before_it(files: Path, tmp_path: Path) -> None:
    own = tmp_path / "own"
    own.mkdir()
    given = ["fit", "--config", str(files / "experiment/e.yaml"), f"--config={files / 'lists.yaml'}", "--run_dir=x"]
    command, *arguments = with_read_experiments(given, own)
    assert (command, arguments[0], arguments[2], arguments[4]) == ("fit", "--config", "--config", "--run_dir=x")
    assert [Path(arguments[i]).name for i in (1, 3)] == ["e.yaml", "lists.yaml"]
    init_args = yaml.safe_load(Path(arguments[1]).read_text())["data"]["init_args"]
    assert init_args["split"] == {"seed": 7, "shots": None}
    assert init_args["lists"] == {"train": "fs.txt"}
    assert yaml.safe_load(Path(arguments[3]).read_text()) == {}


@pytest.mark.parametrize("option", [["--data.split.seed", "null"], ["--data.split.seed=null"]])
def test_null_on_the_command_line_is_put_into_the_experiment(files: Path, tmp_path: Path, option: list[str]) -> None:
    own = tmp_path / "own"
    own.mkdir()
    arguments = with_read_experiments(["--config", str(files / "experiment/e.yaml"), *option], own)
    assert len(arguments) == 2
    assert yaml.safe_load(Path(arguments[1]).read_text())["data"]["init_args"]["split"]["seed"] is None


def test_what_is_no_experiment_stays_as_it_is(tmp_path: Path) -> None:
    given = ["fit", "--config", "gone.yaml", "--data.split.shots", "4", "--data.help", "UCF101", "--data", "x.yaml"]
    assert with_read_experiments(given, tmp_path) == given


def test_a_fragment_that_is_not_there_is_named(files: Path) -> None:
    (files / "data" / "ucf.yaml").unlink()
    with pytest.raises(FileNotFoundError, match=r"e\.yaml points to \.\./data/ucf\.yaml, but there is no file"):
        read_experiment(files / "experiment" / "e.yaml")


def test_a_file_that_is_no_mapping_is_refused(tmp_path: Path) -> None:
    (tmp_path / "e.yaml").write_text("- a\n")
    with pytest.raises(ValueError, match=r"e\.yaml must be a mapping of settings, not a list"):
        read_experiment(tmp_path / "e.yaml")
    (tmp_path / "e.yaml").write_text("a: [")
    with pytest.raises(ValueError, match=r"e\.yaml is no YAML file"):
        read_experiment(tmp_path / "e.yaml")


def test_a_class_name_stands_for_a_fragment(tmp_path: Path) -> None:
    (tmp_path / "e.yaml").write_text("model: T2L\ndata: UCF101\ndata.split.fold: 2\n")
    expected = {"model": "T2L", "data": {"class_path": "UCF101", "init_args": {"split": {"fold": 2}}}}
    assert read_experiment(tmp_path / "e.yaml") == expected
