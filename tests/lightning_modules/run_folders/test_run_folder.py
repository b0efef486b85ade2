from pathlib import Path
from typing import Any

import pytest

from tests.makers.command_line.runs_on_disk import config_of, write_results
from zsar.lightning_modules.run_folders.checkpoint_names import UNTRAINED
from zsar.lightning_modules.run_folders.run_folder import (
    check_results,
    result_differences,
    result_weights,
    results_in,
)


@pytest.mark.parametrize(
    ("model", "weights"),
    [
        ({"checkpoint": "a.ckpt", "checkpoint_weights_hash": "12ab"}, "12ab"),
        ({"checkpoint": UNTRAINED, "checkpoint_weights_hash": "12ab"}, UNTRAINED),
        ({"checkpoint": None, "checkpoint_weights_hash": None}, None),
        ({}, None),  # of a localizer
        ({"checkpoint": "a.ckpt"}, "unknown"),  # of before it was written down
    ],
)
def test_a_result_says_of_which_weights_it_is(model: dict[str, Any], weights: str | None) -> None:
    assert result_weights({"model": model}) == weights


def test_what_changes_no_result_is_no_difference(tmp_path: Path) -> None:
    result = {"config": config_of(tmp_path)}
    model: dict[str, Any] = {"n_frames": 8, "start_from": "k400.ckpt", "optimization": {"a": 1}}
    model["backbone"] = {"gradient_checkpointing": True}
    data: dict[str, Any] = {"split": {"fold": 1}, "loading": {"n_workers": 0, "batch_size": 2}, "_instantiator": "x"}
    data["clips"] = {"image_size": 224}  # the model's; another one is an error
    changes = {"model__init_args": model, "data__init_args": data, "trainer__accelerator": "gpu", "run_dir": "b"}
    assert result_differences(result, config_of(tmp_path, **changes)) == []
    assert result_differences({"config": None}, config_of(tmp_path)) == []  # of a script


def test_differences_name_the_leaf_and_both_values(tmp_path: Path) -> None:
    result = {"config": config_of(tmp_path)}
    changes = {"model__init_args": {"n_frames": 16, "scoring": {"scorer": "late"}}, "trainer__precision": "16-mixed"}
    assert result_differences(result, config_of(tmp_path, **changes)) == [
        "model.n_frames was 8, is 16",
        "model.scoring.scorer was None, is late",
        "model.scoring.view_ensemble was None, is probability",  # what the settings of before mean
        "trainer.precision was None, is 16-mixed",
    ]


def test_a_result_of_before_with_the_same_settings_has_no_differences(tmp_path: Path) -> None:
    before = {"n_frames": 8, "weights": "w.pt", "scorer": "late_interaction", "gradient_checkpointing": True}
    now = {"n_frames": 8, "backbone": {"weights": "w.pt"}, "scoring": {"scorer": "late_interaction"}}
    result = {"config": config_of(tmp_path, model__init_args=before)}
    assert result_differences(result, config_of(tmp_path, model__init_args=now)) == []
    now["backbone"]["weights"] = "v.pt"
    assert result_differences(result, config_of(tmp_path, model__init_args=now)) == [
        "model.backbone.weights was w.pt, is v.pt"
    ]


def test_a_class_that_merely_moved_is_no_difference(tmp_path: Path) -> None:
    """A results.json of zsar before 0.2 names its classes by other paths."""
    before = {"config": config_of(tmp_path, model__class_path="lightning_modules.t2l.T2L")}
    now = config_of(tmp_path, model__class_path="zsar.lightning_modules.t2l.T2L")
    assert result_differences(before, now) == []
    other = config_of(tmp_path, model__class_path="zsar.lightning_modules.clip.ZeroShotCLIP")
    assert len(result_differences(before, other)) == 1


def test_three_differences_are_named_and_the_others_counted(tmp_path: Path) -> None:
    write_results(tmp_path, "test", weights=None, config=config_of(tmp_path))
    changed = config_of(tmp_path, model__init_args={"a": 1, "b": 2, "c": 3, "d": 4})
    with pytest.raises(ValueError, match=r"\(model.n_frames was 8, is None; model.a .*; model.b .*; and 2 more\)"):
        check_results(tmp_path, "test", weights=None, config=changed)
    check_results(tmp_path, "predict", weights=None, config=changed)  # another stage


def test_a_result_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    (tmp_path / "results.json").write_text("{")
    with pytest.raises(ValueError, match=r"results.json:1: is not a JSON file"):
        results_in(tmp_path)
