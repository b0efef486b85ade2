"""What `Clips` states wins, the model says the rest, and what contradicts is an error before anything is decoded."""

from itertools import product
from typing import Any, get_args

import pytest
import torch

from zsar.datamodules.choices.frame_pixels import FramePixels, ResizeFilter, StatedFilter, StatedGeometry
from zsar.datamodules.choices.geometry import Geometry
from zsar.datamodules.settings import Clips
from zsar.datamodules.views.augmented_views import AugmentedViews
from zsar.datamodules.views.clip_pixels import frame_pixels_of, transform_of
from zsar.datamodules.views.multi_rate_views import MultiRateViews
from zsar.datamodules.views.transforms import TestTransform

CLIP = FramePixels(224, "crop", "bicubic")
SIGLIP = FramePixels(384, "squash", "bilinear")
MODELS = [FramePixels(32, *kind) for kind in product(get_args(Geometry), get_args(ResizeFilter))]
FRAMES = torch.randint(256, (2, 3, 40, 60), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))


def test_nothing_has_to_be_stated() -> None:
    assert frame_pixels_of(Clips(), CLIP) == CLIP
    assert frame_pixels_of(Clips(), SIGLIP) == SIGLIP


@pytest.mark.parametrize("of_model", MODELS)
@pytest.mark.parametrize("geometry", get_args(StatedGeometry))
@pytest.mark.parametrize("resize_filter", get_args(StatedFilter))
def test_a_stated_geometry_or_filter_replaces_the_models(
    of_model: FramePixels, geometry: StatedGeometry, resize_filter: StatedFilter
) -> None:
    clips = Clips(image_size=32, geometry=geometry, resize_filter=resize_filter)
    pixels = frame_pixels_of(clips, of_model)
    assert pixels.geometry == (of_model.geometry if geometry == "model" else geometry)
    assert pixels.resize_filter == (of_model.resize_filter if resize_filter == "model" else resize_filter)
    plain = TestTransform(32, interpolation=pixels.resize_filter, geometry=pixels.geometry)
    assert torch.equal(transform_of(clips, of_model)(FRAMES), plain(FRAMES))


def test_without_a_model_frames_are_of_the_stated_size_and_clips() -> None:
    assert frame_pixels_of(Clips(image_size=224)) == CLIP
    assert frame_pixels_of(Clips(image_size=384, geometry="squash", resize_filter="bilinear")) == SIGLIP
    with pytest.raises(ValueError, match=r"there is no model: give clips\.image_size, or call take_pixels"):
        frame_pixels_of(Clips())


SQUASHED = r"but the model's geometry is squash, which shows the whole picture; .* data\.clips\.geometry to crop"
CONTRADICTIONS = [
    (
        {"image_size": 224},
        SIGLIP,
        r"image_size is 224, but the model takes frames of 384 px; leave data\.clips",
    ),
    ({"n_test_crops": 3}, SIGLIP, rf"data\.clips\.n_test_crops is 3, {SQUASHED}"),
    ({"test_short_side_px": 400}, SIGLIP, rf"data\.clips\.test_short_side_px is 400, {SQUASHED}"),
    ({"geometry": "squash", "n_test_crops": 3}, CLIP, "n_test_crops is 3, but the stated geometry is squash"),
    ({"test_short_side_px": 200}, CLIP, "must be at least image_size, 224, or a crop would not fit; got 200"),
    (
        {"views": MultiRateViews()},
        SIGLIP,
        r"views\.n_crops is 3, but frames are squashed .* set it to 1, or",
    ),
]


@pytest.mark.parametrize(("stated", "of_model", "message"), CONTRADICTIONS)
def test_a_contradiction_names_both_values_and_the_remedy(
    stated: dict[str, Any], of_model: FramePixels, message: str
) -> None:
    for use in (frame_pixels_of, transform_of):
        with pytest.raises(ValueError, match=message):
            use(Clips(**stated), of_model)


@pytest.mark.parametrize("change", [{"geometry": "crop"}, {"n_test_crops": 1}])
def test_the_remedy_is_one(change: dict[str, Any]) -> None:
    assert frame_pixels_of(Clips(**{"n_test_crops": 3, **change}), SIGLIP).image_size == 384


@pytest.mark.parametrize("views", [AugmentedViews(), MultiRateViews(n_crops=1)])
def test_views_of_whole_pictures_can_be_squashed(views: Any) -> None:
    assert frame_pixels_of(Clips(views=views), SIGLIP) == SIGLIP


def test_the_only_crop_of_squashed_frames_is_the_test_view() -> None:
    transform = transform_of(Clips(), FramePixels(32, "squash", "bicubic"))
    views = MultiRateViews(n_crops=1, rates=(1.0,))
    cut = views.cut(FRAMES, torch.arange(2), torch.arange(2)[None], transform, seed=0)
    assert torch.equal(cut[0], transform(FRAMES)[0])


@pytest.mark.parametrize(("short_side", "size"), [(None, 37), (32, 32), (36, 36)])
def test_a_short_side_that_is_stated_is_that_of_the_crop(short_side: int | None, size: int) -> None:
    assert transform_of(Clips(test_short_side_px=short_side), FramePixels(32, "crop", "bicubic")).short_side == size
