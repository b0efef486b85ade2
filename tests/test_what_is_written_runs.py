"""Every leaf that an experiment writes, in its fragments and as differences, is in the configuration that is parsed."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.makers.configs.parsing import settings_of
from tests.makers.configs.shipped import ABLATIONS, ADAPTATIONS, CONFIGS, EXPERIMENTS, LISTS, LOCALIZATIONS, TESTS, name
from zsar.datamodules import data_sets
from zsar.lightning_modules.command_line.cli import main
from zsar.lightning_modules.command_line.fit_and_test.parsed_command import parsed_config

SECTIONS = ("model", "data", "adaptation", "trainer", "checkpoint")
ALL = [*EXPERIMENTS, *LOCALIZATIONS]
RENDERED = (data_sets.MovingShapes, data_sets.UntrimmedShapes)  # with all that are made from them
OWN_VIDEOS = [path for path in ALL if path.stem == "t2l_video_folder"]
# Of trainings whose table or section states how many videos an update sees: in total, over devices and accumulation.
VIDEOS_OF_AN_UPDATE = {
    "t2l_kinetics400": 70,
    "ap_clip_kinetics400": 256,
    "vifi_clip_kinetics400": 256,
    "ap_clip_fully_supervised_kinetics400": 512,
    "ap_clip_base_to_novel_hmdb51": 64,
    "ap_clip_few_shot_ucf101_2": 64,
}
# What the authors' code states: devices, as BIKE's loss contrasts within the whole batch, and precision.
AUTHORS_TRAININGS = ("bike_kinetics400", "open_vclip_kinetics400", "taco_kinetics400")
AUTHORS_TESTS = ("bike_zero_shot", "bike_frame_voting", "open_vclip_zero_shot", "open_vclip_action_prompts")
AUTHORS_TESTS += ("taco_zero_shot",)
OURS_IN_AUTHORS_PRECISION = ("taco_base_to_novel", "taco_few_shot")
Leaves = dict[tuple[str, ...], Any]


def appended_to(path: Path) -> list[Path]:
    """The experiments that the first comment of an ablation or of lists names."""
    first = path.read_text().replace("\n# ", " ").splitlines()[0].split(":")[0]
    patterns = re.findall(r"\S+\.yaml", first)
    return [found for pattern in patterns for found in sorted((CONFIGS / "experiment").glob(pattern))]


APPENDED = [
    *((experiment, path) for path in [*ABLATIONS, *LISTS] for experiment in appended_to(path)),
    *((CONFIGS / "experiment" / f"{test}.yaml", path) for path in ADAPTATIONS for test in TESTS),
]


def leaves(value: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Paths and values; `init_args` is left out, and values are of the kinds that YAML has."""
    if isinstance(value, dict) and value:
        for key, inner in value.items():
            yield from leaves(inner, path if key == "init_args" else (*path, key))
    else:
        yield path, list(value) if isinstance(value, tuple) else str(value) if isinstance(value, Path) else value


def differ(found: Leaves, path: tuple[str, ...], value: Any) -> None:
    """Takes a difference up, whose leaves are set; a class takes the place of what was there."""
    new = dict(leaves(value, path))
    under = (path,) if (*path, "class_path") in new or not isinstance(value, dict) else tuple(new)
    for old in [old for old in found if any(old[: len(top)] == top for top in under)]:
        del found[old]
    found.update(new)


def written(path: Path) -> Leaves:
    """What a file writes, read independently of the code under test: fragments first, then the differences."""
    content = yaml.safe_load(path.read_text())
    found: Leaves = {}
    for key, value in content.items():
        if key in SECTIONS and isinstance(value, str):
            fragment = (path.parent / value).resolve()
            inside = yaml.safe_load(fragment.read_text())
            found.update(written(fragment) if key in inside else dict(leaves(inside, (key,))))
    for key, value in content.items():
        section, *names = key.split(".")
        if not (section in SECTIONS and isinstance(value, str) and not names):
            differ(found, (section, *(part for part in names if part != "init_args")), value)
    return found


@pytest.fixture(scope="module")
def parsed() -> Any:
    """Parses command lines of `zsar fit` and `zsar test` with one parser each, and builds nothing."""

    def parse(*arguments: object, subcommand: str = "fit") -> Leaves:
        found = dict(leaves(settings_of(subcommand, [str(argument) for argument in arguments]).as_dict()))
        del found[("config",)]  # the written file
        return found

    return parse


