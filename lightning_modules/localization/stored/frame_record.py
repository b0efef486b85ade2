"""FrameRecord: how the frames of stored features or captions were made, as their files state it.

Two files of one video and model differ if their frames were squashed or cropped, resized by another filter, normalized
with other statistics, or timed from another origin; a run that asks for one kind of frames must not read the other.
"""

from __future__ import annotations

from dataclasses import dataclass

from zsar.lightning_modules.open_clip_towers.open_clip_backbone import OpenClipBackbone

TIME_ORIGIN = "player's clock"
"""0 s is when a player starts the file (`video_files.decoding`), not when its first frame is shown."""


@dataclass(frozen=True, kw_only=True)
class FrameRecord:
    """How frames were made.

    Attributes:
        geometry: How they became square: "squash" or "crop".
        resize_filter: The filter, with antialiasing.
        image_size: Their height and width, the model's, in pixels.
        frame_mean: Mean that was subtracted from values of 0 to 1, for red, green and blue.
        frame_std: Standard deviation that they were divided by.
        time_origin: What times count from.
    """

    geometry: str
    resize_filter: str
    image_size: int
    frame_mean: str
    frame_std: str
    time_origin: str


def frames_for(backbone: OpenClipBackbone, geometry: str) -> FrameRecord:
    """The record of frames that a model is given now.

    Args:
        backbone: The model.
        geometry: "squash" or "crop".
    """
    mean, std = backbone.shown_statistics
    return FrameRecord(
        geometry=geometry,
        resize_filter=backbone.resize_filter,
        image_size=backbone.image_size[0],
        frame_mean=mean,
        frame_std=std,
        time_origin=TIME_ORIGIN,
    )


def frames_of_any_model(geometry: str) -> dict[str, object]:
    """What does not depend on the model: captions may be written by another one than that which reads them.

    Args:
        geometry: "squash" or "crop".

    Returns:
        Values by field of `FrameRecord`.
    """
    return {"geometry": geometry, "time_origin": TIME_ORIGIN}
