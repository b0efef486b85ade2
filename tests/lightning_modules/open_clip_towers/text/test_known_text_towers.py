from pathlib import Path

import pytest
from torch import nn

from tests.makers.models.text_towers import OF_TRANSFORMERS, OWN, text_backbone
from zsar.lightning_modules.open_clip_towers.open_clip_backbone import OpenClipBackbone
from zsar.lightning_modules.open_clip_towers.text.hugging_face_tower import HuggingFaceTower
from zsar.lightning_modules.open_clip_towers.text.known_text_towers import known_text_tower
from zsar.lightning_modules.open_clip_towers.text.transformer_tower import TransformerTower
from zsar.lightning_modules.open_clip_towers.weights.weight_files import BackboneError


@pytest.mark.parametrize("kind", [*OWN, *OF_TRANSFORMERS])
def test_each_kind_has_its_tower(kind: str, tmp_path: Path) -> None:
    expected = HuggingFaceTower if kind in OF_TRANSFORMERS else TransformerTower
    assert type(text_backbone(tmp_path, kind).text.tower) is expected


@pytest.mark.parametrize("name", ["tiny-clip", "tiny-coca"])
def test_a_clip_has_its_tower_in_itself_and_coca_in_text(name: str) -> None:
    assert type(OpenClipBackbone(name, "random").text.tower) is TransformerTower


def test_another_tower_is_refused_by_name() -> None:
    clip = nn.Module()
    clip.text = nn.Bilinear(1, 1, 1)
    with pytest.raises(BackboneError, match="the text tower of own.json is a Bilinear, neither a text transformer of"):
        known_text_tower(clip, "own.json", 77)
