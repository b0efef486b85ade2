from pathlib import Path

from zsar.api.localization.built_clip import BuiltClip
from zsar.lightning_modules.open_clip_towers.clip_settings import ClipSettings


def test_a_built_model_is_not_built_a_second_time(tiny_weights: Path) -> None:
    model = ClipSettings("tiny-clip", str(tiny_weights)).build()
    assert BuiltClip("tiny-clip", str(tiny_weights), built=model).build() is model
