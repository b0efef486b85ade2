import json
from pathlib import Path
from typing import Any

import pytest

from tests.makers.results.localization_results import write_localization
from tests.makers.results.recognition_results import write_result
from zsar.lightning_modules.command_line.summarize.results.localization_results import (
    LocalizationRun,
    is_localization,
    localization_run,
)
from zsar.lightning_modules.command_line.summarize.results.result_reading import read_result


def read(folder: Path) -> LocalizationRun:
    return localization_run(folder, read_result(folder))


def test_a_run_has_the_means_over_its_sets_and_what_it_was_made_with(tmp_path: Path) -> None:
    run = read(write_localization(tmp_path / "t3al", 20.0, seed=3, backbone="abc", n_adaptations=17))
    assert run.figures == {"map_0.3": 20.0, "map_0.5": 19.0, "map": 18.0}
    assert (run.seed, run.split_seed, run.fold, run.backbone, run.n_adaptations) == (3, 0, "all", "abc", 17)
    assert run.hashes == {
        "videos": "videos all",
        "class text of split_0": "text split_0",
        "class text of split_1": "text split_1",
    }
    assert run.settings.flat() == {
        "model": "zsar.lightning_modules.t3al.T3AL",
        "architecture": "tiny-coca",
        "data_set": "thumos14_untrimmed",
        "split": "50_50",
        "split_lists": "t3al_splits",
        "n_sets": 2,
        "stride": "1 frame",
        "geometry": "squash",
        "captions": None,
        "class_text": "templates: {}",
        "iou_thresholds": "0.3, 0.5",
        "model.tuning.n_steps": "60",
    }
    assert run.settings.protocol == "localization 50_50"


@pytest.mark.parametrize(
    "changes",
    [
        {"arguments": {"tuning": {"n_steps": 0}}},
        {"data": {"captions": "captions"}},
        {"data": {"stride": "2 frames"}},
        {"data": {"geometry": "crop"}},
        {"data": {"split": "75_25"}},
        {"names": ("map_0.3", "map")},
        {"number": 0},
    ],
)
def test_runs_that_differ_in_a_setting_have_different_settings(tmp_path: Path, changes: dict[str, Any]) -> None:
    settings = read(write_localization(tmp_path / "a")).settings
    assert read(write_localization(tmp_path / "b", **changes)).settings != settings


def test_runs_of_several_seeds_backbones_and_places_of_features_have_the_same_settings(tmp_path: Path) -> None:
    first = read(write_localization(tmp_path / "a"))
    second = read(write_localization(tmp_path / "b", 30.0, seed=1, backbone="other", data={"features": "elsewhere"}))
    assert first.settings == second.settings


def test_results_of_before_geometry_was_recorded_are_of_cropped_frames(tmp_path: Path) -> None:
    path = write_localization(tmp_path / "a") / "results.json"
    content = json.loads(path.read_text())
    del content["data"]["geometry"]
    path.write_text(json.dumps(content))
    assert read(path.parent).settings == read(write_localization(tmp_path / "b", data={"geometry": "crop"})).settings


def test_only_results_of_localizers_are_of_localization(tmp_path: Path) -> None:
    assert is_localization(read_result(write_localization(tmp_path / "t3al")))
    assert not is_localization(read_result(write_result(tmp_path / "t2l", {"test": 50})))


def test_a_part_of_a_test_set_and_a_file_of_something_else_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="a part of the test set only"):
        read(write_localization(tmp_path / "part", complete=False))
    with pytest.raises(ValueError, match=r"results.json lacks 'mean'"):
        read(write_result(tmp_path / "t2l", {"test": 50}))


def test_compared_scores_are_read_and_make_no_other_row(tmp_path: Path) -> None:
    by_score = {"length": {"map_0.3": 12.0, "map_0.5": 11.0, "map": 10.0}}
    compared = {"arguments": {"compares_segment_scores": True}, "segment_scores": by_score}
    run = read(write_localization(tmp_path / "a", **compared))
    assert run.segment_scores == by_score
    assert run.settings == read(write_localization(tmp_path / "b")).settings
    wrong = {"length": {"map_0.3": 120.0, "map_0.5": 11.0, "map": 10.0}}
    with pytest.raises(ValueError, match=r"segment_scores.length.map_0.3 is 120.0, but a percentage is from 0 to 100"):
        read(write_localization(tmp_path / "c", segment_scores=wrong))
