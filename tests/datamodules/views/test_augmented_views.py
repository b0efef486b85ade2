from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from tests.makers.videos.view_batches import SIZE, batch_of, clip, finished, plain_batch
from tests.reference.tpt_views import base_view, crop_view
from zsar.datamodules.views.augmented_views import AugmentedViews
from zsar.datamodules.views.augmix import augmix, draw_augmix
from zsar.datamodules.views.crop_places import random_part
from zsar.datamodules.views.further_views import generator_of_video
from zsar.datamodules.views.transforms import TestTransform
from zsar.runtime.seeds import derive_seed


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


def test_photometric_views_are_augmix_without_geometric_operations() -> None:
    views = AugmentedViews(n_views=3, augmix_operations="photometric", severity=3).for_data_set(
        "x", flip_keeps_label=True
    )
    assert views.described()["init_args"]["augmix_operations"] == "photometric"
    generator = torch.Generator().manual_seed(derive_seed(8, "augmix"))
    draws = draw_augmix(8, severity=3, operations="photometric", generator=generator)
    after = finished(views, plain_batch(views, [8])).frames[0]
    assert torch.equal(after.flatten(0, 1), augmix(clip(4, seed=8).repeat(2, 1, 1, 1), draws))


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
        ({"crop_interpolation": "nearest"}, "crop_interpolation must be one of bilinear, bicubic; got 'nearest'"),
        ({"augmix": "sometimes"}, "one of none, per_frame, per_clip; got 'sometimes'"),
        ({"severity": 0}, "from 1 to 10; got 0"),
        ({"augmix_operations": "colour"}, "augmix_operations must be one of all, photometric; got 'colour'"),
        ({"augmix": "none", "crop": True, "augmix_operations": "photometric"}, "photometric, but augmix is none; set"),
        ({"augmix": "none"}, "all 32 views would be identical: set crop, flip or augmix"),
    ],
)
def test_impossible_augmented_views_are_refused(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        AugmentedViews(**arguments)


def picture(frame: torch.Tensor) -> np.ndarray:
    """uint8 [3, H, W] -> [H, W, 3]."""
    return frame.permute(1, 2, 0).numpy()


def most_apart(ours: torch.Tensor, theirs: np.ndarray) -> int:
    """The largest difference of a pixel's values."""
    return int(np.abs(picture(ours).astype(int) - theirs.astype(int)).max())


def test_crops_are_resized_bilinearly_as_in_the_authors_code_or_bicubically() -> None:
    frame = torch.randint(256, (1, 3, 40, 60), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))
    generator = generator_of_video(7, "crop")
    part = random_part(40, 60, (0.08, 1.0), generator)
    theirs = {
        "bilinear": crop_view(picture(frame[0]), part, SIZE, is_mirrored=False),
        "bicubic": crop_view(picture(frame[0]), part, SIZE, is_mirrored=False, filter_=Image.Resampling.BICUBIC),
    }
    assert np.abs(theirs["bilinear"].astype(int) - theirs["bicubic"].astype(int)).max() > 5
    rows = torch.zeros(1, dtype=torch.int64)
    for name, view in theirs.items():
        views = AugmentedViews(n_views=2, crop=True, augmix="none", crop_interpolation=name)  # type: ignore[arg-type]
        cut = views.cut(frame, rows, torch.zeros(0, 1), TestTransform(SIZE), seed=7)
        assert most_apart(cut[0, 0], view) <= 1
    assert AugmentedViews().crop_interpolation == "bilinear"


@pytest.mark.parametrize("augmix_mode", ["none", "per_clip"])
def test_views_of_ucf101_are_those_of_tpts_code_with_augmix_on_top_of_mirrored_crops(augmix_mode: Any) -> None:
    """`configs/adaptation/tpt_authors.yaml`; without AugMix, as on ImageNet, the views are others."""
    frame = clip(1, 40, 60, seed=4)
    views = AugmentedViews(n_views=6, crop=True, flip=0.5, augmix=augmix_mode)
    transform = TestTransform(SIZE, resize_ratio=1.0)
    rows = torch.zeros(1, dtype=torch.int64)
    cut = views.cut(frame, rows, torch.zeros(0, 1), transform, seed=5)
    shown = transform(frame)[0]
    assert most_apart(shown[0], base_view(picture(frame[0]), SIZE)) <= 1
    ours = finished(views, batch_of(shown[None], cut[None], views, [5])).frames[0, :, 0]
    generator = generator_of_video(5, "crop")
    parts = [random_part(40, 60, (0.08, 1.0), generator) for _ in range(5)]
    mirrored = torch.rand(5, generator=generator_of_video(5, "flip")) < 0.5
    assert 0 < mirrored.sum() < 5
    draws = draw_augmix(5, generator=generator_of_video(5, "augmix"))
    plain = []
    for i, part in enumerate(parts):
        is_mirrored, of_view = bool(mirrored[i]), draws if augmix_mode == "per_clip" else None
        theirs = crop_view(picture(frame[0]), part, SIZE, is_mirrored=is_mirrored, draws=of_view, index=i)
        # Equalization and the like turn a level apart into several; most pixels are equal or one apart.
        apart = np.abs(picture(ours[i]).astype(int) - theirs.astype(int))
        assert np.quantile(apart, 0.9) <= (2 if of_view else 1), (i, apart.max())
        plain.append(most_apart(ours[i], crop_view(picture(frame[0]), part, SIZE, is_mirrored=is_mirrored)))
    assert (max(plain) > 8) == (augmix_mode == "per_clip")
