from typing import Any

import pytest
import torch
from torch import Tensor
from torch.testing import assert_close

from tests.makers.videos.view_batches import SIZE, batch_of, clip
from zsar.datamodules.views.frame_sampling import centre_indices
from zsar.datamodules.views.multi_rate_views import MultiRateViews
from zsar.datamodules.views.transforms import TestTransform


def test_zar_has_48_views_of_which_39_differ() -> None:
    views = MultiRateViews()
    assert views.n_cut == 39
    assert views.weights.tolist() == [0] + 3 * [4] + 36 * [1]
    assert views.weights.sum() == 48


def test_weights_follow_the_order_of_the_rates() -> None:
    views = MultiRateViews(rates=(0.5, 1.0), n_samples=2, n_crops=1)
    assert views.weights.tolist() == [0, 1, 1, 2]
    jittered = MultiRateViews(rates=(0.5, 1.0), n_samples=2, n_crops=1, segment_jitter=True)
    assert jittered.weights.tolist() == [0, 1, 1, 1, 1]
    assert jittered.n_cut == 4


def test_stretches_have_the_length_of_their_rate_and_start_anywhere() -> None:
    views = MultiRateViews(rates=(1.0, 0.29, 0.001), n_samples=300)
    rows = views.further_indices(100, 29, seed=0)
    assert rows.shape == (601, 29)
    assert torch.equal(rows[0], centre_indices(100, 29))
    stretches, single = rows[1:301], rows[301:]
    assert torch.equal(stretches - stretches[:, :1], torch.arange(29).expand(300, -1))  # 29 frames: all of them
    assert set(stretches[:, 0].tolist()) >= {0, 71}
    assert stretches.max() == 99
    assert torch.equal(single, single[:, :1].expand_as(single))  # at least one frame
    assert single[:, 0].min() < 4
    assert single[:, 0].max() > 95


def test_every_start_is_equally_likely() -> None:
    starts = MultiRateViews(rates=(0.5,), n_samples=3000).further_indices(8, 4, seed=1)[:, 0]
    assert starts.bincount().sub(600).abs().max() < 100  # 0 to 4


def test_stretches_shorter_than_a_view_repeat_frames() -> None:
    rows = MultiRateViews().further_indices(12, 8, seed=0)
    assert rows.shape == (13, 8)
    assert rows[0].tolist() == centre_indices(12, 8).tolist()
    assert all(row.unique().tolist() == list(range(int(row[0]), int(row[0]) + 3)) for row in rows[5:9])
    assert MultiRateViews().further_indices(1, 8, seed=0).unique().tolist() == [0]


def test_a_seed_gives_the_same_stretches_and_another_gives_others() -> None:
    for jitter in (False, True):
        views = MultiRateViews(segment_jitter=jitter)
        rows = [views.further_indices(100, 8, seed=seed) for seed in (1, 1, 2)]
        assert torch.equal(rows[0], rows[1])
        assert not torch.equal(rows[0], rows[2])


