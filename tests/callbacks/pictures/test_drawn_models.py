from importlib import import_module
from types import SimpleNamespace
from typing import Any

import pytest
import yaml
from lightning.pytorch.demos.boring_classes import BoringModel

from tests.makers.source_tree import ROOT
from zsar.callbacks.pictures.drawn_models import localizer_of, recognizer_of
from zsar.lightning_modules.clip.clip import ZeroShotCLIP
from zsar.lightning_modules.open_clip_towers.clip_settings import ClipSettings

FRAGMENTS = sorted((ROOT / "configs" / "visualization").glob("*.yaml"))


def test_a_model_of_the_kind_is_returned() -> None:
    model = ZeroShotCLIP(backbone=ClipSettings("tiny-clip", "random"))
    assert recognizer_of(model, "Mistakes") is model
    with pytest.raises(ValueError, match="Timelines needs an ActionLocalizer, .*, not a ZeroShotCLIP; leave out"):
        localizer_of(model, "Timelines")


@pytest.mark.parametrize("path", FRAGMENTS, ids=lambda path: path.stem)
def test_every_fragment_names_a_model_that_it_cannot_draw(path: Any) -> None:
    """As an error with a remedy, which the command line says in one line."""
    for callback in yaml.safe_load(path.read_text())["trainer"]["callbacks+"]:
        module, _, name = callback["class_path"].rpartition(".")
        built = getattr(import_module(module), name)()
        with pytest.raises(ValueError, match=rf"{name} needs an Action\w+, .*, not a BoringModel; leave out"):
            built.on_test_start(SimpleNamespace(datamodule=None), BoringModel())
