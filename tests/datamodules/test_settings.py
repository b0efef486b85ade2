from collections.abc import Callable
from dataclasses import asdict

import pytest

from datamodules.settings import Augmentation, Clips, Loading, Text
from datamodules.transforms import TrainTransform


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (lambda: Clips(n_frames=0), "n_frames must be at least 1; got 0"),
        (lambda: Clips(n_test_clips=0), "n_test_clips must be at least 1; got 0"),
        (lambda: Loading(batch_size=0), "batch_size must be at least 1; got 0"),
        (lambda: Loading(test_batch_size=-2), "test_batch_size must be at least 1; got -2"),
        (lambda: Text(lead="a video of {}."), "lead is 'a video of {}.', but there are no text.descriptions"),
        (lambda: Loading(n_workers=-1), "n_workers must not be negative; got -1"),
    ],
)
def test_numbers_out_of_range_are_refused(settings: Callable[[], object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        settings()


def test_every_augmentation_is_an_argument_of_the_transform() -> None:
    assert TrainTransform(32, **(asdict(Augmentation()) | {"flip": 0.5})).steps is not None
