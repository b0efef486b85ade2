from itertools import permutations
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
import yaml

from zsar.lightning_modules.experiments.experiment_files import (
    read_experiment,
    stated_class,
    with_read_experiments,
)


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


def test_an_experiment_is_its_fragments_with_the_differences_put_in(files: Path) -> None:
    assert read_experiment(files / "experiment" / "e.yaml") == {
        "seed_everything": 0,
        "model": {"class_path": "CLIP", "init_args": {"weights": "openai"}},
        "data": {
            "class_path": "UCF101",
            "init_args": {"clips": {"n_frames": 16, "image_size": 32}, "split": {"seed": 7, "shots": 4}},
        },
        "trainer": {"devices": 1, "max_epochs": 5},
    }


def put_together(files: Path, *arguments: object) -> tuple[dict[str, Any], list[str]]:
    """The content of the file that a command line becomes, and its other arguments."""
    with TemporaryDirectory(dir=files) as folder:
        command, *rest = with_read_experiments(["test", *map(str, arguments)], Path(folder))
        assert command == "test"
        if rest[:1] != ["--config"]:
            return {}, rest
        return yaml.safe_load(Path(rest[1]).read_text()), rest[2:]


def test_a_command_line_becomes_one_file_named_after_the_given_ones_before_all_other_options(files: Path) -> None:
    given = ["fit", "--run_dir=x", "--config", files / "experiment/e.yaml", f"--config={files / 'lists.yaml'}"]
    given += ["--data.split.fold=2", "--trainer", files / "trainer/gpu.yaml", "--print_config"]
    changed = with_read_experiments([str(argument) for argument in given], files)
    written = files / "e.yaml+lists.yaml+gpu.yaml"
    rest = ["--run_dir=x", "--data.split.fold", "2", "--print_config"]
    assert changed == ["fit", "--config", str(written), *rest]
    init_args = yaml.safe_load(written.read_text())["data"]["init_args"]
    assert init_args["split"] == {"seed": 7, "shots": None}
    assert init_args["lists"] == {"train": "fs.txt"}


@pytest.mark.parametrize("option", [["--data.split.seed", "null"], ["--data.split.seed=null"]])
def test_null_on_the_command_line_is_put_into_the_file_and_what_is_given_after_it_holds(
    files: Path, option: list[str]
) -> None:
    content, rest = put_together(files, "--data.split.seed=3", *option, "--config", files / "experiment/e.yaml")
    assert (content["data"]["init_args"]["split"]["seed"], rest) == (None, [])
    _, rest = put_together(files, "--config", files / "experiment/e.yaml", *option, "--data.split.seed=3")
    assert rest == ["--data.split.seed", "3"]


def test_a_group_of_settings_within_another_is_put_into_the_file(files: Path) -> None:
    stride = ["--data.loading.stride", "{frames: null, seconds: 0.5}"]
    content, rest = put_together(files, "--config", files / "experiment/e.yaml", *stride)
    assert (content["data"]["init_args"]["loading"], rest) == ({"stride": {"frames": None, "seconds": 0.5}}, [])


@pytest.mark.parametrize("template", ["{}", "{} outdoors", "{}: a video"])
def test_a_template_that_begins_as_a_mapping_stays_an_option(files: Path, template: str) -> None:
    assert put_together(files, "--data.text.templates", template) == ({}, ["--data.text.templates", template])


def test_what_is_no_experiment_stays_as_it_is(tmp_path: Path) -> None:
    given = ["fit", "--config", "gone.yaml", "--data.split.shots", "4", "--data.help", "UCF101", "--data", "x.yaml"]
    given += ["--trainer.callbacks+", "EarlyStopping", "--trainer.fast_dev_run", "--wandb=off", "--data.help"]
    assert with_read_experiments(given, tmp_path) == given
    assert list(tmp_path.iterdir()) == []


