from fractions import Fraction

import pytest
import torch
from torch.testing import assert_close

from zsar.datamodules.views.strided_sampling import (
    StridedSampling,
    is_strided,
    random_strided_indices,
    strided_indices,
)

BOTH: tuple[StridedSampling, StridedSampling] = ("open_vclip", "open_vclip_to_end")
NTSC = Fraction(30000, 1001)


def views(n_frames: int, rate: Fraction | int, sampling: StridedSampling, n_clips: int = 3) -> list[list[int]]:
    indices = strided_indices(n_frames, 8, n_clips, frame_rate=Fraction(rate), sampling=sampling)
    assert indices.dtype == torch.int64
    return indices.tolist()  # type: ignore[no-any-return]


def test_ten_seconds_at_30_fps_are_as_on_the_page() -> None:
    """methods/open_vclip.md, section 7: 0 18 36 54 72 90 108 112; 63 ... 174; 126 ... 237."""
    assert views(300, 30, "open_vclip") == [
        [0, 18, 36, 54, 72, 90, 108, 112],
        [63, 81, 99, 117, 135, 153, 171, 174],
        [126, 144, 162, 180, 198, 216, 234, 237],
    ]


def test_to_the_end_the_last_view_ends_with_the_video() -> None:
    """C = 128, starts 0, 86, 172; steps of 127 / 7 = 18.14."""
    steps = [0, 18, 36, 54, 72, 90, 108, 127]
    assert views(300, 30, "open_vclip_to_end") == [[start + s for s in steps] for start in (0, 86, 172)]
    assert views(300, 30, "open_vclip_to_end", n_clips=1) == [[86 + s for s in steps]]
    assert views(300, 30, "open_vclip", n_clips=1) == [[0, 18, 36, 54, 72, 90, 108, 112]]  # the beginning


@pytest.mark.parametrize("sampling", BOTH)
def test_a_short_video_ends_with_its_last_frame_repeated(sampling: StridedSampling) -> None:
    """The page: 60 frames at 25 fps."""
    assert views(60, 25, sampling) == [[0, 15, 30, 45, 59, 59, 59, 59]] * 3
    assert views(1, 30, sampling) == [[0] * 8] * 3


@pytest.mark.parametrize("sampling", BOTH)
@pytest.mark.parametrize("rate", [Fraction(1, 10), Fraction(1), Fraction(25), NTSC, Fraction(240)])
def test_whatever_the_length_and_rate_indices_exist_and_rise(sampling: StridedSampling, rate: Fraction) -> None:
    for n_frames in (1, 2, 7, 40, 299):
        for n_samples, n_clips in ((1, 1), (1, 3), (8, 3)):
            indices = strided_indices(n_frames, n_samples, n_clips, frame_rate=rate, sampling=sampling)
            drawn = random_strided_indices(n_frames, n_samples, frame_rate=rate, sampling=sampling)
            assert indices.shape == (n_clips, n_samples)
            for rows in (indices, drawn):
                assert 0 <= int(rows.min()) <= int(rows.max()) < n_frames
                assert (rows.diff(dim=-1) >= 0).all()
            assert (indices.diff(dim=0) >= 0).all()


@pytest.mark.parametrize("sampling", BOTH)
def test_pytorch_agrees_with_the_exact_fractions_of_one_view(sampling: StridedSampling) -> None:
    """As PySlowFast has it: linspace, clamp, truncation, at rates whose products are no integers."""
    for rate, n_frames in ((Fraction(25), 400), (NTSC, 500), (Fraction(24), 90)):
        steps = torch.linspace(0, float(128 * rate / 30) - 1, 8, dtype=torch.float64)
        start = 0 if sampling == "open_vclip" else int(max(n_frames - float(128 * rate / 30), 0) / 2)
        last = min(int(-(-112 * rate // 30)), n_frames - 1) if sampling == "open_vclip" else n_frames - 1
        expected = (start + steps).clamp(max=last).long()
        assert_close(torch.tensor(views(n_frames, rate, sampling, n_clips=1)[0]), expected)


@pytest.mark.parametrize(("sampling", "most"), [("open_vclip", 188), ("open_vclip_to_end", 172)])
def test_training_views_begin_anywhere_that_a_whole_view_fits(sampling: StridedSampling, most: int) -> None:
    generator = torch.Generator().manual_seed(0)
    starts = [
        int(random_strided_indices(300, 8, frame_rate=Fraction(30), sampling=sampling, generator=generator)[0])
        for _ in range(400)
    ]
    assert min(starts) < 5
    assert most - 5 < max(starts) <= most
    assert abs(sum(starts) / 400 - most / 2) < 15


def test_numbers_out_of_range_are_named() -> None:
    for wrong in ({"n_frames": 0}, {"n_samples": 0}, {"n_clips": 0}):
        numbers = {"n_frames": 10, "n_samples": 8, "n_clips": 1, **wrong}
        with pytest.raises(ValueError, match=next(iter(wrong))):
            strided_indices(**numbers, frame_rate=Fraction(30), sampling="open_vclip")
    with pytest.raises(ValueError, match="frame_rate must be positive; got 0"):
        strided_indices(10, 8, 1, frame_rate=Fraction(0), sampling="open_vclip")


def test_others_are_not_strided() -> None:
    assert [is_strided(name) for name in (*BOTH, "t2l", "mmaction")] == [True, True, False, False]
