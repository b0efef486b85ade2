import dataclasses
import inspect
from pathlib import Path
from typing import Any

import pytest
import yaml

from zsar.datamodules import views
from zsar.lightning_modules.command_line.cli import main
from zsar.lightning_modules.command_line.model_kinds import KINDS, classes_of
from zsar.lightning_modules.run_folders.settings_of_before import (
    GROUP_OF,
    VIEWS_OF_BEFORE,
    arguments_of_now,
    config_of_now,
    name_of_now,
    value_of_now,
    views_of_now,
)


@pytest.mark.parametrize(
    ("before", "now"),
    [
        ("--model.weights", "--model.backbone.weights"),
        ("model.scorer", "model.scoring.scorer"),
        ("--data.stride.frames", "--data.loading.stride.frames"),
        ("--model.backbone.weights", None),
        ("--data.loading.batch_size", None),
        ("--trainer.weights", None),
        ("--weights", None),
        ("--model", None),
    ],
)
def test_an_option_of_before_has_another_name_now(before: str, now: str | None) -> None:
    assert name_of_now(before) == now


@pytest.mark.parametrize("section", GROUP_OF)
def test_every_setting_is_in_its_group_now_and_no_class_takes_it_beside(section: str) -> None:
    classes = [kind for base in KINDS[section].values() for kind in classes_of(base)]
    arguments = [inspect.signature(kind).parameters for kind in classes]
    assert not [name for taken in arguments for name in taken if name in GROUP_OF[section]]
    for name, group in GROUP_OF[section].items():
        groups = [taken[group].default for taken in arguments if group in taken]
        assert any(name in {field.name for field in dataclasses.fields(of)} for of in groups), name


def test_arguments_of_before_go_into_their_groups_and_the_others_stay() -> None:
    before = {"weights": "w.pt", "architecture": "tiny-clip", "scorer": "late_interaction", "n_frames": 8}
    now = arguments_of_now("model", before)
    assert now == {
        "n_frames": 8,
        "backbone": {"architecture": "tiny-clip", "weights": "w.pt"},
        "scoring": {"scorer": "late_interaction", "view_ensemble": "probability"},
    }
    assert arguments_of_now("model", now) == now
    assert before["weights"] == "w.pt"
    assert arguments_of_now("model", before, known=("weights",))["weights"] == "w.pt"


def test_a_model_of_one_tuned_tower_had_a_trained_logit_scale_before() -> None:
    none: dict[str, Any] = {"interpolated_regularization": None, "structure": None}  # which there was not, either
    assert arguments_of_now("model", {"tune": "visual"}) == {"tune": "visual", "logit_scale": "trained", **none}
    both = {"tune": "both", "logit_scale": "frozen_with_one_tower"}  # where either value means that it is trained
    assert arguments_of_now("model", {"tune": "both"}) == {**both, **none}
    now = {"tune": "text", "logit_scale": "frozen_with_one_tower", **none}
    assert arguments_of_now("model", now) == now
    assert arguments_of_now("model", {"tune": "text"}, known=("tune",)) == {"tune": "text"}  # a user's class


def test_a_configuration_of_before_is_read_as_one_of_now() -> None:
    before = {
        "model": {"class_path": "T2L", "init_args": {"weights": "w.pt"}},
        "data": {"class_path": "UntrimmedFiles", "init_args": {"stride": {"frames": 4}, "videos": "v"}},
        "trainer": {"devices": 1},
    }
    now = {
        "model": {"class_path": "T2L", "init_args": {"backbone": {"weights": "w.pt"}}},
        "data": {"class_path": "UntrimmedFiles", "init_args": {"loading": {"stride": {"frames": 4}}, "videos": "v"}},
        "trainer": {"devices": 1},
    }
    assert config_of_now(before) == now
    assert config_of_now(now) == now
    assert config_of_now({"model": None}) == {"model": None}


def test_values_of_before_are_read_as_those_of_now() -> None:
    assert arguments_of_now("model", {"temporal_tokens": True}, of_class="zsar.T2L") == {"temporal_tokens": "all"}
    assert arguments_of_now("model", {"temporal_tokens": False}, of_class="T2L") == {"temporal_tokens": "none"}
    assert arguments_of_now("model", {"temporal_tokens": [1]}, of_class="T2L") == {"temporal_tokens": [1]}
    assert arguments_of_now("model", {"temporal_tokens": True}, of_class="mine.Net") == {"temporal_tokens": True}
    before = {"classes": "not_in_kinetics400", "split": {"fold": 2}}
    now = {"split": {"classes": "drawn_160", "fold": 2}}
    assert arguments_of_now("data", before, of_class="zsar.Kinetics600") == now
    assert arguments_of_now("data", now, of_class="zsar.Kinetics600") == now
    assert arguments_of_now("data", {"classes": "a"}, of_class="zsar.UntrimmedFiles") == {"classes": "a"}
    assert before["split"] == {"fold": 2}


