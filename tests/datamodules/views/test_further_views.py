from typing import Any

import pytest
import torch
from torch import Tensor
from torch.testing import assert_close

from zsar.datamodules.batch import VideoBatch, ViewBatch
from zsar.datamodules.views.augmix import augmix, draw_augmix
from zsar.datamodules.views.frame_sampling import centre_indices
from zsar.datamodules.views.further_views import AugmentedViews, MultiRateViews, Views
from zsar.datamodules.views.transforms import TestTransform
from zsar.runtime.seeds import derive_seed

SIZE = 16


def clip(n_frames: int, height: int = SIZE, width: int = SIZE, seed: int = 0) -> Tensor:
    """uint8 [N, 3, H, W]: smooth enough for AugMix to change it little."""
    generator = torch.Generator().manual_seed(seed)
    coarse = torch.rand(n_frames, 3, 4, 5, generator=generator) * 255
    return torch.nn.functional.interpolate(coarse, (height, width), mode="bilinear").to(torch.uint8)


def batch_of(shown: Tensor, cut: Tensor, views: Views, seeds: list[int]) -> VideoBatch:
    """A batch of test views [B, T, 3, S, S] and cut views [B, K, T, 3, S, S]."""
    n = len(shown)
    further = ViewBatch(cut, views.weights, torch.tensor(seeds), torch.full((n,), 0.5, dtype=torch.float32))
    row = torch.zeros(n, dtype=torch.int64)
    return VideoBatch(shown[:, None], row, row, row.bool(), views=further)


def plain_batch(views: Views, seeds: list[int], n_frames: int = 4) -> VideoBatch:
    shown = torch.stack([clip(n_frames, seed=seed) for seed in seeds])
    return batch_of(shown, torch.zeros(len(seeds), 0, n_frames, 3, SIZE, SIZE, dtype=torch.uint8), views, seeds)


def finished(views: Views, batch: VideoBatch) -> ViewBatch:
    after = views.finish(batch).views
    assert after is not None
    return after


def test_augmented_views_are_augmix_of_each_frame_of_the_test_view() -> None:
    views = AugmentedViews(n_views=5, severity=3)
    batch = plain_batch(views, [7, 8])
    after = finished(views, batch)
    assert after.frames.shape == (2, 4, 4, 3, SIZE, SIZE)
    assert after.weights.tolist() == [1] * 5
    generator = torch.Generator().manual_seed(derive_seed(8, "augmix"))
    expected = augmix(clip(4, seed=8).repeat(4, 1, 1, 1), draw_augmix(16, severity=3, generator=generator))
    assert torch.equal(after.frames[1].flatten(0, 1), expected)
    assert not torch.equal(after.frames[0, 0], after.frames[0, 1])


def test_one_draw_for_a_clip_changes_its_frames_alike() -> None:
    still = clip(1).expand(4, -1, -1, -1)
    nothing_cut = torch.zeros(1, 0, 4, 3, SIZE, SIZE, dtype=torch.uint8)
    for mode, alike in (("per_clip", True), ("per_frame", False)):
        views = AugmentedViews(n_views=3, augmix=mode)  # type: ignore[arg-type]
        frames = finished(views, batch_of(still[None], nothing_cut, views, [1])).frames
        assert torch.equal(frames, frames[:, :, :1].expand_as(frames)) == alike
        assert not torch.equal(frames[0, 0], frames[0, 1])


def test_whole_views_are_mirrored() -> None:
    views = AugmentedViews(n_views=33, flip=0.5, augmix="none")
    batch = plain_batch(views, [3])
    shown = batch.frames[0, 0]
    frames = finished(views, batch).frames[0]
    mirrored = [torch.equal(view, shown.flip(-1)) for view in frames]
    assert all(torch.equal(view, shown) for view, is_mirrored in zip(frames, mirrored, strict=True) if not is_mirrored)
    assert 8 < sum(mirrored) < 24
    other = finished(views, plain_batch(views, [4])).frames[0]
    assert mirrored != [torch.equal(view, clip(4, seed=4).flip(-1)) for view in other]
    always = AugmentedViews(n_views=3, flip=1.0, augmix="none")
    assert torch.equal(finished(always, plain_batch(always, [3])).frames[0], shown.flip(-1).expand(2, -1, -1, -1, -1))


def test_a_video_has_the_same_views_in_any_batch() -> None:
    views = AugmentedViews(n_views=4, flip=0.5)
    together = finished(views, plain_batch(views, [5, 6, 7])).frames
    reversed_ = finished(views, plain_batch(views, [7, 6, 5])).frames
    apart = torch.cat([finished(views, plain_batch(views, [seed])).frames for seed in (5, 6, 7)])
    assert torch.equal(together, apart)
    assert torch.equal(together, reversed_.flip(0))


