import numpy as np
import pytest

from zsar.lightning_modules.localization.stored.video_captions import VideoCaptions


@pytest.mark.parametrize(
    ("part", "expected"),
    [
        ((0.0, 2.0), [0, 1]),  # the end is outside
        ((1.0, 2.5), [1, 2, 3]),
        ((2.0, 2.0), [2]),  # nothing is inside an empty part; equal ones: the first
        ((2.1, 4.0), [4]),
        ((2.1, 2.3), [2]),
        ((0.4, 0.6), [0]),  # as near to the next one
        ((90.0, 100.0), [5]),
        ((4.0, float("inf")), [4, 5]),
    ],
)
def test_captions_of_a_part_are_those_inside_or_the_nearest(part: tuple[float, float], expected: list[int]) -> None:
    captions = VideoCaptions(np.array([0.0, 1.0, 2.0, 2.0, 4.0, 8.0]), tuple("abcdef"))
    indices = captions.within(*part)
    assert indices == expected
    assert all(type(i) is int for i in indices)


def test_a_part_that_ends_before_it_begins_is_refused() -> None:
    for part in ((2.0, 1.0), (float("nan"), 1.0)):
        with pytest.raises(ValueError, match="must not end before it begins; got"):
            VideoCaptions(np.zeros(1), ("a",)).within(*part)


def test_captions_that_do_not_fit_together_are_refused() -> None:
    with pytest.raises(ValueError, match=r"each caption has one time; got times \[2\] and 1 captions"):
        VideoCaptions(np.zeros(2), ("a",))
    with pytest.raises(ValueError, match="at least one caption"):
        VideoCaptions(np.zeros(0), ())
