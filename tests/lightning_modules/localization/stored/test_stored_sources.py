from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest
import torch

from tests.makers.files.stored_files import FRAMES, caption_source, feature_source
from zsar.lightning_modules.localization.stored.caption_files import CaptionFileError, write_captions
from zsar.lightning_modules.localization.stored.feature_files import FeatureFileError, write_features
from zsar.lightning_modules.localization.stored.stored_sources import (
    check_caption_stride,
    check_stored_captions,
    check_stored_features,
)
from zsar.lightning_modules.localization.stored.video_captions import VideoCaptions
from zsar.runtime.files.file_identity import quick_hash

FEATURES = feature_source(source_bytes=6, n_frames=2, duration_seconds=2.0, fps=1.0, stride="1 frame", dtype="fp32")
CAPTIONS = caption_source(source_bytes=6)


@dataclass(frozen=True)
class Video:
    id: str
    path: Path | None


@pytest.fixture
def videos(tmp_path: Path) -> list[Video]:
    """Three videos, with features and captions of each."""
    made = []
    for name in "abc":
        (path := tmp_path / f"{name}.mp4").write_bytes(b"frames")
        source = replace(FEATURES, source_hash=quick_hash(path))
        write_features(tmp_path / f"{name}.safetensors", torch.zeros(2, 3), np.arange(2.0), source)
        captions = VideoCaptions(np.zeros(1), ("a man",), replace(CAPTIONS, source_hash=quick_hash(path)))
        write_captions(tmp_path / f"{name}.captions.json", captions)
        made.append(Video(name, path))
    return made


def check_features(folder: Path, videos: list[Video]) -> None:
    check_stored_features(folder, videos, frames=FRAMES, backbone_hash="00ff", stride="1 frame")


def check_captions(folder: Path, videos: list[Video], geometry: str = "squash") -> None:
    check_stored_captions(folder, videos, geometry=geometry)


def test_files_of_the_videos_at_hand_pass_and_so_do_videos_that_are_not(tmp_path: Path, videos: list[Video]) -> None:
    check_features(tmp_path, videos)
    check_captions(tmp_path, videos)
    for video in videos:
        assert video.path is not None
        video.path.unlink()
    check_features(tmp_path, videos)
    check_features(tmp_path, [Video("a", None)])
    check_captions(tmp_path, [Video("a", None), Video("without captions", None)])


@pytest.mark.parametrize("content", [b"FRAMES", b"more frames"])
def test_a_video_that_was_replaced_is_refused_by_name(tmp_path: Path, videos: list[Video], content: bytes) -> None:
    (tmp_path / "b.mp4").write_bytes(content)
    said = r"b\.{}: .*b\.mp4 is not the video that it was made from .*; extract it again, or restore"
    with pytest.raises(FeatureFileError, match=said.format("safetensors")):
        check_features(tmp_path, videos)
    with pytest.raises(CaptionFileError, match=said.format(r"captions\.json")):
        check_captions(tmp_path, videos)


def test_all_files_that_do_not_fit_are_counted(tmp_path: Path, videos: list[Video]) -> None:
    (tmp_path / "a.safetensors").unlink()
    (tmp_path / "b.safetensors").write_bytes(b"damaged")
    with pytest.raises(FileNotFoundError, match=r"a\.safetensors.* \(2 of 3 files of features do not fit\)"):
        check_features(tmp_path, videos)
    with pytest.raises(FeatureFileError, match="stride is 1 frame in the file, but 2 frames is asked for"):
        check_stored_features(tmp_path, videos[2:], frames=FRAMES, backbone_hash="00ff", stride="2 frames")


def test_captions_made_elsewhere_say_nothing_of_a_video(tmp_path: Path, videos: list[Video]) -> None:
    write_captions(tmp_path / "a.captions.json", VideoCaptions(np.zeros(1), ("a man",)))
    (tmp_path / "a.mp4").write_bytes(b"another")
    check_captions(tmp_path, videos)


def test_frames_made_otherwise_are_named_before_the_work(tmp_path: Path, videos: list[Video]) -> None:
    """Captions may be of a model with another size and other statistics; how frames became square is the video's."""
    with pytest.raises(
        FeatureFileError, match=r"a\.safetensors: geometry is squash in the file, but crop is asked for"
    ):
        check_stored_features(
            tmp_path, videos, frames=replace(FRAMES, geometry="crop"), backbone_hash="00ff", stride="1 frame"
        )
    with pytest.raises(CaptionFileError, match=r"a\.captions\.json: geometry is squash in the file, but crop is asked"):
        check_captions(tmp_path, videos, "crop")
    other = VideoCaptions(
        np.zeros(1), ("a man",), replace(CAPTIONS, source_hash=quick_hash(tmp_path / "a.mp4"), image_size=288)
    )
    write_captions(tmp_path / "a.captions.json", other)
    check_captions(tmp_path, videos)


def test_captions_of_other_frames_than_the_run_wants_are_refused_with_the_remedy(
    tmp_path: Path, videos: list[Video]
) -> None:
    check_caption_stride(tmp_path, [*videos, Video("without captions", None)], stride="1.0 seconds", remedy="")
    captions = VideoCaptions(np.zeros(1), ("a man",), replace(CAPTIONS, stride="25 frames"))
    write_captions(tmp_path / "b.captions.json", captions)
    said = r"b\.captions\.json has one caption per 25 frames, not per 1\.0 seconds; caption again$"
    with pytest.raises(CaptionFileError, match=said):
        check_caption_stride(tmp_path, videos, stride="1.0 seconds", remedy="caption again")
    elsewhere = VideoCaptions(np.zeros(1), ("a man",), None)
    write_captions(tmp_path / "b.captions.json", elsewhere)
    check_caption_stride(tmp_path, videos, stride="1.0 seconds", remedy="")