@pytest.mark.parametrize(
    ("option", "class_path", "written", "now"),
    [
        ("--model.temporal_tokens", "zsar.T2L", "true", "all"),
        ("--model.temporal_tokens", "zsar.T2L", "False", "none"),
        ("--model.temporal_tokens", "zsar.T2L", "last", None),
        ("--model.temporal_tokens", "mine.Net", "true", None),
        ("--data.split.classes", "zsar.Kinetics600", "not_in_kinetics400", "drawn_160"),
    ],
)
def test_an_old_value_has_a_new_one(option: str, class_path: str, written: str, now: str | None) -> None:
    assert value_of_now(option, class_path, written) == now


T3AL = ("--model", "T3AL", "--data", "UntrimmedShapes")


@pytest.mark.parametrize(
    ("arguments", "before", "now"),
    [
        (("--model.weights", "w.pt"), "--model.weights", "--model.backbone.weights"),
        (("--model.weights", "null"), "--model.weights", "--model.backbone.weights"),
        (("--data.features", "f"), "--data.features", "--data.loading.features"),
        (("--data.on_damage=accept",), "--data.on_damage", "--data.loading.on_damage"),
        (("--data.stride.frames", "8"), "--data.stride.frames", "--data.loading.stride.frames"),
    ],
)
def test_an_option_of_before_is_an_error_that_names_the_new_one(
    arguments: tuple[str, ...], before: str, now: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(["test", *T3AL, *arguments])
    assert stopped.value.code == 2
    (line,) = capsys.readouterr().err.strip().splitlines()
    assert line.startswith(f"zsar test: error: {before} is now {now}; in a file, ")


@pytest.mark.parametrize("written", ["nested", "difference"])
def test_so_is_a_key_of_a_file(tmp_path: Path, written: str, capsys: pytest.CaptureFixture[str]) -> None:
    model: dict[str, Any] = {"class_path": "T2L", "init_args": {}}
    content: dict[str, Any] = {"model": model, "data": "UCF101"}
    if written == "nested":
        model["init_args"]["scorer"] = "late_interaction"
    else:
        content["model.scorer"] = "late_interaction"
    (tmp_path / "old.yaml").write_text(yaml.safe_dump(content))
    with pytest.raises(SystemExit):
        main(["fit", "--config", str(tmp_path / "old.yaml")])
    (line,) = capsys.readouterr().err.strip().splitlines()
    assert line == (
        "zsar fit: error: --model.scorer is now --model.scoring.scorer; in a file, "
        "model: {init_args: {scoring: {scorer: ...}}}"
    )


def test_views_of_older_results_have_what_newer_ones_say() -> None:
    crops = {"class_path": "zsar.datamodules.views.AugmentedViews", "init_args": {"crop": True}}
    assert views_of_now(crops) == {"crop": True, "crop_interpolation": "bicubic", "augmix_operations": "all"}
    now = {**crops, "init_args": {"crop_interpolation": "bilinear", "augmix_operations": "photometric"}}
    assert views_of_now(now) == now["init_args"]
    assert views_of_now({"class_path": "own.Views", "init_args": {"a": 1}}) == {"a": 1}
    for name, arguments in VIEWS_OF_BEFORE.items():
        assert arguments.keys() <= inspect.signature(getattr(views, name)).parameters.keys()


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (
            ("--data", "UCF101", "--model.temporal_tokens", "false"),
            "--model.temporal_tokens false is now --model.temporal_tokens none",
        ),
        (
            ("--data", "Kinetics600", "--data.classes", "not_in_kinetics400"),
            "--data.classes is now --data.split.classes; in a file, data: {init_args: {split: {classes: ...}}}",
        ),
        (
            ("--data", "Kinetics600", "--data.split.classes", "not_in_kinetics400"),
            "--data.split.classes not_in_kinetics400 is now --data.split.classes drawn_160",
        ),
    ],
)
def test_an_old_value_is_an_error_that_names_the_new_one(
    arguments: tuple[str, ...], line: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        main(["fit", "--model", "T2L", *arguments])
    assert capsys.readouterr().err.strip() == f"zsar fit: error: {line}"
