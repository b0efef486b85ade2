"""Every configuration that is shipped can be parsed and instantiated, and says what it reproduces."""

import re
from dataclasses import asdict
from itertools import cycle
from pathlib import Path
from typing import Any

import pytest
import torch
import yaml
from jsonargparse import ArgumentParser

from tests.makers.configs.parsing import configured
from tests.makers.configs.shipped import (
    ABLATIONS,
    ADAPTATIONS,
    ALL,
    CONFIGS,
    DATA,
    EXPERIMENTS,
    LISTS,
    LOGGERS,
    MODELS,
    TESTS,
    TRAINERS,
    UNTRIMMED,
    name,
)
from tests.reference.papers_frames import papers_test_frames
from zsar.callbacks.adaptation_callback import AdaptationCallback
from zsar.callbacks.pictures.attention.attention_maps import AttentionMaps
from zsar.callbacks.pictures.chosen_videos import VideoChoice
from zsar.callbacks.pictures.frame_prompt_scores import FramePromptScores
from zsar.datamodules.choices.frame_pixels import FramePixels
from zsar.datamodules.untrimmed_video import UntrimmedVideoDataModule
from zsar.datamodules.video import TrimmedVideoDataModule
from zsar.datamodules.views.transforms import TrainTransform
from zsar.lightning_modules.experiments.experiment_files import read_experiment
from zsar.lightning_modules.recognition.recognizer import ActionRecognizer

