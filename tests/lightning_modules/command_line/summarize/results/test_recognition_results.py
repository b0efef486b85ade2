import json
from pathlib import Path
from typing import Any

import pytest

from tests.makers.results.recognition_results import adaptation, described, recognition_of, write_result


def test_a_result_is_read_with_its_settings(tmp_path: Path) -> None:
    data = described("ucf101", fold=2, n_excluded=3, split_seed=5, n_test_clips=2)
    folder = write_result(
        tmp_path / "run",
        {"test": 79.0},
        data=data,
        trained_on=described("kinetics400", shots=None),
        arguments={"diversity_weight": 1.0, "optimization": {"learning_rate": 0.1}},
        top5=95.0,
    )
    run = recognition_of(folder)
    assert run.figures == {"test": 79.0}
    assert run.top5 == {"test": 95.0}
    assert (run.seed, run.split_seed, run.fold, run.weights, run.n_excluded) == (0, 5, 2, "openai", 3)
    assert (run.settings.data_set, run.settings.trained_on, run.settings.protocol) == (
        "ucf101",
        "kinetics400",
        "zero_shot",
    )
    assert (run.settings.n_test_clips, run.settings.n_test_crops, run.settings.lists) == (2, 1, False)
    assert run.settings.class_text == ("descriptions: ours.json",)
    assert run.settings.flat()["model.optimization.learning_rate"] == "0.1"
    assert run.hashes == {"videos": "videos", "class text of test": "text test"}


def test_an_adapted_result_is_told_apart_and_has_its_effects(tmp_path: Path) -> None:
    run = recognition_of(write_result(tmp_path / "zar", {"test": 54.0}, adapted=adaptation(), text="templates: photo"))
    plain = recognition_of(write_result(tmp_path / "plain", {"test": 52.0}, text="templates: photo"))
    assert run.settings.flat()["adaptation.confident_share"] == "0.8"
    assert run.settings.flat()["adaptation.views.n_crops"] == "3"
    assert (run.settings.class_text, plain.settings.class_text) == (("names",), ("templates: photo",))
    assert run.tuning["test"].untuned_top1 == 52.0
    assert (plain.settings.adaptation, plain.tuning) == ((), {})


def test_a_result_of_an_older_version_is_read(tmp_path: Path) -> None:
    """The shape of runs/quickstart/t2l/results.json before data sets had ids and folds."""
    data: dict[str, Any] = {
        "class_path": "datamodules.moving_shapes.MovingShapes",
        "protocol": "base_to_novel",
        "n_listed": {"base": 256, "novel": 256},
        "roots": {"base": "/data/moving_shapes/1819a89eae0c", "novel": "/data/moving_shapes/1819a89eae0c"},
        "split_hash": "1d4c650a2fc5cdea",
        "split_seed": 0,
        "shots": None,
        "n_frames": 8,
        "n_test_clips": 1,
        "n_test_crops": 1,
    }
    content = {
        "stage": "test",
        "sets": {
            "base": {"top1": 98.828125, "mean_class": 98.828125, "top5": 100.0, "n_listed": 256, "n_evaluated": 256},
            "novel": {"top1": 96.875, "mean_class": 96.875, "top5": 100.0, "n_listed": 256, "n_evaluated": 256},
        },
        "harmonic_mean": 97.8418197631836,
        "complete": True,
        "undecodable": [],
        "seconds": 2.14,
        "model": {
            "class_path": "zsar.lightning_modules.t2l.T2L",
            "architecture": "tiny-clip",
            "backbone_hash": "027dd27f795ec08f",
            "trained_parameters": 20744,
            "checkpoint": "runs/quickstart/t2l/checkpoints/best.ckpt",
            "trained_on": {**data, "n_listed": {"train": 384, "val": 64}, "split_hash": "8f1bbfa06e1d4334"},
        },
        "data": data,
        "class_text": {
            "base": {"source": "templates: name", "hash": "6909add4a738bbc8", "n_classes": 32},
            "novel": {"source": "templates: name", "hash": "8fccddbbc19d7542", "n_classes": 32},
        },
        "seed": 0,
        "precision": "32-true",
        "n_processes": 1,
        "environment": {},
        "config": None,
    }
    (tmp_path / "results.json").write_text(json.dumps(content))
    run = recognition_of(tmp_path)
    assert list(run.figures) == ["base", "novel", "harmonic_mean"]
    assert (run.settings.data_set, run.settings.trained_on) == ("moving_shapes", "moving_shapes")
    assert (run.settings.protocol, run.settings.lists, run.fold, run.weights) == ("base_to_novel", False, None, None)
    assert (run.settings.model_arguments, run.settings.adaptation, run.tuning) == ((), (), {})


