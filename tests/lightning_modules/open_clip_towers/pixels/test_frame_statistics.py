from typing import get_args

import pytest
from open_clip.pretrained import get_pretrained_cfg, list_pretrained_tags_by_model

from zsar.datamodules.choices.frame_statistics import FrameStatistics
from zsar.lightning_modules.open_clip_towers.pixels.frame_statistics import (
    NAMED,
    Statistics,
    name_of,
    named_of,
    shown_numbers,
    statistics_of,
)
from zsar.lightning_modules.open_clip_towers.weights.registered_architectures import open_clip_names


def test_the_names_mean_what_they_say() -> None:
    assert NAMED["half"] == Statistics((0.5, 0.5, 0.5), (0.5, 0.5, 0.5))
    assert NAMED["zero_one"] == Statistics((0.0, 0.0, 0.0), (1.0, 1.0, 1.0))
    assert NAMED["imagenet"] == Statistics((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
    assert NAMED["openai"].mean == (0.48145466, 0.4578275, 0.40821073)
    assert NAMED["openai"].std == (0.26862954, 0.26130258, 0.27577711)
    assert set(NAMED) == set(get_args(FrameStatistics)) - {"model"}


@pytest.mark.parametrize("name", NAMED)
def test_a_name_is_found_again_by_its_numbers(name: FrameStatistics) -> None:
    assert name_of(NAMED[name]) == name == str(NAMED[name])
    assert named_of(shown_numbers(NAMED[name].mean), shown_numbers(NAMED[name].std)) == name


def test_statistics_without_a_name_show_their_numbers() -> None:
    own = statistics_of([0.4, 0.5, 0.6], [1, 1, 1])
    assert name_of(own) is None
    assert str(own) == "mean 0.4 0.5 0.6, std 1 1 1"
    assert name_of(Statistics(NAMED["half"].mean, NAMED["zero_one"].std)) is None


def test_all_published_weights_have_statistics_with_a_name() -> None:
    for architecture in open_clip_names():
        for tag in list_pretrained_tags_by_model(architecture):
            config = get_pretrained_cfg(architecture, tag)
            assert name_of(statistics_of(config["mean"], config["std"])) is not None, (architecture, tag)