def test_jitter_draws_one_frame_from_each_segment_of_a_stretch() -> None:
    rows = MultiRateViews(rates=(1.0,), n_samples=50, segment_jitter=True).further_indices(80, 8, seed=0)
    assert rows.shape == (50, 8)
    assert torch.equal(rows // 10, torch.arange(8).expand(50, -1))
    assert len({tuple(row) for row in rows.tolist()}) == 50


def test_stretches_may_have_a_number_of_frames_of_their_own() -> None:
    """ZAR, base to novel: 8 frames to tune on, 16 to predict on."""
    same, own = MultiRateViews(), MultiRateViews(n_frames=8)
    assert (same.frames_per_view(16), own.frames_per_view(16)) == (16, 8)
    rows = own.further_indices(160, 16, seed=3)
    assert rows.shape == (13, 8)
    assert rows[0].tolist() == [9 + 20 * i for i in range(8)]  # floor(20 i + 9.5)
    assert torch.equal(rows, same.further_indices(160, 8, seed=3))
    assert same.further_indices(160, 16, seed=3).shape == (13, 16)


def test_stretches_have_the_middle_frames_that_the_test_view_has() -> None:
    views = MultiRateViews(rates=(1.0,), n_samples=1)
    assert views.further_indices(20, 4, seed=0)[0].tolist() == [2, 7, 12, 17]
    assert views.further_indices(12, 3, seed=0)[0].tolist() == [1, 5, 9]  # floor(4 i + 1.5)
    assert views.further_indices(12, 3, seed=0, sampling="mmaction")[0].tolist() == [2, 6, 10]  # floor(4 (i + 1/2))


def thirds(height: int, width: int) -> Tensor:
    """uint8 [2, 3, H, W]: the long side in a red, a green and a blue third; the second frame is half as bright."""
    frame = torch.zeros(3, height, width, dtype=torch.uint8)
    for i in range(3):
        if width > height:
            frame[i, :, i * width // 3 : (i + 1) * width // 3] = 200
        else:
            frame[i, i * height // 3 : (i + 1) * height // 3] = 200
    return torch.stack([frame, frame // 2])


@pytest.mark.parametrize(("height", "width"), [(16, 48), (48, 16)])
def test_three_crops_show_the_thirds_of_a_long_frame(height: int, width: int) -> None:
    views = MultiRateViews(rates=(1.0, 0.5), n_samples=1)
    further = torch.tensor([[0, 1], [1, 1]])
    cut = views.cut(thirds(height, width), torch.tensor([0, 1]), further, TestTransform(SIZE), seed=0)
    assert cut.shape == (6, 2, 3, SIZE, SIZE)
    for sample, brightness in enumerate([(200, 100), (100, 100)]):
        for i in range(3):  # left to right, or top to bottom; crops within one temporal sample
            for frame in range(2):
                expected = torch.zeros(3)
                expected[i] = brightness[frame]
                assert_close(cut[3 * sample + i, frame].float().mean(dim=(1, 2)), expected)


def test_frames_are_resized_so_that_the_crops_have_room() -> None:
    frames, rows = clip(1, 64, 96), torch.zeros(1, 1, dtype=torch.int64)
    for n_crops, short_side in ((1, 28), (3, 28), (5, 32), (9, 32)):
        views = MultiRateViews(n_crops=n_crops, rates=(1.0,), n_samples=1)  # type: ignore[arg-type]
        cut = views.cut(frames, rows[0], rows, TestTransform(28), seed=0)
        assert cut.shape == (n_crops, 1, 3, 28, 28)
        centre = cut[min(1, n_crops - 1), 0]
        assert torch.equal(centre, TestTransform(28, resize_ratio=short_side / 28)(frames)[0, 0])


def test_frames_of_the_right_size_are_not_resampled() -> None:
    frames, rows = clip(2), torch.tensor([[0, 1]])
    cut = MultiRateViews(n_crops=9, rates=(1.0,), n_samples=1).cut(frames, rows[0], rows, TestTransform(SIZE), seed=0)
    assert torch.equal(cut, frames.expand(9, -1, -1, -1, -1))


def test_views_at_several_rates_are_finished_as_they_are_cut() -> None:
    views = MultiRateViews(rates=(1.0,), n_crops=1, n_samples=1)
    batch = batch_of(clip(4)[None], clip(4)[None, None], views, [0])
    assert views.finish(batch) is batch
    assert views.for_data_set("SSv2", flip_keeps_label=False) is views


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"n_crops": 4}, "1, 3, 5 or 9; got 4"),
        ({"rates": ()}, r"at least one; got \[\]"),
        ({"rates": (1.0, 0.0)}, r"between 0 \(exclusive\) and 1"),
        ({"rates": (0.5, 0.5)}, r"given twice: \[0\.5, 0\.5\]; raise n_samples"),
        ({"n_samples": 0}, "n_samples must be at least 1; got 0"),
        ({"n_frames": 0}, r"n_frames must be at least 1, or null for clips\.n_frames; got 0"),
    ],
)
def test_impossible_views_at_several_rates_are_refused(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        MultiRateViews(**arguments)
