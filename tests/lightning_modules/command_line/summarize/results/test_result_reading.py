import copy
import json
import math
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.makers.results.localization_results import write_localization
from tests.makers.results.recognition_results import adaptation, described, record, write_result
from zsar.lightning_modules.command_line.summarize import summarize
from zsar.lightning_modules.command_line.summarize.results.recognition_results import recognition_run
from zsar.lightning_modules.command_line.summarize.results.result_reading import (
    check_figures,
    choice_of_classes,
    given_arguments,
    model_arguments,
    read_result,
    training_settings,
    whole_result,
)
from zsar.lightning_modules.command_line.summarize.summarize_options import COMMAND


def test_a_result_is_read_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "results.json").write_text('{"task": "localization", "complete": false}')
    assert read_result(tmp_path) == {"task": "localization", "complete": False}


def test_what_is_no_json_file_is_refused_with_its_name(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"holds no results.json; run `zsar test` with --run_dir"):
        read_result(tmp_path)
    (tmp_path / "results.json").write_text("{")
    with pytest.raises(ValueError, match=r"results.json:1: is not a JSON file: .*; test again"):
        read_result(tmp_path)
    (tmp_path / "results.json").write_text("[1]")
    with pytest.raises(ValueError, match=r"results.json holds a list, not a result; test again"):
        read_result(tmp_path)


@pytest.mark.parametrize("path", ["model", "data", "class_text", "training", "test", "sets"])
@pytest.mark.parametrize("value", [None, "text", [1], 5])
def test_a_result_with_something_else_in_place_of_a_part_is_one_line(tmp_path: Path, path: str, value: object) -> None:
    folder = write_result(tmp_path / "run", {"test": 50.0}, training=record(training=True), test=record())
    content = json.loads((folder / "results.json").read_text())
    assert recognition_run(folder, content).figures == {"test": 50.0}
    if (path, value) in (("training", None), ("test", None)):
        return  # older results have none
    with pytest.raises(ValueError, match="results.json.*[Tt]est again"):
        recognition_run(folder, {**content, path: value})


@pytest.mark.parametrize("stage", ["validate", "predict"])
def test_a_result_of_another_command_is_refused_by_its_name(tmp_path: Path, stage: str) -> None:
    (tmp_path / "results.json").write_text(json.dumps({"stage": stage}))
    with pytest.raises(ValueError, match=f"results.json is of `zsar {stage}`, not of `zsar test`"):
        read_result(tmp_path)


def test_what_a_result_lacks_is_named_and_a_part_of_a_test_set_is_none(tmp_path: Path) -> None:
    content = json.loads('{"complete": true}')
    with pytest.raises(ValueError, match="results.json lacks 'sets'"), whole_result(tmp_path, content):
        content["sets"]
    with pytest.raises(ValueError, match="a part of the test set only"), whole_result(tmp_path, {"complete": False}):
        pytest.fail("it was taken apart")
    with whole_result(tmp_path, {"complete": True, "sets": {"test": {}}}):
        pass


def test_arguments_of_the_model_are_flat_and_leave_out_what_may_differ_in_a_row() -> None:
    backbone = {"architecture": "tiny-clip", "weights": "a.pt"}
    arguments = {"backbone": backbone, "tuning": {"n_steps": 60, "loss": {"name": "paper"}}}
    content = {"config": {"model": {"init_args": arguments}}}
    assert given_arguments(content) == arguments
    assert model_arguments(content) == (("tuning.n_steps", "60"), ("tuning.loss.name", "paper"))
    assert model_arguments({"config": None}) == model_arguments({"config": {"model": None}}) == ()


def test_the_rate_of_a_training_tells_no_tests_apart_where_the_training_is_recorded() -> None:
    content = {"config": {"model": {"init_args": {"clip_learning_rate": 5e-6, "frame_source": "video_head"}}}}
    assert dict(model_arguments(content)).keys() == {"clip_learning_rate", "frame_source"}
    assert dict(model_arguments({**content, "training": {"model": {}}})).keys() == {"frame_source"}


def test_arguments_of_before_have_the_names_of_today() -> None:
    views = {"class_path": "datamodules.views.further_views.MultiRateViews", "init_args": {"n_crops": 3}}
    arguments = {"weights": "a.pt", "scorer": "late_interaction", "views": views}
    content = {"config": {"model": {"init_args": arguments}}}
    assert given_arguments(content)["backbone"] == {"weights": "a.pt"}
    assert sorted(model_arguments(content)) == [
        ("scoring.scorer", "late_interaction"),
        ("scoring.view_ensemble", "probability"),
        ("views.class_path", "zsar.datamodules.views.MultiRateViews"),
        ("views.init_args.n_crops", "3"),
    ]


