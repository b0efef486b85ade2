"""Each localizer names its method and all settings that decide about its answers."""

import inspect
import json

import pytest

from zsar.lightning_modules.localization.described_method import DescribedMethod
from zsar.lightning_modules.localization.frame_wise import FrameWiseCLIP
from zsar.lightning_modules.localization.localizer import ActionLocalizer
from zsar.lightning_modules.open_clip_towers.clip_settings import ClipSettings
from zsar.lightning_modules.t3al.t3al import T3AL

NOT_OF_A_VIDEO = {"backbone", "iou_thresholds", "oracles", "compares_segment_scores"}  # features; metric; annotations


@pytest.mark.parametrize("kind", [T3AL, FrameWiseCLIP])
def test_every_setting_of_a_method_is_described(kind: type[ActionLocalizer]) -> None:
    described = kind(backbone=ClipSettings("tiny-clip", "random")).described_settings(seed=3)
    json.dumps(described)
    settings = set(inspect.signature(kind).parameters) - NOT_OF_A_VIDEO
    assert settings <= set(described)
    assert described["method"] == kind.method


def test_a_method_of_the_user_s_has_the_name_of_its_class() -> None:
    class Mine(DescribedMethod):
        pass

    assert Mine().described_settings(seed=0) == {"method": "Mine"}


def test_no_two_methods_have_one_name() -> None:
    kinds = [kind for kind in ActionLocalizer.__subclasses__() if kind.__module__.startswith("zsar.")]
    names = [kind.method for kind in kinds if kind.method]
    assert len(names) == len(set(names)) >= 2
