from collections.abc import Generator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch.testing import assert_close

from datamodules.decoding import VideoDecodeError, VideoReader
from datamodules.encoding import write_video
from datamodules.streaming import FrameStride
from datamodules.transforms import TestTransform
from lightning_modules.commands import extraction
from lightning_modules.commands.extraction import (
    ExtractionSettings,
    FeatureJob,
    FramesDone,
    VideoDone,
    extract_on_devices,
    extract_videos,
    load_backbone,
)
from lightning_modules.feature_files import read_features
from lightning_modules.networks.frame_features import frame_features, visual_projection
from lightning_modules.networks.open_clip_weights import BackboneError
from tests.datamodules.video_makers import moving_picture
from tests.reference.full_decoding import decode_everything


@pytest.fixture
def settings(tiny_weights: Path) -> ExtractionSettings:
    return ExtractionSettings("tiny-clip", str(tiny_weights), FrameStride(), "fp32", batch_size=4, n_workers=0)


@pytest.fixture
def jobs(tmp_path: Path) -> list[FeatureJob]:
    """Videos of 1, 9 and 10 frames."""
    made = []
    for n in (1, 9, 10):
        write_video(path := tmp_path / f"{n}.mp4", moving_picture(n), frames_per_second=10)
        made.append(FeatureJob(path, path.name, tmp_path / "features" / f"{n}.safetensors"))
    return made


@torch.no_grad()
def test_features_are_those_of_the_model_before_its_projection(
    jobs: list[FeatureJob], settings: ExtractionSettings
) -> None:
    backbone = load_backbone(settings, "cpu")
    reports = list(extract_videos(backbone, jobs, settings))
    assert [r.n for r in reports if isinstance(r, FramesDone)] == [1, 4, 4, 1, 4, 4, 2]
    assert [r for r in reports if isinstance(r, VideoDone)] == [VideoDone(f"{n}.mp4") for n in (1, 9, 10)]
    for job in jobs:
        frames = backbone.normalize_frames(TestTransform(32)(decode_everything(job.source))[0])
        content = read_features(job.destination, backbone_hash=backbone.weights_hash, stride="1 frame", dtype="fp32")
        assert content.features.shape == (len(frames), 96)
        assert_close(content.features, frame_features(backbone, frames), atol=1e-5, rtol=1e-5)
        assert_close(
            content.features @ visual_projection(backbone), backbone.encode_frames(frames), atol=1e-5, rtol=1e-4
        )
        with VideoReader(job.source) as reader:
            np.testing.assert_array_equal(content.times_seconds, reader.times_seconds)


def test_the_file_says_what_it_was_made_of(jobs: list[FeatureJob], settings: ExtractionSettings) -> None:
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


@pytest.mark.parametrize("batch_size", [1, 3, 64])
def test_the_batch_size_changes_nothing(
    jobs: list[FeatureJob], settings: ExtractionSettings, batch_size: int, tmp_path: Path
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


def test_a_broken_video_is_reported_and_the_others_are_done(
    jobs: list[FeatureJob], settings: ExtractionSettings
) -> None:
    jobs[1].source.write_bytes(b"broken")
    reports = [r for r in extract_videos(load_backbone(settings, "cpu"), jobs, settings) if isinstance(r, VideoDone)]
    assert reports[1] == VideoDone("9.mp4", "Invalid data found when processing input (while opening it)")
    assert [r.problem for r in reports[::2]] == [None, None]
    assert [job.destination.exists() for job in jobs] == [True, False, True]


def test_a_model_without_a_projection_is_refused_at_once(settings: ExtractionSettings) -> None:
    with pytest.raises(BackboneError, match="the visual tower of RN50 is a ModifiedResNet"):
        load_backbone(replace(settings, architecture="RN50", weights="random"), "cpu")


def test_a_batch_that_does_not_fit_names_the_remedy(
    jobs: list[FeatureJob], settings: ExtractionSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: Any) -> torch.Tensor:
        raise torch.OutOfMemoryError

    monkeypatch.setattr(extraction, "features_of_uint8", full)
    with pytest.raises(ValueError, match="1 frames at once do not fit .* give a smaller --batch-size"):
        list(extract_videos(load_backbone(settings, "cpu"), jobs, settings))


def test_a_decoder_that_crashes_names_the_videos_it_was_reading(
    jobs: list[FeatureJob], settings: ExtractionSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    stream_videos = extraction.stream_videos

    def dying(*arguments: Any, **settings: Any) -> Generator[Any, None, None]:
        events = stream_videos(*arguments, **settings)
        yield next(events)
        raise VideoDecodeError("a decoding process died")

    monkeypatch.setattr(extraction, "stream_videos", dying)
    with pytest.raises(VideoDecodeError, match=r"process died\. It was reading one of: 1\.mp4\. .* --n-workers 1 if"):
        list(extract_videos(load_backbone(settings, "cpu"), jobs, settings))


# --- several devices --------------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_two_devices_share_the_videos_and_do_what_one_does(
    jobs: list[FeatureJob], settings: ExtractionSettings, tmp_path: Path
) -> None:
    jobs[1].source.write_bytes(b"broken")
    two = [replace(job, destination=tmp_path / "two" / job.destination.name) for job in jobs]
    reports = list(extract_on_devices(["cpu", "cpu"], two, settings))
    assert sum(r.n for r in reports if isinstance(r, FramesDone)) == 1 + 10  # nothing is done twice
    done = sorted(r.name for r in reports if isinstance(r, VideoDone))
    assert done == ["1.mp4", "10.mp4", "9.mp4"]
    list(extract_videos(load_backbone(settings, "cpu"), jobs, settings))
    for job, other in zip(jobs[::2], two[::2], strict=True):
        expected, found = read_features(job.destination), read_features(other.destination)
        assert_close(found.features, expected.features, atol=1e-5, rtol=1e-5)
        assert found.source == expected.source


@pytest.mark.slow
def test_what_ends_the_process_of_a_device_is_said(jobs: list[FeatureJob], settings: ExtractionSettings) -> None:
    with pytest.raises(ValueError, match=r"nonsense: .*device"):
        list(extract_on_devices(["nonsense"], jobs, settings))


def die(*_: Any) -> None:
    """Stands for a process that the system kills."""
    import os

    os._exit(9)


@pytest.mark.slow
def test_a_process_that_is_killed_is_noticed(
    jobs: list[FeatureJob], settings: ExtractionSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(extraction, "_run_share", die)
    with pytest.raises(ValueError, match=r"process of a device died \(exit status 9\), for lack of memory perhaps"):
        list(extract_on_devices(["cpu"], jobs, settings))