def test_the_tested_classes_are_recorded_or_told_by_the_configuration_of_an_older_result() -> None:
    path = "zsar.datamodules.data_sets.Kinetics600"
    older = {"data": {"class_path": path}, "config": {"data": {"init_args": {"classes": "not_in_kinetics400"}}}}
    assert choice_of_classes(older) == "drawn_160"
    assert choice_of_classes({**older, "config": {"data": {"init_args": {}}}}) == "all"
    assert choice_of_classes({**older, "config": None}) == "all"
    assert choice_of_classes({"data": {"class_path": path, "classes": "all_new"}, "config": None}) == "all_new"


def test_values_of_before_in_the_record_of_a_training_are_those_of_now() -> None:
    trained = record(training=True, model={"temporal_tokens": True, "drop_rate": 0.1})
    content = {"training": trained, "model": {"class_path": "zsar.lightning_modules.t2l.T2L"}}
    settings = dict(training_settings(content))
    assert (settings["model.temporal_tokens"], settings["model.drop_rate"]) == ("all", "0.1")
    assert training_settings({"training": None}) == ()


# --- figures that no test can have given ------------------------------------------------------------------------------

WHOLE = {"top1": 50.0, "top5": 75.0, "n_listed": 4, "n_evaluated": 3, "n_failed": 1, "per_class": {"a": 50.0, "b": 0.0}}


def recognized(**changes: Any) -> dict[str, Any]:
    return {"sets": {"test": {**WHOLE, **changes}}, "harmonic_mean": None}


def test_a_possible_result_passes() -> None:
    check_figures(Path("results.json"), recognized())
    check_figures(Path("results.json"), recognized(top1=100, top5=100.00001, per_class={"top1": 0, "n_listed": 33.3}))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"top1": math.nan}, "sets.test.top1 is nan, not a finite number"),
        ({"top1": math.inf}, "sets.test.top1 is inf, not a finite number"),
        ({"top1": "50"}, "sets.test.top1 is '50', not a finite number"),
        ({"top1": True}, "sets.test.top1 is True, not a finite number"),
        ({"top1": None}, "sets.test.top1 is None, not a finite number"),
        ({"top1": -5}, "sets.test.top1 is -5, but a percentage is from 0 to 100"),
        ({"top1": 500}, "sets.test.top1 is 500, but a percentage is from 0 to 100"),
        ({"top5": 100.1}, "sets.test.top5 is 100.1, but a percentage"),
        ({"mean_class": -1}, "sets.test.mean_class is -1, but a percentage"),
        ({"per_class": {"a b": 101}}, r"sets.test.per_class.a b is 101, but a percentage"),
        ({"cross_entropy": math.nan}, "sets.test.cross_entropy is nan, not a finite number"),
        ({"n_failed": -1}, "sets.test.n_failed is -1, but a count is a whole number from 0 on"),
        ({"n_evaluated": 2.5}, "sets.test.n_evaluated is 2.5, but a count is a whole number"),
        ({"n_evaluated": 2}, "sets.test has n_evaluated 2 .* n_failed 1, but n_listed is 4"),
        ({"n_listed": 5}, "sets.test has n_evaluated 3 .* n_failed 1, but n_listed is 5"),
    ],
)
def test_an_impossible_figure_is_named_with_its_value_and_the_limit(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=f"^run/results.json: {message}.*test again$"):
        check_figures(Path("run/results.json"), recognized(**changes))


@pytest.mark.parametrize("value", [-1, 2.5, True, None, "3"])
def test_accepted_damage_is_a_count(value: Any) -> None:
    with pytest.raises(ValueError, match="n_damaged_frames is .*, not a whole number from 0; test again"):
        check_figures(Path("results.json"), {**recognized(), "n_damaged_frames": value})


@pytest.mark.parametrize("value", [math.nan, -1, 101])
def test_means_over_sets_are_figures_too(value: float) -> None:
    with pytest.raises(ValueError, match="harmonic_mean is"):
        check_figures(Path("results.json"), {**recognized(), "harmonic_mean": value})
    for part in ("mean", "std"):
        with pytest.raises(ValueError, match=rf"{part}\.map_0\.3 is"):
            check_figures(Path("results.json"), {"sets": {"test": {"n_classes": 2}}, part: {"map_0.3": value}})


