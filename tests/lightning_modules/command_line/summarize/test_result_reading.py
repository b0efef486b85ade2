import copy
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.makers.results.localization_results import write_localization
from tests.makers.results.recognition_results import adaptation, described, record, write_result
from zsar.lightning_modules.command_line.summarize import summarize
from zsar.lightning_modules.command_line.summarize.result_reading import (
    given_arguments,
    model_arguments,
    read_result,
    whole_result,
)
from zsar.lightning_modules.command_line.summarize.run_results import recognition_run


def test_a_result_is_read_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "results.json").write_text('{"task": "localization", "complete": false}')
    assert read_result(tmp_path) == {"task": "localization", "complete": False}


def test_what_is_no_json_file_is_refused_with_its_name(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"holds no results.json; run `zsar test` with --run_dir"):
        read_result(tmp_path)
    (tmp_path / "results.json").write_text("{")
    with pytest.raises(ValueError, match=r"results.json:1: is no JSON file: .*; test again"):
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
    tuning = {"n_steps": 60, "loss": {"name": "paper"}}
    arguments = {"backbone": {"architecture": "tiny-clip", "weights": "a.pt"}, "tuning": tuning}
    content = {"config": {"model": {"init_args": arguments}}}
    assert given_arguments(content) == arguments
    assert model_arguments(content) == (("tuning.n_steps", "60"), ("tuning.loss.name", "paper"))
    assert model_arguments({"config": None}) == model_arguments({"config": {"model": None}}) == ()


def test_arguments_of_a_result_of_before_have_the_names_of_now() -> None:
    before = {"architecture": "tiny-clip", "weights": "a.pt", "scorer": "late_interaction", "n_frames": 8}
    now = {
        "backbone": {"architecture": "tiny-clip", "weights": "a.pt"},
        "scoring": {"scorer": "late_interaction"},
        "n_frames": 8,
    }
    results = [{"config": {"model": {"init_args": arguments}}} for arguments in (before, now)]
    assert given_arguments(results[0]) == given_arguments(results[1]) == now
    assert set(model_arguments(results[0])) == {("scoring.scorer", "late_interaction"), ("n_frames", "8")}
    assert sorted(model_arguments(results[0])) == sorted(model_arguments(results[1]))


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
            summarize.main([str(folder)])
        except ValueError as error:
            said = str(error)
            n_refused += 1
        assert said.startswith(str(path) if said else ""), place
        assert len(said) < 500 + len(str(path)), place
    assert n_refused > 20
