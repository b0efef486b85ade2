"""What files of features and captions state, as `zsar extract` of a tiny model would write it."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from zsar.lightning_modules.localization.stored.feature_files import FeatureSource
from zsar.lightning_modules.localization.stored.frame_record import FrameRecord
from zsar.lightning_modules.localization.stored.video_captions import CaptionSource

FRAMES = FrameRecord(
    geometry="squash",
    resize_filter="bicubic",
    image_size=32,
    frame_mean="0.5 0.5 0.5",
    frame_std="0.2 0.2 0.2",
    time_origin="player's clock",
)
_VIDEO: dict[str, Any] = {"source_name": "a.mp4", "source_bytes": 123, "source_hash": "abcd", "start_seconds": 0.0}
_MODEL: dict[str, Any] = {"architecture": "tiny-clip", "weights": "", "backbone_hash": "00ff"}


def feature_source(**changes: Any) -> FeatureSource:
    """The source of features of every second frame, in half precision, with some fields changed."""
    stated = {"n_frames": 7, "duration_seconds": 0.7 / 3, "fps": 30.0, "stride": "2 frames", "dtype": "fp16"}
    return FeatureSource(**{**asdict(FRAMES), **_VIDEO, **_MODEL, **stated, **changes})


def caption_source(**changes: Any) -> CaptionSource:
    """The source of a caption a second, with some fields changed."""
    stated = {"duration_seconds": 2.0, "stride": "1.0 seconds", "generation": "greedy", "n_tokens": 30}
    return CaptionSource(**{**asdict(FRAMES), **_VIDEO, **_MODEL, **stated, **changes})
