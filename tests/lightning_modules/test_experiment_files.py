from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
import yaml

from lightning_modules.experiment_files import read_experiment, stated_class, with_read_experiments


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
        "adaptation/zar.yaml": {
            "data.clips.views": {"class_path": "MultiRateViews", "init_args": {"n_crops": 3, "n_samples": 4}},
            "data.clips.n_test_clips": 1,
            "adaptation": {"class_path": "PromptTuning", "init_args": {"method": "ZAR", "schedule": ["all"]}},
        },
        "adaptation/tpt.yaml": {
            "data.clips.views": {"class_path": "AugmentedViews", "init_args": {"augmix": "per_frame"}},
            "adaptation": {"class_path": "PromptTuning", "init_args": {"method": "TPT", "selection": "once"}},
        },
        "experiment/adapted.yaml": {
            "data": "../data/ucf.yaml",
            "adaptation.schedule": ["all", "right-6"],
            "data.clips.views.init_args.n_crops": 5,
            "adaptation": "../adaptation/zar.yaml",
        },
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


def put_together(files: Path, *arguments: str) -> tuple[list[dict[str, Any]], list[str]]:
    """The contents of the files that a command line becomes, and its other arguments."""
    (files / "own").mkdir()
    changed = with_read_experiments(["test", *arguments], files / "own")
    written = [i for i, argument in enumerate(changed) if argument == "--config"]
    rest = [argument for i, argument in enumerate(changed) if i not in written and i - 1 not in written]
    return [yaml.safe_load(Path(changed[i + 1]).read_text()) for i in written], rest


def test_an_adaptation_file_brings_its_differences_and_the_experiments_own_win(files: Path) -> None:
    experiment = read_experiment(files / "experiment" / "adapted.yaml")
    assert experiment["adaptation"] == {
        "class_path": "PromptTuning",
        "init_args": {"method": "ZAR", "schedule": ["all", "right-6"]},
    }
    clips = experiment["data"]["init_args"]["clips"]
    assert clips["views"] == {"class_path": "MultiRateViews", "init_args": {"n_crops": 5, "n_samples": 4}}
    assert (clips["n_frames"], clips["n_test_clips"]) == (16, 1)
    assert set(experiment) == {"data", "adaptation"}


def test_an_appended_adaptation_does_the_same_and_a_later_file_changes_it(files: Path) -> None:
    (files / "rate.yaml").write_text("adaptation.learning_rate: 0.5\nadaptation.init_args.method: mine\n")
    paths = [str(files / name) for name in ("experiment/e.yaml", "adaptation/zar.yaml", "rate.yaml")]
    (experiment, zar, rate), _ = put_together(files, *[part for path in paths for part in ("--config", path)])
    assert experiment["data"]["init_args"]["clips"]["views"]["class_path"] == "MultiRateViews"
    assert zar == {
        "adaptation": {
            "class_path": "PromptTuning",
            "init_args": {"method": "mine", "schedule": ["all"], "learning_rate": 0.5},
        }
    }
    assert rate == {}


@pytest.mark.parametrize("option", ["--config", "--adaptation"])
def test_a_later_adaptation_replaces_an_earlier_one_and_its_views(files: Path, option: str) -> None:
    given = ["--config", str(files / "experiment/adapted.yaml"), option, str(files / "adaptation/tpt.yaml")]
    (experiment, tpt), rest = put_together(files, *given)
    assert "adaptation" not in experiment
    assert experiment["data"]["init_args"]["clips"]["views"] == {
        "class_path": "AugmentedViews",
        "init_args": {"augmix": "per_frame"},
    }
    assert tpt["adaptation"]["init_args"] == {"method": "TPT", "selection": "once"}
    assert rest == ["test"]


def test_an_adaptation_that_is_no_file_is_left_to_the_parser(files: Path) -> None:
    given = ["--config", str(files / "experiment/adapted.yaml"), "--adaptation=null", "--adaptation.phrase", "null"]
    (experiment,), rest = put_together(files, *given)
    assert rest == ["test", "--adaptation", "null"]
    assert experiment["adaptation"]["init_args"]["phrase"] is None


def test_an_adaptation_file_without_an_adaptation_is_refused(files: Path) -> None:
    (files / "adaptation" / "zar.yaml").write_text("data.clips.n_test_clips: 1\n")
    with pytest.raises(ValueError, match=r"zar\.yaml has no section adaptation; an experiment's adaptation is a file"):
        read_experiment(files / "experiment" / "adapted.yaml")


def stated(files: Path, section: str, *arguments: object) -> str | None:
    with TemporaryDirectory(dir=files) as folder:
        return stated_class(with_read_experiments([str(a) for a in arguments], Path(folder)), section)


def test_the_class_of_a_section_is_the_last_that_a_file_a_fragment_or_an_option_states(files: Path) -> None:
    experiment = ("test", "--config", files / "experiment" / "e.yaml")
    assert (stated(files, "model", *experiment), stated(files, "data", *experiment)) == ("CLIP", "UCF101")
    assert stated(files, "model", *experiment, "--model", "T3AL", "--model.weights", "CLIP") == "T3AL"
    assert stated(files, "model", *experiment, "--model=T3AL") == "T3AL"
    assert stated(files, "model", "test", f"--model={files / 'model' / 'clip.yaml'}") == "CLIP"
    assert stated(files, "model", "test", "--model", "T3AL", *experiment[1:]) == "CLIP"
    assert stated(files, "data", "test", "--model", "T3AL") is None


def test_the_class_of_an_adaptation_is_stated_until_it_is_taken_off(files: Path) -> None:
    adapted = ("test", "--adaptation", files / "adaptation" / "zar.yaml")
    assert stated(files, "adaptation", *adapted) == "PromptTuning"
    assert stated(files, "adaptation", *adapted, "--adaptation", "null") is None
