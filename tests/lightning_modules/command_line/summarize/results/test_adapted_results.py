import json
from pathlib import Path
from typing import Any

import pytest

from tests.makers.results.recognition_results import adaptation, described, write_result
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


def views_of(folder: Path, kind: str, **arguments: Any) -> dict[str, str]:
    """The settings of views in a result that has these arguments of them."""
    views = {"class_path": f"zsar.datamodules.views.{kind}", "init_args": arguments}
    own = content(folder, data=described("ucf101", views=views), adapted=adaptation())
    return {key: value for key, value in adaptation_settings(own) if key.startswith("views.")}


def test_older_results_have_the_views_of_before(tmp_path: Path) -> None:
    assert views_of(tmp_path / "a", "AugmentedViews", crop=True)["views.crop_interpolation"] == "bicubic"
    new = views_of(tmp_path / "b", "AugmentedViews", crop=True, crop_interpolation="bilinear")
    assert new["views.crop_interpolation"] == "bilinear"
    assert views_of(tmp_path / "c", "MultiRateViews")["views.n_frames"] == "None"
    assert views_of(tmp_path / "d", "MultiRateViews", n_frames=8)["views.n_frames"] == "8"


def test_where_nothing_is_cropped_interpolation_changes_nothing(tmp_path: Path) -> None:
    old = views_of(tmp_path / "a", "AugmentedViews", crop=False)
    assert old == views_of(tmp_path / "b", "AugmentedViews", crop=False, crop_interpolation="bilinear")


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


def test_effects_on_halves_of_the_classes_are_averaged(tmp_path: Path) -> None:
    figures = {"half_0": 70.0, "half_1": 76.0}
    folder = write_result(tmp_path / "t", figures, adapted=adaptation(), mean={"top1": 73.0}, std={"top1": 4.243})
    own = json.loads((folder / "results.json").read_text())
    own["sets"]["half_1"]["flipped_right"] = 40.0
    (name, effect), *others = tuning_effects(own).items()
    assert (name, others) == ("test", [])
    assert (effect.untuned_top1, effect.tuned_top1, effect.flipped_right) == (71.0, 73.0, 35.0)


def test_effects_under_perturbations_are_averaged_without_the_clean_videos(tmp_path: Path) -> None:
    data = described("hmdb51_p", conditions={"jpeg_1": {}, "fog_1": {}})
    figures = {"clean": 90.0, "jpeg_1": 40.0, "fog_1": 30.0}
    folder = write_result(tmp_path / "p", figures, data=data, adapted=adaptation(), mean={"top1": 35.0})
    ((name, effect),) = tuning_effects(json.loads((folder / "results.json").read_text())).items()
    assert (name, effect.untuned_top1, effect.tuned_top1) == ("test", 33.0, 35.0)
