import open_clip
import pytest
import torch

from zsar.lightning_modules.open_clip_towers.open_clip_backbone import OpenClipBackbone
from zsar.lightning_modules.open_clip_towers.visual.models_that_work import (
    MODELS_THAT_WORK,
    TAKE_A_VIT,
    no_known_tower,
)


@pytest.mark.parametrize("architecture", MODELS_THAT_WORK)
def test_the_models_that_errors_name_are_there_and_work(architecture: str) -> None:
    assert architecture in open_clip.list_models()
    with torch.device("meta"):
        tower = OpenClipBackbone(architecture, "random").visual_tower
    assert len(tower.blocks) == 12


def test_the_error_says_what_the_tower_is_what_is_closed_to_it_and_what_to_take() -> None:
    error = str(no_known_tower("mine", "a puzzle"))
    assert error.startswith("the visual tower of mine is a puzzle; T2L, T3AL,")
    assert error.endswith(TAKE_A_VIT)
    assert "\n" not in error
