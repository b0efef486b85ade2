from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch.testing import assert_close

from tests.makers.command_line.extraction_jobs import features_of_all_frames, three_videos
from tests.reference.full_decoding import decode_everything
from zsar.api.extraction.extraction import (
    FramesDone,
    VideoDone,
    VideoJob,
    extract_videos,
)
from zsar.api.extraction.feature_extraction import FeatureExtraction
from zsar.api.extraction.loaded_backbone import load_backbone
from zsar.datamodules.video_files.decoding import VideoReader
from zsar.datamodules.video_files.streaming import FrameStride
from zsar.datamodules.views.frame_geometry import square_frames
from zsar.lightning_modules.localization.stored.feature_files import SUFFIX, FeatureFileError, read_features
from zsar.lightning_modules.localization.stored.frame_record import frames_for
from zsar.lightning_modules.open_clip_towers.frame_features import frame_features, visual_projection
from zsar.lightning_modules.open_clip_towers.weights.weight_files import BackboneError


@pytest.fixture
def settings(tiny_weights: Path) -> FeatureExtraction:
    return features_of_all_frames(tiny_weights)


@pytest.fixture
def jobs(tmp_path: Path) -> list[VideoJob]:
    return three_videos(tmp_path, SUFFIX)


@torch.no_grad()
def test_features_are_those_of_the_model_before_its_projection(
    jobs: list[VideoJob], settings: FeatureExtraction
) -> None:
    backbone = load_backbone(settings, "cpu")
    reports = list(extract_videos(backbone, jobs, settings))
    assert [r.n for r in reports if isinstance(r, FramesDone)] == [1, 4, 4, 1, 4, 4, 2]
    assert [r for r in reports if isinstance(r, VideoDone)] == [VideoDone(f"{n}.mp4") for n in (1, 9, 10)]
    for job in jobs:
        frames = backbone.normalize_frames(square_frames("squash", 32)(decode_everything(job.source)))
        content = read_features(job.destination, backbone_hash=backbone.weights_hash, stride="1 frame", dtype="fp32")
        assert content.features.shape == (len(frames), 96)
        assert_close(content.features, frame_features(backbone, frames), atol=1e-5, rtol=1e-5)
        assert_close(
            content.features @ visual_projection(backbone), backbone.encode_frames(frames), atol=1e-5, rtol=1e-4
        )
        with VideoReader(job.source) as reader:
            np.testing.assert_array_equal(content.times_seconds, reader.times_seconds)


def test_the_file_says_what_it_was_made_of(jobs: list[VideoJob], settings: FeatureExtraction) -> None:
    backbone = load_backbone(settings, "cpu")
    list(extract_videos(backbone, jobs[2:], replace(settings, stride=FrameStride(frames=4), dtype="fp16")))
    content = read_features(jobs[2].destination)
    source = content.source
    assert content.features.dtype == torch.float16
    assert content.times_seconds.tolist() == pytest.approx([0, 0.4, 0.8])
    assert (source.source_name, source.source_bytes) == ("10.mp4", jobs[2].source.stat().st_size)
    assert (source.n_frames, source.duration_seconds, source.fps) == (10, pytest.approx(1), pytest.approx(10))
    assert (source.stride, source.dtype, source.image_size) == ("4 frames", "fp16", 32)
    assert (source.architecture, source.weights) == ("tiny-clip", settings.weights)
    assert source.backbone_hash == backbone.weights_hash
    for name, value in asdict(frames_for(backbone, "squash")).items():
        assert getattr(source, name) == value


def test_cropped_frames_give_other_features_and_a_file_that_says_so(
    jobs: list[VideoJob], settings: FeatureExtraction
) -> None:
    """The videos are 64 x 48; a folder with features of the other geometry is not added to."""
    backbone = load_backbone(settings, "cpu")
    list(extract_videos(backbone, jobs[1:2], settings))
    squashed = read_features(jobs[1].destination).features.clone()
    cropping = replace(settings, geometry="crop")
    with pytest.raises(FeatureFileError, match="geometry is squash in the file, but crop is asked for; use the"):
        cropping.check_finished(jobs[1], backbone)
    list(extract_videos(backbone, jobs[1:2], cropping))
    cropping.check_finished(jobs[1], backbone)
    cropped = read_features(jobs[1].destination)
    assert cropped.source.geometry == "crop"
    assert not torch.allclose(cropped.features, squashed, atol=1e-2)


@pytest.mark.parametrize("batch_size", [1, 3, 64])
def test_the_batch_size_changes_nothing(
    jobs: list[VideoJob], settings: FeatureExtraction, batch_size: int, tmp_path: Path
) -> None:
    backbone = load_backbone(settings, "cpu")
    others = [replace(job, destination=tmp_path / "other" / job.destination.name) for job in jobs]
    list(extract_videos(backbone, jobs, settings))
    list(extract_videos(backbone, others, replace(settings, batch_size=batch_size)))
    for job, other in zip(jobs, others, strict=True):
        expected, found = read_features(job.destination), read_features(other.destination)
        assert_close(found.features, expected.features, atol=1e-5, rtol=1e-5)
        np.testing.assert_array_equal(found.times_seconds, expected.times_seconds)
        assert found.source == expected.source


def test_a_model_without_a_projection_is_refused_at_once(settings: FeatureExtraction) -> None:
    with pytest.raises(BackboneError, match="the visual tower of RN50 is open_clip's ModifiedResNet"):
        load_backbone(replace(settings, architecture="RN50", weights="random"), "cpu")