@pytest.mark.parametrize(
    ("command", "names"),
    [
        ("fit", ["experiment/bike_kinetics400", "trainer/early_stopping"]),
        ("test", ["experiment/t2l_few_shot_ssv2_4", "adaptation/dts_tpt"]),
        ("test", ["experiment/t3al_thumos14_50_50"]),
    ],
)
def test_the_parser_of_a_command_s_options_gives_what_that_of_all_commands_gives(
    command: str, names: list[str]
) -> None:
    words = [word for name in names for word in ("--config", str(CONFIGS / f"{name}.yaml"))]
    words += ["--run_dir", "runs/one", "--trainer.limit_test_batches", "1"]
    whole = parsed_config([command, *words])
    own = settings_of(command, words).as_dict()
    assert own.pop("config") is not None
    assert whole.pop("config") is not None
    assert dict(leaves(own)) == dict(leaves(whole))


def missing(expected: Leaves, found: Leaves) -> dict[str, tuple[Any, Any]]:
    """What is written and not parsed, with what is parsed instead."""
    return {
        ".".join(path): (value, found.get(path, "nothing"))
        for path, value in expected.items()
        if not (path[-1].endswith("+") and is_added(value, found[(*path[:-1], path[-1][:-1])]))
        and found.get(path, "nothing") != value
    }


def is_added(classes: list[Any], found: list[Any]) -> bool:
    """Whether a list of classes, with the settings that are written, is part of what was parsed."""
    parsed = [(str(one["class_path"]), dict(leaves(one["init_args"]))) for one in map(dict, found)]
    return all(
        any(one["class_path"] == kind and dict(leaves(one["init_args"])).items() <= has.items() for kind, has in parsed)
        for one in classes
    )


@pytest.mark.parametrize("path", ALL, ids=name)
def test_all_that_an_experiment_writes_is_parsed_and_it_asks_for_the_device_of_its_kind(
    path: Path, parsed: Any
) -> None:
    expected = written(path)
    assert {"model", "data", "trainer"} <= {leaf[0] for leaf in expected}
    found = parsed("--config", path, subcommand="test")
    assert missing(expected, found) == {}
    device = tuple(found[("trainer", key)] for key in ("accelerator", "devices", "precision"))
    data_set = getattr(data_sets, found[("data", "class_path")].split(".")[-1])
    if issubclass(data_set, RENDERED):
        assert device == ("cpu", 1, "32-true")
    elif path in OWN_VIDEOS:
        assert device == ("auto", 1, "32-true")
    elif path.stem.startswith(AUTHORS_TRAININGS):
        n_devices = 3 if path.stem.startswith("taco_kinetics400") else 8
        assert device == ("gpu", n_devices, "16-mixed")
    elif path.stem.startswith(OURS_IN_AUTHORS_PRECISION):
        assert device == ("gpu", 1, "16-mixed")
    elif path.stem.startswith(AUTHORS_TESTS):
        assert device == ("gpu", 1, "32-true")
    else:
        assert device == ("gpu", 1, "32-true" if path in LOCALIZATIONS else "bf16-mixed")


@pytest.mark.parametrize(("experiment", "path"), APPENDED, ids=lambda path: path.stem)
def test_all_that_an_appended_file_writes_is_parsed_beside_the_experiment(
    experiment: Path, path: Path, parsed: Any
) -> None:
    expected = written(experiment)
    for key, value in yaml.safe_load(path.read_text()).items():
        differ(expected, tuple(part for part in key.split(".") if part != "init_args"), value)
    assert missing(expected, parsed("--config", experiment, "--config", path, subcommand="test")) == {}


@pytest.mark.parametrize("fragment", sorted((CONFIGS / "trainer").glob("[acdg]*.yaml")), ids=name)
@pytest.mark.parametrize("before", [True, False], ids=["before", "after"])
def test_a_trainer_goes_on_any_experiment_before_or_after_it(fragment: Path, before: bool, parsed: Any) -> None:
    experiment = ["--config", CONFIGS / "experiment" / "ap_clip_kinetics400.yaml"]
    option = [f"--trainer={fragment}"]
    found = parsed(*option, *experiment) if before else parsed(*experiment, *option)
    expected = dict(leaves(yaml.safe_load(fragment.read_text()), ("trainer",)))
    expected[("trainer", "max_epochs")] = 10
    expected[("trainer", "accumulate_grad_batches")] = 16
    assert missing(expected, found) == {}


