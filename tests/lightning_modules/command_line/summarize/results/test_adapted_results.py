import json
from pathlib import Path
from typing import Any

import pytest

from tests.makers.results.recognition_results import adaptation, write_result
from zsar.lightning_modules.command_line.summarize.results.adapted_results import (
    adaptation_settings,
    text_sources,
    tuning_effects,
)


def content(folder: Path, **changes: Any) -> dict[str, Any]:
    path = write_result(folder, {"base": 90.0, "novel": 70.0}, **changes) / "results.json"
    return dict(json.loads(path.read_text()))


def test_settings_are_those_of_the_adaptation_and_of_its_views(tmp_path: Path) -> None:
    adapted = adaptation("ZAR", schedule=["all", "right-6"], phrase=None, learning_rate=0.001)
    settings = dict(adaptation_settings(content(tmp_path / "zar", adapted=adapted)))
    assert (settings["method"], settings["phrase"], settings["schedule"]) == ("ZAR", "None", "all, right-6")
    assert (settings["learning_rate"], settings["texts"]) == ("0.001", "names")
    assert (settings["views"], settings["views.rates"]) == ("MultiRateViews", "1.0, 0.5, 0.25, 0.125")


def test_a_result_without_adaptation_has_no_settings_and_no_effects(tmp_path: Path) -> None:
    plain = content(tmp_path / "plain")
    older = {key: value for key, value in plain.items() if key != "adaptation"}
    for own in (plain, older):
        assert adaptation_settings(own) == ()
        assert tuning_effects(own) == {}


def test_effects_are_read_for_each_set(tmp_path: Path) -> None:
    effects = tuning_effects(content(tmp_path / "zar", adapted=adaptation()))
    assert list(effects) == ["base", "novel"]
    assert (effects["novel"].untuned_top1, effects["novel"].tuned_top1) == (68.0, 70.0)
    assert (effects["base"].flipped_right, effects["base"].flipped_wrong, effects["base"].not_tuned) == (30, 10, 0)


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        (["names"], ("names",)),
        (["class_text"], ("explanations: e.json",)),
        (["names", "class_text"], ("names", "explanations: e.json")),
    ],
)
def test_texts_are_those_that_the_adaptation_reads(tmp_path: Path, texts: list[str], expected: tuple[str, ...]) -> None:
    own = content(tmp_path / "run", text="explanations: e.json", adapted=adaptation(texts=texts))
    assert text_sources(own) == expected


def test_without_adaptation_texts_are_the_class_text(tmp_path: Path) -> None:
    assert text_sources(content(tmp_path / "run", text="templates: photo")) == ("templates: photo",)
