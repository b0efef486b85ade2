"""How the frames of clips are made: what `Clips` states, and of the model what it leaves open."""

from __future__ import annotations

from zsar.datamodules.choices.frame_pixels import FramePixels
from zsar.datamodules.settings import Clips
from zsar.datamodules.views.transforms import TestTransform


def frame_pixels_of(clips: Clips, of_model: FramePixels | None = None) -> FramePixels:
    """The pixels of test frames; training frames have their size.

    Args:
        clips: What is stated.
        of_model: How the model wants its frames; None without a model: the size must be stated then, and frames are
            CLIP's, cropped and bicubic, unless `clips` states another geometry or filter.

    Raises:
        ValueError: The size is another than the model's, or not known; or the geometry or the size does not allow the
            stated crops, short side or further views.
    """
    size = clips.image_size
    if of_model is None:
        if size is None:
            raise ValueError(
                "how large frames are is the model's to say, but there is no model: give clips.image_size, or call "
                "take_pixels(model.frame_pixels) of the data module"
            )
        of_model = FramePixels(size, "crop", "bicubic")
    elif size is not None and size != of_model.image_size:
        raise ValueError(
            f"data.clips.image_size is {size}, but the model takes frames of {of_model.image_size} px; leave "
            "data.clips.image_size out"
        )
    pixels = FramePixels(
        of_model.image_size,
        of_model.geometry if clips.geometry == "model" else clips.geometry,
        of_model.resize_filter if clips.resize_filter == "model" else clips.resize_filter,
    )
    _check(clips, pixels)
    return pixels


def _check(clips: Clips, pixels: FramePixels) -> None:
    """Checks that frames of a geometry and size can have the stated crops, short side and further views."""
    side = clips.test_short_side_px
    if pixels.geometry == "squash":
        whose = "the model's" if clips.geometry == "model" else "the stated"
        why = f"but {whose} geometry is squash, which shows the whole picture"
        remedy = "or set data.clips.geometry to crop"
        if clips.n_test_crops != 1:
            raise ValueError(f"data.clips.n_test_crops is {clips.n_test_crops}, {why}; set it to 1, {remedy}")
        if side is not None:
            raise ValueError(f"data.clips.test_short_side_px is {side}, {why}; leave it out, {remedy}")
    elif side is not None and side < pixels.image_size:
        due = f"at least image_size, {pixels.image_size}, or a crop would not fit"
        raise ValueError(f"test_short_side_px must be {due}; got {side}")
    if clips.views is not None:
        clips.views.check_geometry(pixels.geometry)


def transform_of(clips: Clips, of_model: FramePixels | None = None) -> TestTransform:
    """How the frames of a test clip are made square; for the arguments and errors see `frame_pixels_of`."""
    pixels, side = frame_pixels_of(clips, of_model), clips.test_short_side_px
    return TestTransform(
        pixels.image_size,
        n_crops=clips.n_test_crops,
        resize_ratio=None if side is None else side / pixels.image_size,
        interpolation=pixels.resize_filter,
        geometry=pixels.geometry,
    )
