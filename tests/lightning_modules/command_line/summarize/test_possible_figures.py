import json
import math
from pathlib import Path
from typing import Any

import pytest

from tests.makers.results.localization_results import write_localization
from tests.makers.results.recognition_results import adaptation, write_result
from zsar.lightning_modules.command_line.summarize.possible_figures import check_figures
from zsar.lightning_modules.command_line.summarize.summarize import main

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
    with pytest.raises(ValueError, match="n_damaged_frames is .*, but a count is a whole number from 0 on; test again"):
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
    assert main([str(run)]) == 0
    path = run / "results.json"
    content = json.loads(path.read_text())
    name = "map" if kind == "localizer" else "top1"
    next(iter(content["sets"].values()))[name] = value
    path.write_text(json.dumps(content))
    with pytest.raises(
        ValueError, match=r"results\.json.*(no number of JSON|not a finite number|from 0 to 100).*test again"
    ):
        main([str(run)])