@pytest.mark.parametrize(
    ("n_listed", "expected"),
    [(4, ("few_shot", 2)), (32, ("few_shot", 16)), (33, ("fully_supervised", None)), (140, ("fully_supervised", None))],
)
def test_a_published_list_of_few_videos_of_each_class_is_few_shot(
    tmp_path: Path, n_listed: int, expected: tuple[str, int | None]
) -> None:
    trained_on = described("ucf101", lists={"train": "train1_few_shot.txt"}, n_listed={"train": n_listed, "val": 0})
    settings = recognition_of(write_result(tmp_path / "run", {"test": 80}, trained_on=trained_on)).settings
    assert (settings.protocol, settings.shots) == expected
    assert settings.lists == (expected[0] == "few_shot")


def test_a_list_of_test_videos_takes_the_place_of_the_fold(tmp_path: Path) -> None:
    data = described("kinetics600", lists={"test": "ZS_split2_K600_eval.txt", "on_contradiction": "refuse"})
    run = recognition_of(write_result(tmp_path / "run", {"test": 70}, data=data))
    assert (run.fold, run.settings.lists) == ("ZS_split2_K600_eval.txt", True)


def test_base_to_novel_is_of_published_lists_if_training_and_test_are(tmp_path: Path) -> None:
    lists = {"base": "base_val.txt", "novel": "novel_val.txt"}
    data = described("ucf101", protocol="base_to_novel", lists=lists)
    drawn = described("ucf101", protocol="base_to_novel", shots=16)
    listed = described("ucf101", lists={**lists, "train": "fs_base_s1_train.txt"}, n_listed={"train": 32, "val": 0})
    for name, trained_on, expected in (
        ("frozen", None, (True, None)),
        ("drawn", drawn, (False, 16)),
        ("listed", listed, (True, 16)),
    ):
        folder = write_result(tmp_path / name, {"base": 90, "novel": 70}, data=data, trained_on=trained_on)
        settings = recognition_of(folder).settings
        assert (settings.lists, settings.shots) == expected, name


def test_what_is_no_result_is_refused_with_its_name(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"holds no results.json; run `zsar test` with --run_dir"):
        recognition_of(tmp_path)
    (tmp_path / "results.json").write_text('{"t2l": {"base": 98.8}}')
    with pytest.raises(ValueError, match=r"results.json lacks 'complete'; was it written by `zsar test`\?"):
        recognition_of(tmp_path)
    (tmp_path / "results.json").write_text('{"complete": tr')
    with pytest.raises(ValueError, match="results.json:1: is not a JSON file"):
        recognition_of(tmp_path)
    with pytest.raises(ValueError, match="a part of the test set only"):
        recognition_of(write_result(tmp_path / "part", {"test": 50}, complete=False))


def halves(folder: Path, values: tuple[float, float], **changes: Any) -> Path:
    """A result on two draws of half the classes."""
    mean, std = sum(values) / 2, abs(values[0] - values[1]) / 2**0.5
    figures = {f"half_{draw}": value for draw, value in enumerate(values)}
    of_draws = {"mean": {"top1": mean}, "std": {"top1": std}}
    return write_result(folder, figures, **{"data": described("activitynet", classes="halves"), **of_draws, **changes})


def test_halves_of_the_classes_are_one_figure_with_its_deviation(tmp_path: Path) -> None:
    run = recognition_of(halves(tmp_path / "halves", (70.0, 76.0), adapted=adaptation()))
    assert run.figures == {"test": 73.0}
    assert run.deviations == {"test": pytest.approx(18**0.5)}
    assert (run.n_draws, run.settings.classes) == (2, "halves")
    assert run.tuning["test"].untuned_top1 == 71.0  # two points below each
    assert run.settings.flat()["classes"] == "halves"
    by_numpy = described("activitynet", classes="halves", half_draws="numpy", test_videos="train_and_test")
    drawn = recognition_of(halves(tmp_path / "numpy", (70.0, 76.0), data=by_numpy)).settings
    assert (drawn.classes, drawn.test_videos) == ("halves by numpy", "train_and_test")
    assert run.settings.test_videos == "official"  # of a result of before
    whole = recognition_of(write_result(tmp_path / "all", {"test": 73.0}, data=described("activitynet")))
    assert (whole.n_draws, whole.deviations, whole.settings.classes) == (1, {}, "all")


def test_a_mean_that_its_draws_do_not_have_is_an_error(tmp_path: Path) -> None:
    folder = halves(tmp_path / "halves", (70.0, 76.0))
    content = json.loads((folder / "results.json").read_text())
    content["mean"]["top1"] = 74.0
    (folder / "results.json").write_text(json.dumps(content))
    with pytest.raises(ValueError, match=r"mean\.top1 is 74\.0, but the sets come to 73"):
        recognition_of(folder)
