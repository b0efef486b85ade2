from typing import get_args

from zsar.datamodules.choices.frame_statistics import FrameStatistics


def test_the_models_own_statistics_come_first_as_the_default() -> None:
    assert get_args(FrameStatistics) == ("model", "openai", "imagenet", "half", "zero_one")