def test_means_are_what_the_sets_come_to() -> None:
    sets = {"a": {"map": 20.0}, "b": {"map": 40.0}, "c": {"n_classes": 0}}
    check_figures(Path("results.json"), {"sets": sets, "mean": {"map": 30.0}})
    with pytest.raises(ValueError, match=r"mean\.map is 90\.0, but the sets come to 30\.0000; test again"):
        check_figures(Path("results.json"), {"sets": sets, "mean": {"map": 90.0}})
    halves = {"base": {"top1": 60.0}, "novel": {"top1": 30.0}}
    check_figures(Path("results.json"), {"sets": halves, "harmonic_mean": 40.0})
    with pytest.raises(ValueError, match=r"harmonic_mean is 45, but the sets come to 40\.0000"):
        check_figures(Path("results.json"), {"sets": halves, "harmonic_mean": 45})


def test_videos_that_were_not_localized_are_missed() -> None:
    of_set = {"map": 20.0, "n_classes": 8, "n_videos": 7, "n_listed": 8}
    with pytest.raises(ValueError, match="sets.test has n_videos 7, but n_listed is 8"):
        check_figures(Path("results.json"), {"sets": {"test": of_set}})


@pytest.mark.parametrize("sets", [{"test": 5}, [1, 2], {}])
def test_what_is_no_set_is_refused(sets: Any) -> None:
    with pytest.raises(ValueError, match="not the figures of"):
        check_figures(Path("results.json"), {"sets": sets})


@pytest.mark.parametrize("value", [math.nan, math.inf, -5, 500])
@pytest.mark.parametrize("kind", ["recognizer", "adapted", "localizer"])
def test_the_summary_believes_no_impossible_figure(tmp_path: Path, kind: str, value: float) -> None:
    run = tmp_path / "run"
    write = {
        "recognizer": lambda: write_result(run, {"test": 50.0}),
        "adapted": lambda: write_result(run, {"test": 50.0}, adapted=adaptation()),
        "localizer": lambda: write_localization(run),
    }
    write[kind]()
    assert summarize.run(COMMAND.parse([str(run)])) == 0
    path = run / "results.json"
    content = json.loads(path.read_text())
    name = "map" if kind == "localizer" else "top1"
    next(iter(content["sets"].values()))[name] = value
    path.write_text(json.dumps(content))
    with pytest.raises(
        ValueError, match=r"results\.json.*(not a JSON number|not a finite number|from 0 to 100).*test again"
    ):
        summarize.run(COMMAND.parse([str(run)]))


# --- results that were changed by hand --------------------------------------------------------------------------------

# What stands in place of a value; `...` for a value that is not there.
_ODD: tuple[Any, ...] = (None, [], {}, "x", "", -1, 1e308, 10**25, True, [[1]], {"a": []}, [None], ...)


def _makers() -> dict[str, Callable[[Path], Path]]:
    trained = {"trained_on": described("ucf101", shots=16), "training": record(training=True), "test": record()}
    return {
        "trained": lambda folder: write_result(folder, {"base": 70.0, "novel": 60.0}, top5=90.0, **trained),
        "adapted": lambda folder: write_result(folder, {"test": 70.0}, adapted=adaptation(), test=record()),
        "localized": write_localization,
    }


def _places(content: Any, place: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    pairs = content.items() if isinstance(content, dict) else enumerate(content) if isinstance(content, list) else ()
    for key, value in pairs:
        yield (*place, key)
        yield from _places(value, (*place, key))


def _changed(content: Any, place: tuple[Any, ...], value: Any) -> Any:
    changed = copy.deepcopy(content)
    inner = changed
    for key in place[:-1]:
        inner = inner[key]
    if value is ...:
        del inner[place[-1]]
    else:
        inner[place[-1]] = value
    return changed


@pytest.mark.slow
@pytest.mark.parametrize("shift", [0])
@pytest.mark.parametrize("kind", ["trained", "adapted", "localized"])
def test_whatever_is_changed_by_hand_it_is_summarized_or_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str, shift: int
) -> None:
    figures = summarize.load_published_figures()
    monkeypatch.setattr(summarize, "load_published_figures", lambda: figures)  # which takes most of the time
    folder = _makers()[kind](tmp_path / "run")
    path = folder / "results.json"
    good = json.loads(path.read_text())
    n_refused = 0
    for number, place in enumerate(_places(good)):
        path.write_text(json.dumps(_changed(good, place, _ODD[(number + 3 * shift) % len(_ODD)])))
        said = ""
        try:
            summarize.run(COMMAND.parse([str(folder)]))
        except ValueError as error:
            said = str(error)
            n_refused += 1
        assert said.startswith(str(path) if said else ""), place
        assert len(said) < 500 + len(str(path)), place
    assert n_refused > 20
