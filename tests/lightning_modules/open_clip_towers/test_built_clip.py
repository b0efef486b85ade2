from copy import deepcopy
from pathlib import Path

from zsar.lightning_modules.open_clip_towers.built_clip import BuiltClip
from zsar.lightning_modules.open_clip_towers.clip_settings import ClipSettings


def test_a_built_model_is_not_built_a_second_time(tiny_weights: Path) -> None:
    model = ClipSettings("tiny-clip", str(tiny_weights)).build()
    assert BuiltClip("tiny-clip", str(tiny_weights), built=model).build() is model


def test_settings_are_copied_without_their_model(tiny_weights: Path) -> None:
    """As Lightning copies the settings of a model that is made of them."""
    model = ClipSettings("tiny-clip", str(tiny_weights)).build()
    settings = BuiltClip("tiny-clip", str(tiny_weights), built=model)
    assert deepcopy({"backbone": settings})["backbone"].build() is model
