"""What the tests of `zsar extract` work on: videos of 1, 9 and 10 frames, features of the tiny CLIP."""

from __future__ import annotations

from pathlib import Path

from tests.makers.videos.encoded_videos import moving_picture
from zsar.api.extraction.extraction import VideoJob
from zsar.api.extraction.feature_extraction import FeatureExtraction
from zsar.datamodules.video_files.streaming import FrameStride
from zsar.datamodules.video_files.writing.encoding import write_video

LENGTHS = (1, 9, 10)


def features_of_all_frames(weights: Path) -> FeatureExtraction:
    """Features of every frame, four frames at a time, in fp32."""
    return FeatureExtraction(
        architecture="tiny-clip",
        weights=str(weights),
        stride=FrameStride(),
        geometry="squash",
        batch_size=4,
        n_workers=0,
        dtype="fp32",
    )


def three_videos(folder: Path, suffix: str) -> list[VideoJob]:
    """Videos of 1, 9 and 10 frames, 10 a second; their files go into another folder."""
    made = []
    for n in LENGTHS:
        write_video(path := folder / f"{n}.mp4", moving_picture(n), frames_per_second=10)
        made.append(VideoJob(path, path.name, folder / "made" / f"{n}{suffix}"))
    return made
