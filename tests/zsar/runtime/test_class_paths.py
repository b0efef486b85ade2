import pkgutil

import pytest
import torch
from jsonargparse._util import get_import_path

from zsar.callbacks.pictures.frame_prompt_scores import FramePromptScores
from zsar.callbacks.prompt_tuning import PromptTuning
from zsar.datamodules.data_sets import THUMOS14Untrimmed
from zsar.datamodules.video import TrimmedVideoDataModule
from zsar.datamodules.views import AugmentedViews, MultiRateViews
from zsar.lightning_modules.command_line.model_kinds import KINDS, classes_of
from zsar.lightning_modules.t2l import T2L
from zsar.runtime.class_paths import _PLACES, class_path, current_class_path, with_current_class_paths


@pytest.mark.parametrize(
    ("class_", "path"),
    [
        (T2L, "zsar.lightning_modules.t2l.T2L"),
        (THUMOS14Untrimmed, "zsar.datamodules.data_sets.THUMOS14Untrimmed"),
        (PromptTuning, "zsar.callbacks.prompt_tuning.PromptTuning"),
        (AugmentedViews, "zsar.datamodules.views.AugmentedViews"),
        (TrimmedVideoDataModule, "zsar.datamodules.video.TrimmedVideoDataModule"),
        (torch.optim.AdamW, "torch.optim.AdamW"),
        (int, "builtins.int"),
    ],
)
def test_the_path_leads_to_the_class_and_what_jsonargparse_writes_means_the_same(class_: type, path: str) -> None:
    assert class_path(class_) == path == current_class_path(str(get_import_path(class_)))
    assert pkgutil.resolve_name(path) is class_


def test_a_class_that_no_package_offers_has_the_path_of_its_module() -> None:
    class Own: ...

    assert class_path(Own).startswith(f"{__name__}.test_a_class_that_no_package")


@pytest.mark.parametrize(
    ("before", "now"),
    [
        ("lightning_modules.t2l.T2L", "zsar.lightning_modules.t2l.T2L"),
        ("lightning_modules.frame_wise.FrameWiseCLIP", "zsar.lightning_modules.localization.frame_wise.FrameWiseCLIP"),
        ("datamodules.video_folder.VideoFolder", "zsar.datamodules.data_sets.VideoFolder"),
        ("datamodules.views.AugmentedViews", "zsar.datamodules.views.AugmentedViews"),
        ("callbacks.prompt_tuning.PromptTuning", "zsar.callbacks.prompt_tuning.PromptTuning"),
        ("zsar.T2L", "zsar.lightning_modules.t2l.T2L"),
    ],
)
def test_a_class_path_of_before_leads_to_where_the_class_is_now(before: str, now: str) -> None:
    assert current_class_path(before) == now
    assert class_path(pkgutil.resolve_name(now)) == now


@pytest.mark.parametrize(
    "path",
    [
        "zsar.lightning_modules.t2l.T2L",
        "callbacks.my_callback.MyCallback",
        "my_models.t2l.T2L",
        "T2L",
        "lightning_modules",
        "",
    ],
)
def test_any_other_path_stays_as_it_is(path: str) -> None:
    assert current_class_path(path) == path


def test_the_table_has_every_class_that_files_name_and_says_where_it_is() -> None:
    """The bases were never to be named; a class that is added later never had a path of before."""
    bases = {"ListedVideoDataModule", "PerturbedVideos"}
    classes = [class_ for kinds in KINDS.values() for base in kinds.values() for class_ in classes_of(base)]
    classes += [AugmentedViews, MultiRateViews, PromptTuning, FramePromptScores]
    there = {class_.__name__: class_path(class_) for class_ in classes}
    assert {name: f"zsar.{place}.{name}" for name, place in _PLACES.items()}.items() <= there.items()
    assert bases.isdisjoint(_PLACES)


def test_settings_are_given_the_paths_of_today_at_any_depth() -> None:
    old = {"class_path": "lightning_modules.t2l.T2L", "views": [{"class_path": "datamodules.views.MultiRateViews"}]}
    new = with_current_class_paths({"model": old, "n": 3, "class_path": None})
    assert new["model"]["class_path"] == "zsar.lightning_modules.t2l.T2L"
    assert new["model"]["views"] == [{"class_path": "zsar.datamodules.views.MultiRateViews"}]
    assert (new["n"], new["class_path"]) == (3, None)
    assert old["class_path"] == "lightning_modules.t2l.T2L"