@pytest.mark.parametrize("option", [["--trainer.max_epochs", "3"], ["--trainer.max_epochs=3"]], ids=" ".join)
@pytest.mark.parametrize("section", [[], ["--trainer", "configs/trainer/ddp.yaml"]], ids=["alone", "with_a_fragment"])
def test_a_difference_on_the_command_line_holds_wherever_it_stands(
    option: list[str], section: list[str], parsed: Any
) -> None:
    experiment = ["--config", str(OWN_VIDEOS[0])]
    found = [parsed(*option, *section, *experiment), parsed(*experiment, *option, *section)]
    assert found[0] == found[1]
    assert found[0][("trainer", "max_epochs")] == 3
    assert found[0][("trainer", "precision")] == ("bf16-mixed" if section else "32-true")


def test_null_on_the_command_line_is_null_in_every_section(parsed: Any) -> None:
    nulls = ["--data.split.shots=null", "--trainer.max_epochs", "null", "--model.backbone.weights=null"]
    nulls += ["--checkpoint.monitor", "null"]
    found = parsed(*nulls, "--config", CONFIGS / "experiment" / "t2l_few_shot_hmdb51_4.yaml")
    keys = [("data", "split", "shots"), ("trainer", "max_epochs"), ("checkpoint", "monitor")]
    keys.append(("model", "backbone", "weights"))
    assert [found[key] for key in keys] == [None] * 4


def test_callbacks_of_appended_files_and_of_the_command_line_come_together(parsed: Any) -> None:
    found = parsed(
        *("--trainer.callbacks+", "lightning.pytorch.callbacks.DeviceStatsMonitor"),
        *("--config", CONFIGS / "trainer" / "early_stopping.yaml", "--config", OWN_VIDEOS[0]),
        *("--config", CONFIGS / "visualization" / "frame_prompt_scores.yaml"),
        subcommand="test",
    )
    classes = [callback["class_path"].rpartition(".")[2] for callback in found[("trainer", "callbacks")]]
    assert classes == ["EarlyStopping", "FramePromptScores", "DeviceStatsMonitor"]
    assert found[("trainer", "max_epochs")] == 30


@pytest.mark.parametrize(("experiment", "n_videos"), VIDEOS_OF_AN_UPDATE.items())
def test_an_update_sees_as_many_videos_as_published(experiment: str, n_videos: int, parsed: Any) -> None:
    found = parsed("--config", CONFIGS / "experiment" / f"{experiment}.yaml")
    accumulated, devices = (found[("trainer", key)] for key in ("accumulate_grad_batches", "devices"))
    assert found[("data", "loading", "batch_size")] * accumulated * devices == n_videos


@pytest.mark.slow
def test_the_results_of_a_test_state_the_trainer_that_the_experiment_asks_for(
    tmp_path: Path, tiny_weights: Path
) -> None:
    changes = [
        "--model.backbone.weights",
        str(tiny_weights),
        "--data.n_test",
        "1",
        "--data.n_train",
        "2",
        "--data.loading.n_workers",
        "0",
    ]
    changes += ["--data.data_root", str(tmp_path), "--run_dir", str(tmp_path / "run")]
    experiment = CONFIGS / "experiment" / "moving_shapes_zero_shot.yaml"
    assert main(["test", "--config", str(experiment), *changes, "--trainer.enable_progress_bar", "false"]) == 0
    results = json.loads((tmp_path / "run" / "results.json").read_text())
    expected = {path: value for path, value in written(experiment).items() if path[0] == "trainer"}
    assert len(expected) == 5
    assert missing(expected, dict(leaves(results["config"]))) == {}


@pytest.mark.parametrize("subcommand", ["fit", "test"])
def test_an_experiment_for_a_gpu_is_refused_in_one_line_where_there_is_none(
    subcommand: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("torch.cuda.device_count", lambda: 0)
    monkeypatch.setattr("torch.backends.mps.is_available", lambda: False)
    monkeypatch.setenv("ZSAR_DATA", "/nowhere")  # neither data nor weights are there: they are not looked for
    experiment = CONFIGS / "experiment" / "t2l_kinetics400.yaml"
    assert main([subcommand, "--config", str(experiment)]) == 1
    errors = [line for line in capsys.readouterr().err.splitlines() if "error" in line]
    assert len(errors) == 1
    assert errors[0].startswith(f"zsar {subcommand}: error: trainer.accelerator is gpu, but PyTorch")
    assert errors[0].endswith("to run on the CPU: --trainer configs/trainer/cpu.yaml")