FRAMES = torch.randint(256, (1, 3, 240, 320), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize("path", ALL, ids=name)
def test_the_first_line_says_what_it_is(path: Path) -> None:
    first = path.read_text().splitlines()[0]
    assert first.startswith("# ")
    assert len(first) > 40


@pytest.mark.parametrize("path", ALL, ids=name)
def test_there_are_no_absolute_paths_and_no_dict_kwargs(path: Path) -> None:
    text = path.read_text()
    assert "dict_kwargs" not in text
    values = [v for v in _leaves(yaml.safe_load(text)) if isinstance(v, str)]
    assert [v for v in values if v.startswith(("/", "~"))] == []


def _leaves(value: object) -> list[object]:
    if isinstance(value, dict):
        return [leaf for v in value.values() for leaf in _leaves(v)]
    if isinstance(value, list):
        return [leaf for v in value for leaf in _leaves(v)]
    return [value]


@pytest.mark.parametrize("path", EXPERIMENTS, ids=name)
def test_an_experiment_can_be_instantiated(path: Path, parse: Any) -> None:
    cli = parse("--config", str(path))
    assert isinstance(cli.model, ActionRecognizer)
    assert isinstance(cli.datamodule, TrimmedVideoDataModule)
    content = yaml.safe_load(path.read_text())
    assert isinstance(content["seed_everything"], int)
    check_pixels(cli.datamodule, cli.model)
    if hasattr(cli.model, "n_frames"):
        assert cli.datamodule.clips.n_frames == cli.model.n_frames
    for key, value in content.items():
        if key == "trainer.callbacks+":
            assert [callback["class_path"] for callback in configured(cli, key[:-1])] == [
                c["class_path"] for c in value
            ]
        elif "." in key:  # a stated difference has taken effect
            found = configured(cli, key)
            assert (list(found) if isinstance(found, tuple) else found) == value


def check_pixels(data: TrimmedVideoDataModule, model: ActionRecognizer) -> None:
    """No experiment states what its model says, and all give the pixels that they gave when they stated the size."""
    clips, size = data.clips, model.backbone.image_size[0]
    assert (clips.image_size, clips.geometry, clips.resize_filter) == (None, "model", "model")
    data.take_pixels(model.frame_pixels)
    assert data.frame_pixels == model.frame_pixels == FramePixels(size, "crop", "bicubic")
    expected = papers_test_frames(FRAMES, size=size, n_crops=clips.n_test_crops, short_side=clips.test_short_side_px)
    assert torch.equal(data.test_transform(FRAMES), expected)
    stated = {"flip": 0.5 if data.flip_keeps_label else 0.0}
    augmentation = {name: value for name, value in asdict(clips.augmentation).items() if value is not None}
    train = TrainTransform(size, **{**stated, **augmentation}, interpolation="bilinear")
    made = []
    for transform in (train, data.train_transform):
        torch.manual_seed(0)
        made.append(transform(FRAMES))
    assert torch.equal(*made)


@pytest.mark.parametrize("path", DATA, ids=name)
def test_a_data_set_leaves_the_pixels_to_the_model(path: Path) -> None:
    stated = (yaml.safe_load(path.read_text()).get("init_args") or {}).get("clips", {})
    assert not {"image_size", "geometry", "resize_filter"} & set(stated)


@pytest.mark.parametrize("path", ADAPTATIONS, ids=name)
def test_an_adaptation_has_what_it_needs_and_leaves_frames_and_class_text_to_the_experiment(path: Path) -> None:
    content = yaml.safe_load(path.read_text())
    assert f"--config configs/adaptation/{path.name}" in path.read_text().replace("\n# ", " ")
    assert set(content) - {"data.clips.test_short_side_px"} == {
        *("data.clips.n_test_clips", "data.clips.n_test_crops", "data.clips.views", "data.loading.test_batch_size"),
        "adaptation",
    }


@pytest.mark.parametrize(("path", "test"), zip(ADAPTATIONS, cycle(TESTS), strict=False), ids=str)
def test_an_adaptation_is_appended_to_any_test(path: Path, test: str, parse: Any) -> None:
    experiment = CONFIGS / "experiment" / f"{test}.yaml"
    cli = parse("--config", str(experiment), "--config", str(path), subcommand="test")
    content = yaml.safe_load(path.read_text())
    tuning = cli.config_init["test"]["adaptation"]
    assert isinstance(tuning, AdaptationCallback)
    stated = content["adaptation"]["init_args"]
    described = {key: list(v) if isinstance(v, tuple) else v for key, v in tuning.describe().items()}
    assert {key: described[key] for key in stated} == stated
    views = cli.datamodule.clips.views
    stated_views = content["data.clips.views"] or {"class_path": "NoneType"}
    assert type(views).__name__ == stated_views["class_path"].split(".")[-1]
    assert (cli.datamodule.clips.n_test_clips, cli.datamodule.clips.n_test_crops) == (1, 1)
    alone = read_experiment(experiment)
    assert cli.config["test"]["run_dir"] == alone["run_dir"]


@pytest.mark.parametrize("path", ABLATIONS, ids=name)
def test_an_ablation_is_appended_to_the_experiments_that_it_names_and_changes_them(path: Path, parse: Any) -> None:
    text = path.read_text().replace("\n# ", " ").splitlines()[0]
    assert text.startswith("# Appended to ")
    assert re.search(r"Table \d", text)
    patterns = re.findall(r"\S+\.yaml", text.split(":")[0])
    experiments = [found for pattern in patterns for found in sorted((CONFIGS / "experiment").glob(pattern))]
    assert len(experiments) >= len(patterns) > 0
    content = yaml.safe_load(path.read_text())
    for experiment in experiments:
        before = read_experiment(experiment)
        assert [key for key, value in content.items() if _stated(before, key) != value], experiment
    cli = parse("--config", str(experiments[0]), "--config", str(path), subcommand="test")
    for key, value in content.items():
        found = configured(cli, key)
        assert (list(found) if isinstance(found, tuple) else found) == value


def _stated(experiment: dict[str, Any], key: str) -> object:
    section, _, rest = key.partition(".")
    found: Any = experiment[section]["init_args"]
    for part in rest.split("."):
        found = found.get(part)  # what is not stated has its default, null
        if found is None:
            break
    return found


@pytest.mark.parametrize("path", LISTS, ids=name)
def test_published_lists_are_appended_to_the_experiments_that_they_name(path: Path, parse: Any) -> None:
    first = path.read_text().replace("\n# ", " ").splitlines()[0]
    (pattern,) = re.findall(r"appended to (\S+\.yaml)", first)
    experiments = sorted((CONFIGS / "experiment").glob(pattern))
    assert experiments
    of_data = {str(_data_without_text(read_experiment(experiment))): experiment for experiment in experiments}
    for experiment in of_data.values():  # one of those that have the same data but for clips and class text
        cli = parse("--config", str(experiment), "--config", str(path))
        for key, value in yaml.safe_load(path.read_text()).items():
            assert configured(cli, key) == value


def _data_without_text(experiment: dict[str, Any]) -> dict[str, Any]:
    stated = experiment["data"]["init_args"]
    return {**experiment["data"], "init_args": {k: v for k, v in stated.items() if k not in ("clips", "text")}}


@pytest.mark.parametrize("path", MODELS, ids=name)
def test_a_model_can_be_instantiated(path: Path, parse: Any) -> None:
    assert isinstance(parse("--model", str(path), "--data", str(DATA[0])).model, ActionRecognizer)


@pytest.mark.parametrize("path", DATA, ids=name)
def test_a_data_set_can_be_instantiated(path: Path, parse: Any) -> None:
    assert isinstance(parse("--model", str(MODELS[0]), "--data", str(path)).datamodule, TrimmedVideoDataModule)


@pytest.mark.parametrize("path", UNTRIMMED, ids=name)
def test_a_data_set_for_localization_can_be_instantiated(path: Path) -> None:
    parser = ArgumentParser(exit_on_error=False)
    parser.add_argument("--data", type=UntrimmedVideoDataModule)
    module = parser.instantiate_classes(parser.parse_object({"data": yaml.safe_load(path.read_text())})).data
    assert isinstance(module, UntrimmedVideoDataModule)
    assert type(module).__name__ == yaml.safe_load(path.read_text())["class_path"].split(".")[-1]


@pytest.mark.parametrize("path", [p for p in TRAINERS if "trainer:" not in p.read_text()], ids=name)
def test_a_trainer_fragment_can_be_parsed(path: Path, parse: Any) -> None:
    cli = parse("--model", str(MODELS[0]), "--data", str(DATA[0]), "--trainer", str(path))
    for key, value in yaml.safe_load(path.read_text()).items():
        assert cli.config["fit"]["trainer"][key] == value


def test_loggers_are_appended_to_any_command_and_to_each_other(parse: Any) -> None:
    files = [argument for path in (EXPERIMENTS[0], *LOGGERS) for argument in ("--config", str(path))]
    for subcommand in ("fit", "test"):
        loggers = parse(*files, subcommand=subcommand).config[subcommand]["trainer"]["logger"]
        stated = [each for path in LOGGERS for each in yaml.safe_load(path.read_text())["trainer"]["logger+"]]
        assert [logger["class_path"] for logger in loggers] == [each["class_path"] for each in stated]
        for logger, each in zip(loggers, stated, strict=True):
            assert {name: logger["init_args"][name] for name in each["init_args"]} == each["init_args"]


def test_early_stopping_is_appended_to_an_experiment(parse: Any) -> None:
    cli = parse("--config", str(EXPERIMENTS[0]), "--config", str(CONFIGS / "trainer" / "early_stopping.yaml"))
    callbacks = cli.config["fit"]["trainer"]["callbacks"]
    assert [c["class_path"] for c in callbacks] == ["lightning.pytorch.callbacks.EarlyStopping"]


def test_frame_prompt_scores_are_appended_to_a_test(parse: Any) -> None:
    fragment = CONFIGS / "visualization" / "frame_prompt_scores.yaml"
    assert fragment.read_text().startswith("# Appended to a test (`--config configs/visualization/")
    experiment = CONFIGS / "experiment" / "clip_zero_shot_hmdb51.yaml"
    cli = parse("--config", str(experiment), "--config", str(fragment), subcommand="test")
    (callback,) = cli.config_init["test"]["trainer"]["callbacks"]
    assert isinstance(callback, FramePromptScores)
    assert (callback.videos, callback.k) == (VideoChoice(n=8, by="spread"), 5)


@pytest.mark.parametrize(
    ("name", "compare"), [("attention_maps", {}), ("attention_beside_frozen_clip", {"frozen CLIP": "frozen"})]
)
def test_attention_maps_are_appended_to_a_test(name: str, compare: dict[str, str], parse: Any) -> None:
    fragment = CONFIGS / "visualization" / f"{name}.yaml"
    assert fragment.read_text().startswith("# Appended to a test (`--config visualization/")
    experiment = CONFIGS / "experiment" / "t2l_zero_shot_hmdb51.yaml"
    cli = parse("--config", str(experiment), "--config", str(fragment), subcommand="test")
    (callback,) = cli.config_init["test"]["trainer"]["callbacks"]
    assert isinstance(callback, AttentionMaps)
    assert (callback.videos, callback.maps) == (VideoChoice(n=8, by="spread"), ("last", "rollout", "gradient"))
    assert (callback.class_name, callback.compare, callback.video) == (None, compare, True)
