from pathlib import Path

from zsar.api.embeddings.whole_videos import embeds_single_frames, whole_video_record
from zsar.datamodules.video_files.streaming import FrameStride
from zsar.lightning_modules.clip.clip import ZeroShotCLIP
from zsar.lightning_modules.open_clip_towers.clip_settings import ClipSettings, TrainedClipSettings
from zsar.lightning_modules.t2l.t2l import T2L


def test_only_models_without_temporal_parts_embed_single_frames(tiny_weights: Path) -> None:
    assert embeds_single_frames(ZeroShotCLIP(backbone=ClipSettings("tiny-clip", str(tiny_weights))))
    assert not embeds_single_frames(T2L(backbone=TrainedClipSettings("tiny-clip", str(tiny_weights)), n_frames=2))


def test_the_record_states_geometry_and_stride() -> None:
    stride = FrameStride(frames=None, seconds=0.5)
    squash = whole_video_record(32, geometry="squash", resize_filter="bilinear", stride=stride)
    crop = whole_video_record(32, geometry="crop", resize_filter="bicubic", stride=stride)
    assert (squash.resize_filter, crop.resize_filter) == ("bilinear", "bicubic")
    assert (squash.geometry, squash.short_side_px, squash.stride) == ("squash", 0, str(stride))
    assert (crop.geometry, crop.short_side_px) == ("crop", 37)
