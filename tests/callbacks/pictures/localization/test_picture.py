from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from tests.makers.results.localization_pictures import picture, spread
from zsar.callbacks.pictures.localization.picture import PicturedSegment, as_floats, check_picture

GOOD = picture()
CURVE = GOOD.curves[0]
WRONG = {
    "a video lasts more than 0 s; got duration_seconds 0": replace(GOOD, duration_seconds=0.0),
    "duration_seconds nan": replace(GOOD, duration_seconds=float("nan")),
    r"times_seconds must be \[N\].*at least one; got shape \[0\]": replace(GOOD, times_seconds=np.zeros(0)),
    r"times_seconds\[1\] is 200, outside the video of 10 s": replace(GOOD, times_seconds=spread(50, 10_000)),
    "must increase; frame 0 is at 1 s, the next at 1 s": replace(GOOD, times_seconds=np.ones(50)),
    r"one curve or more, each of another class; got \[\]": replace(GOOD, curves=()),
    r"each of another class; got \['surf', 'surf'\]": replace(GOOD, curves=(CURVE, CURVE)),
    r"scores of 'surf' must be \[50\].*got shape \[49\]": replace(
        GOOD, curves=(replace(CURVE, scores=CURVE.scores[1:]),)
    ),
    "scores of 'surf' must lie in 0..1; 25 do not, the first is 1": replace(
        GOOD, curves=(replace(CURVE, scores=CURVE.scores * 2 + 0.01),)
    ),
    "the threshold of 'surf' must lie in 0..1; 1 do not, the first is nan": replace(
        GOOD, curves=(replace(CURVE, threshold=float("nan")),)
    ),
    "starts at 0 s or later and ends after that": replace(GOOD, segments=(PicturedSegment(3, 2, "surf"),)),
    "must end by 11 s": replace(GOOD, segments=(PicturedSegment(3, 12, "surf"),)),
    "the score of a segment must be finite": replace(GOOD, segments=(PicturedSegment(3, 4, "a", float("inf")),)),
    "cannot be suppressed": replace(GOOD, truth=(PicturedSegment(3, 4, "a", suppressed=True),)),
    r"thumbnails must be uint8 \[n, H, W, 3\]; got float64 \[3, 9, 16, 3\]": replace(
        GOOD,
        thumbnails=GOOD.thumbnails.astype(np.float64),
    ),
    r"got uint8 \[3, 9, 16\]": replace(GOOD, thumbnails=GOOD.thumbnails[..., 0]),
    r"thumbnail_times_seconds must be \[3\].*got shape \[2\]": replace(GOOD, thumbnail_times_seconds=np.zeros(2)),
    r"thumbnail_times_seconds\[0\] is -1, outside": replace(GOOD, thumbnail_times_seconds=-np.ones(3)),
}


@pytest.mark.parametrize("message", WRONG)
def test_what_makes_no_sense_is_refused(message: str) -> None:
    with pytest.raises(ValueError, match=message):
        check_picture(WRONG[message])


def test_what_makes_sense_is_not_refused() -> None:
    check_picture(GOOD)
    check_picture(picture(n_frames=0, segments=(PicturedSegment(9, 11, "surf"),), truth=(PicturedSegment(9, 99, "a"),)))


LATER = {
    10.0: GOOD,
    10.5: replace(GOOD, segments=(PicturedSegment(3, 10.5, "surf"), PicturedSegment(4, 5, "surf"))),
    15.0: replace(GOOD, truth=(PicturedSegment(3, 15, "surf"),)),
    10.25: replace(GOOD, times_seconds=spread(50, 10.0) + 0.45),
    10.75: replace(GOOD, thumbnail_times_seconds=np.asarray([0.0, 10.75, 5.0])),
}


@pytest.mark.parametrize("seconds", LATER)
def test_the_last_moment_is_the_latest_of_all_that_is_drawn(seconds: float) -> None:
    assert LATER[seconds].last_moment_seconds == pytest.approx(seconds)


def test_numbers_of_arrays_and_tensors_are_float64_arrays() -> None:
    for numbers in (np.asarray([0.5, 0.25], np.float32), torch.tensor([0.5, 0.25], requires_grad=True)):
        floats = as_floats(numbers)  # type: ignore[arg-type]
        assert floats.dtype == np.float64
        assert floats.tolist() == [0.5, 0.25]
