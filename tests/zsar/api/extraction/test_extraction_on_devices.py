from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from torch.testing import assert_close

from tests.makers.command_line.extraction_jobs import features_of_all_frames, three_videos
from zsar.api.extraction import extraction_on_devices
from zsar.api.extraction.extraction import (
    FramesDone,
    VideoDone,
    VideoJob,
    extract_videos,
)
from zsar.api.extraction.extraction_on_devices import extract_on_devices
from zsar.api.extraction.feature_extraction import FeatureExtraction
from zsar.api.extraction.loaded_backbone import load_backbone
from zsar.lightning_modules.localization.stored.feature_files import SUFFIX, read_features


@pytest.fixture
def settings(tiny_weights: Path) -> FeatureExtraction:
    return features_of_all_frames(tiny_weights)


@pytest.fixture
def jobs(tmp_path: Path) -> list[VideoJob]:
    return three_videos(tmp_path, SUFFIX)


@pytest.mark.slow
def test_two_devices_share_the_videos_and_do_what_one_does(
    jobs: list[VideoJob], settings: FeatureExtraction, tmp_path: Path
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
def test_what_ends_the_process_of_a_device_is_said(jobs: list[VideoJob], settings: FeatureExtraction) -> None:
    with pytest.raises(ValueError, match=r"nonsense: .*device"):
        list(extract_on_devices(["nonsense"], jobs, settings))


def die(*_: Any) -> None:
    """Stands for a process that the system kills."""
    import os

    os._exit(9)


@pytest.mark.slow
def test_a_process_that_is_killed_is_noticed(
    jobs: list[VideoJob], settings: FeatureExtraction, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(extraction_on_devices, "_run_share", die)
    with pytest.raises(ValueError, match=r"process of a device died \(exit status 9\), perhaps out of memory"):
        list(extract_on_devices(["cpu"], jobs, settings))