def test_a_class_that_an_option_names_stays_an_option_unless_differences_are_put_into_it(files: Path) -> None:
    assert put_together(files, "--data=HMDB51", "--model", "T2L") == ({}, ["--data", "HMDB51", "--model", "T2L"])
    (files / "named.yaml").write_text("data: HMDB51\n")
    assert put_together(files, "--config", files / "named.yaml") == ({"data": {"class_path": "HMDB51"}}, [])
    content, rest = put_together(files, "--config", files / "lists.yaml", "--data", "HMDB51")
    data = {"class_path": "HMDB51", "init_args": {"split": {"shots": None}, "lists": {"train": "fs.txt"}}}
    assert (content, rest) == ({"data": data}, [])


def test_a_mapping_for_a_section_is_a_fragment_if_it_has_a_class_and_differences_if_not(files: Path) -> None:
    model, trainer = '--model={"class_path": "T2L", "init_args": {"n_frames": 4}}', '{"max_epochs": 3}'
    content, rest = put_together(files, "--trainer", trainer, "--config", files / "experiment/e.yaml", model)
    assert content["model"] == {"class_path": "T2L", "init_args": {"n_frames": 4}}
    long = '--model={"class_path": "T2L", "init_args": {"weights": "' + 300 * "w" + '"}}'  # no file's name
    assert put_together(files, long)[0]["model"]["init_args"] == {"weights": 300 * "w"}
    assert content["trainer"] == {"devices": 1, "max_epochs": 3}
    assert rest == []


def test_options_of_sections_that_a_command_has_not_are_left_to_it(files: Path) -> None:
    given = ["--config", str(files / "experiment/e.yaml"), "--trainer", str(files / "trainer/gpu.yaml")]
    changed = with_read_experiments(given, files, sections=("data",))
    assert changed[2:] == given[2:]


def test_a_fragment_that_is_not_there_is_named(files: Path) -> None:
    (files / "data" / "ucf.yaml").unlink()
    with pytest.raises(FileNotFoundError, match=r"e\.yaml points to \.\./data/ucf\.yaml, but there is no file"):
        read_experiment(files / "experiment" / "e.yaml")


def test_a_file_that_is_no_mapping_is_refused(tmp_path: Path) -> None:
    (tmp_path / "e.yaml").write_text("- a\n")
    with pytest.raises(ValueError, match=r"e\.yaml must be a mapping of settings, not a list"):
        read_experiment(tmp_path / "e.yaml")
    (tmp_path / "e.yaml").write_text("a: [")
    with pytest.raises(ValueError, match=r"e\.yaml is not a YAML file"):
        read_experiment(tmp_path / "e.yaml")


def test_a_section_that_is_neither_a_fragment_nor_a_mapping_is_refused(tmp_path: Path) -> None:
    (tmp_path / "e.yaml").write_text("trainer: gpu\n")
    with pytest.raises(ValueError, match=r"e\.yaml: trainer must be a mapping or the path of a fragment, not 'gpu'"):
        read_experiment(tmp_path / "e.yaml")


def test_a_class_name_stands_for_a_fragment(tmp_path: Path) -> None:
    (tmp_path / "e.yaml").write_text("model.class_path: T2L\ndata: UCF101\ndata.split.fold: 2\n")
    expected = {"model": {"class_path": "T2L"}, "data": {"class_path": "UCF101", "init_args": {"split": {"fold": 2}}}}
    assert read_experiment(tmp_path / "e.yaml") == expected


def test_a_fragment_may_point_to_a_fragment_and_state_differences_several_levels_deep(files: Path) -> None:
    (files / "trainer" / "long.yaml").write_text("trainer: gpu.yaml\ntrainer.max_epochs: 100\ntrainer.devices: 2\n")
    (files / "trainer" / "longer.yaml").write_text("trainer: long.yaml\ntrainer.max_epochs: 200\nrun_dir: longer\n")
    (files / "experiment" / "x.yaml").write_text("trainer: ../trainer/longer.yaml\ntrainer.precision: 16-true\n")
    expected = {"devices": 2, "max_epochs": 200, "precision": "16-true"}
    assert read_experiment(files / "experiment" / "x.yaml") == {"run_dir": "longer", "trainer": expected}
    (files / "experiment" / "y.yaml").write_text("trainer: x.yaml\ntrainer.min_epochs: 1\n")
    option = put_together(files, "--trainer", files / "experiment/y.yaml", "--config", files / "experiment/e.yaml")
    assert option[0]["trainer"] == {**expected, "min_epochs": 1}


