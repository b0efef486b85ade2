"""Tests of `mp4_writing`: the clock of a copy, and a picture that starts after 0."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from tests.makers.videos.encoded_videos import moving_picture
from zsar.datamodules.video_files.writing.mp4_writing import (
    MOST_TICKS,
    Mp4Writer,
    TranscodingError,
    ticks_per_second,
    whole_ticks,
)


@pytest.mark.parametrize(
    ("times", "frame", "tick", "clock", "pts"),
    [
        ([0, 0.04, 0.08], Fraction(1, 25), Fraction(1, 12800), Fraction(1, 25), [0, 1, 2, 3]),
        ([2.0, 2.04, 2.08], Fraction(1, 25), Fraction(1, 12800), Fraction(1, 25), [50, 51, 52, 53]),
        ([0, 0.033, 0.067], Fraction(1, 30), Fraction(1, 1000), Fraction(1, 1000), [0, 33, 67, 107]),
        ([0, 0.0333444444, 0.0667], Fraction(1, 30), Fraction(1, 10**9), Fraction(1, 10**6), [0, 33344, 66700, 106700]),
        ([0, 0.04, 0.08], None, None, Fraction(1, 10**6), [0, 40_000, 80_000, 120_000]),
        ([1e8, 1e8 + 0.04], Fraction(1, 25), Fraction(1, 12800), Fraction(1, 25), [2500000000, 2500000001, 2500000002]),
    ],
)
def test_the_clock_is_the_coarsest_that_holds_all_times(
    times: list[float], frame: Fraction | None, tick: Fraction | None, clock: Fraction, pts: list[int]
) -> None:
    assert whole_ticks(np.array(times), times[-1] + 0.04, (frame, tick)) == (clock, pts)


@pytest.mark.parametrize("gap_at", [1, 3, 5])
def test_a_frame_that_is_shown_for_longer_than_the_format_can_say_is_refused_at_once(gap_at: int) -> None:
    times = np.arange(5) / 25
    times[gap_at:] += 1e8
    with pytest.raises(
        TranscodingError, match=rf"frame {gap_at - 1} is shown for 1e\+08 s, but .* for 167772 s; .* cut the video"
    ):
        whole_ticks(times, 0.2 + 1e8, (Fraction(1, 25), None))


@pytest.mark.parametrize("clock", [Fraction(1, 25), Fraction(1001, 30000), Fraction(1, 10**6)])
def test_the_longest_that_is_accepted_can_be_written(clock: Fraction, tmp_path: Path) -> None:
    per_tick = clock.numerator * ticks_per_second(clock) // clock.denominator
    late = MOST_TICKS // per_tick - 3
    with pytest.raises(TranscodingError):
        whole_ticks(np.array([0, 1, 2, late + 3]) * float(clock), float((late + 9) * clock), (clock, clock))
    pts = [0, 1, 2, late]
    assert whole_ticks(np.array(pts) * float(clock), float((late + 1) * clock), (clock, clock))[1][:4] == pts
    assert written_pts(tmp_path / "copy.mp4", clock, pts)[1] == [float(p * clock) for p in pts]


def written_pts(
    path: Path, clock: Fraction, pts: list[int], *, threads: int = 1
) -> tuple[list[tuple[str, float]], list[float]]:
    """Writes frames at some ticks; returns the kinds and starts of the streams, and the times of the frames."""
    writer = Mp4Writer(path, clock, {"bf": "3"}, starts_late=pts[0] > 0, threads=threads)
    for image, at in zip(moving_picture(len(pts)), pts, strict=True):
        writer.write(av.VideoFrame.from_ndarray(image).reformat(format="yuv420p"), at, 1)
    writer.finish()
    with av.open(str(path)) as container:
        starts = [(s.type, float((s.start_time or 0) * s.time_base)) for s in container.streams if s.time_base]
        assert (container.start_time or 0) == 0
        return starts, [float(frame.time or 0) for frame in container.decode(video=0)]


@pytest.mark.parametrize(
    ("clock", "first"),
    [(Fraction(1, 4), 8), (Fraction(1001, 30000), 7), (Fraction(1, 10**6), 123_457), (Fraction(1, 25), 25 * 10**8)],
)
def test_a_picture_that_starts_late_has_silence_before_it_and_keeps_its_times(
    clock: Fraction, first: int, tmp_path: Path
) -> None:
    pts = [first + i for i in range(9)]
    starts, times = written_pts(path := tmp_path / "copy.mp4", clock, pts)
    assert starts == [("video", pytest.approx(float(first * clock), abs=1e-9)), ("audio", 0.0)]
    np.testing.assert_allclose(times, [float(p * clock) for p in pts], rtol=1e-15, atol=1e-9)
    assert path.stat().st_size < 10_000  # whatever the start is
    with av.open(str(path)) as container:
        assert sum(frame.samples for frame in container.decode(audio=0)) <= 2048


def test_a_picture_that_starts_at_0_is_alone(tmp_path: Path) -> None:
    starts, times = written_pts(tmp_path / "copy.mp4", Fraction(1, 25), [0, 1, 2])
    assert starts == [("video", 0.0)]
    assert times == [0, 0.04, 0.08]


def test_several_threads_encode_the_same_frames(tmp_path: Path) -> None:
    clock, pts = Fraction(1, 25), list(range(9))
    assert written_pts(tmp_path / "copy.mp4", clock, pts, threads=3) == written_pts(tmp_path / "one.mp4", clock, pts)