def test_finishing_changes_no_input_and_adds_its_seconds() -> None:
    views = AugmentedViews(n_views=4, flip=0.5)
    batch = plain_batch(views, [5, 6])
    before = batch.frames.clone()
    after = finished(views, batch)
    assert torch.equal(batch.frames, before)
    assert (after.seconds > 0.5).all()
    assert after.seconds.dtype == torch.float32
    assert batch.views is not None
    assert batch.views.seconds.tolist() == [0.5, 0.5]


def test_crops_are_the_same_for_all_frames_and_differ_between_views_and_videos() -> None:
    views = AugmentedViews(n_views=6, crop=True, crop_scale=(0.2, 0.6), augmix="none")
    frames = clip(1, 40, 60).expand(3, -1, -1, -1)
    cut = [views.cut(frames, torch.arange(3), torch.zeros(0, 3), TestTransform(SIZE), seed=seed) for seed in (1, 1, 2)]
    assert cut[0].shape == (5, 3, 3, SIZE, SIZE)
    assert torch.equal(cut[0], cut[0][:, :1].expand_as(cut[0]))
    assert all(not torch.equal(cut[0][0], other) for other in cut[0][1:])
    assert torch.equal(cut[0], cut[1])
    assert not torch.equal(cut[0], cut[2])


def test_crops_are_taken_from_the_frames_of_the_test_view_alone() -> None:
    views = AugmentedViews(n_views=3, crop=True, crop_scale=(1.0, 1.0), augmix="none")
    frames = clip(5, SIZE, SIZE)
    test = torch.tensor([0, 2, 4])
    cut = views.cut(frames, test, torch.zeros(0, 3), TestTransform(SIZE), seed=0)
    assert cut.float().sub(frames[test].float()).abs().mean() < 20  # the shape may differ, the picture does not
    batch = batch_of(frames[test][None], cut[None], views, [0])
    assert torch.equal(finished(views, batch).frames[0], cut)


def test_mirrored_crops_are_mixed_as_well() -> None:
    views = AugmentedViews(n_views=3, crop=True, flip=1.0, augmix="per_clip")
    cut = torch.stack([clip(4, seed=9), clip(4, seed=10)])[None]
    frames = finished(views, batch_of(clip(4)[None], cut, views, [4])).frames
    draws = draw_augmix(2, generator=torch.Generator().manual_seed(derive_seed(4, "augmix"))).repeated(4)
    assert torch.equal(frames.flatten(0, 2), augmix(cut.flip(-1).flatten(0, 2), draws))


def test_the_data_set_decides_whether_views_may_be_mirrored() -> None:
    views = AugmentedViews(flip=None)
    assert views.for_data_set("UCF101", flip_keeps_label=True).flip == 0.5
    assert views.for_data_set("SSv2", flip_keeps_label=False).flip == 0
    with pytest.raises(ValueError, match=r"clips\.views\.flip is 0\.3, but a mirrored clip of SSv2 may show another"):
        AugmentedViews(flip=0.3).for_data_set("SSv2", flip_keeps_label=False)
    with pytest.raises(ValueError, match="all 32 views would be identical"):
        AugmentedViews(flip=None, augmix="none").for_data_set("SSv2", flip_keeps_label=False)


def test_views_are_not_finished_before_it_is_known_whether_to_mirror() -> None:
    views = AugmentedViews(flip=None)
    with pytest.raises(ValueError, match="views that `for_data_set` returned"):
        views.finish(plain_batch(views, [0]))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"n_views": 1}, "at least 2.* got 1"),
        ({"crop_scale": (0.0, 1.0)}, r"crop_scale must increase.*got \[0\.0, 1\.0\]"),
        ({"crop_scale": (0.9, 0.5)}, r"crop_scale must increase"),
        ({"flip": 1.5}, "between 0 and 1; got 1.5"),
        ({"augmix": "sometimes"}, "one of none, per_frame, per_clip; got 'sometimes'"),
        ({"severity": 0}, "from 1 to 10; got 0"),
        ({"augmix": "none"}, "all 32 views would be identical: set crop, flip or augmix"),
    ],
)
def test_impossible_augmented_views_are_refused(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        AugmentedViews(**arguments)


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
    ],
)
def test_impossible_views_at_several_rates_are_refused(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        MultiRateViews(**arguments)


@pytest.mark.parametrize("views", [AugmentedViews(n_views=4, flip=0.5), MultiRateViews(rates=(0.5, 0.25), n_crops=5)])
def test_the_description_makes_an_equal_set_of_views(views: Views) -> None:
    described = views.described()
    assert described["class_path"] == f"zsar.datamodules.views.{type(views).__name__}"
    assert type(views)(**described["init_args"]).described() == described
    assert not any(isinstance(value, tuple) for value in described["init_args"].values())