def test_a_fragment_that_leads_to_itself_is_refused(files: Path) -> None:
    (files / "trainer" / "a.yaml").write_text("trainer: b.yaml\n")
    (files / "trainer" / "b.yaml").write_text("trainer: a.yaml\n")
    with pytest.raises(ValueError, match=r"b\.yaml points to .*a\.yaml, which leads to itself"):
        read_experiment(files / "trainer" / "a.yaml")


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


def test_an_appended_adaptation_does_the_same_and_another_file_changes_it_before_or_after(files: Path) -> None:
    (files / "rate.yaml").write_text("adaptation.learning_rate: 0.5\nadaptation.init_args.method: mine\n")
    names = ("experiment/e.yaml", "adaptation/zar.yaml", "rate.yaml")
    for order in permutations(names):
        content, _ = put_together(files, *[part for name in order for part in ("--config", files / name)])
        assert content["data"]["init_args"]["clips"]["views"]["class_path"] == "MultiRateViews"
        init_args = {"method": "mine", "schedule": ["all"], "learning_rate": 0.5}
        assert content["adaptation"] == {"class_path": "PromptTuning", "init_args": init_args}


@pytest.mark.parametrize("option", ["--config", "--adaptation"])
def test_a_later_adaptation_replaces_an_earlier_one_and_its_views(files: Path, option: str) -> None:
    given = ["--config", str(files / "experiment/adapted.yaml"), option, str(files / "adaptation/tpt.yaml")]
    content, rest = put_together(files, *given)
    assert content["data"]["init_args"]["clips"]["views"] == {
        "class_path": "AugmentedViews",
        "init_args": {"augmix": "per_frame"},
    }
    assert content["adaptation"]["init_args"] == {"method": "TPT", "selection": "once"}
    assert rest == []


def test_an_adaptation_can_be_changed_and_taken_off(files: Path) -> None:
    experiment = ("--config", files / "experiment/adapted.yaml")
    content, rest = put_together(files, *experiment, "--adaptation.phrase", "null")
    assert (content["adaptation"]["init_args"]["phrase"], rest) == (None, [])
    content, rest = put_together(files, "--adaptation=null", *experiment)
    assert (content["adaptation"], rest) == (None, [])


def test_an_adaptation_file_without_an_adaptation_is_refused(files: Path) -> None:
    (files / "adaptation" / "zar.yaml").write_text("data.clips.n_test_clips: 1\n")
    with pytest.raises(ValueError, match=r"zar\.yaml has no section adaptation and no class_path; a fragment of"):
        read_experiment(files / "experiment" / "adapted.yaml")


def stated(files: Path, section: str, *arguments: object) -> str | None:
    with TemporaryDirectory(dir=files) as folder:
        return stated_class(with_read_experiments([str(a) for a in arguments], Path(folder)), section)


def test_the_class_of_a_section_is_the_last_that_a_file_a_fragment_or_an_option_states(files: Path) -> None:
    experiment = ("test", "--config", files / "experiment" / "e.yaml")
    assert (stated(files, "model", *experiment), stated(files, "data", *experiment)) == ("CLIP", "UCF101")
    assert stated(files, "model", *experiment, "--model", "T3AL", "--model.backbone.weights", "CLIP") == "T3AL"
    assert stated(files, "model", *experiment, "--model=T3AL") == "T3AL"
    assert stated(files, "model", "test", f"--model={files / 'model' / 'clip.yaml'}") == "CLIP"
    assert stated(files, "model", "test", "--model", "T3AL", *experiment[1:]) == "T3AL"
    assert stated(files, "data", "test", "--model", "T3AL") is None


def test_the_class_of_an_adaptation_is_stated_until_it_is_taken_off(files: Path) -> None:
    adapted = ("test", "--adaptation", files / "adaptation" / "zar.yaml")
    assert stated(files, "adaptation", *adapted) == "PromptTuning"
    assert stated(files, "adaptation", *adapted, "--adaptation", "null") is None
