import pkgutil

import pytest
import torch
from jsonargparse._util import get_import_path

from zsar.callbacks.prompt_tuning import PromptTuning
from zsar.datamodules.data_sets import THUMOS14Untrimmed
from zsar.datamodules.video import TrimmedVideoDataModule
from zsar.datamodules.views import AugmentedViews
from zsar.lightning_modules.t2l import T2L
from zsar.runtime.class_paths import class_path


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
def test_the_shortest_path_is_that_of_jsonargparse_and_leads_to_the_class(class_: type, path: str) -> None:
    assert class_path(class_) == path == get_import_path(class_)
    assert pkgutil.resolve_name(path) is class_


def test_a_class_that_no_package_offers_has_the_path_of_its_module() -> None:
    class Own: ...

    assert class_path(Own).startswith(f"{__name__}.test_a_class_that_no_package")
