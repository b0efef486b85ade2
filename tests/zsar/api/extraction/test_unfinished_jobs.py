"""What an extraction has left: missing files, and those of another video or of damaged frames."""

from dataclasses import replace
from pathlib import Path

import pytest

from tests.makers.command_line.extraction_jobs import features_of_all_frames, three_videos
from zsar.api.extraction.extraction import VideoJob, extract_videos
from zsar.api.extraction.feature_extraction import FeatureExtraction
from zsar.api.extraction.loaded_backbone import load_backbone
from zsar.api.extraction.unfinished_jobs import unfinished_jobs
from zsar.datamodules.video_files.streaming import FrameStride
from zsar.lightning_modules.localization.stored.feature_files import SUFFIX, FeatureFileError


@pytest.fixture
def settings(tiny_weights: Path) -> FeatureExtraction:
    return features_of_all_frames(tiny_weights)


@pytest.fixture
def jobs(tmp_path: Path, settings: FeatureExtraction) -> list[VideoJob]:
    """Three videos, of which the first two are done."""
    listed = three_videos(tmp_path, SUFFIX)
    list(extract_videos(load_backbone(settings, "cpu"), listed[:2], settings))
    return listed


def test_a_missing_file_is_left(jobs: list[VideoJob], settings: FeatureExtraction) -> None:
    assert unfinished_jobs(jobs, settings, load_backbone(settings, "cpu")) == jobs[2:]


def test_a_file_of_another_video_is_made_again(
    jobs: list[VideoJob], settings: FeatureExtraction, capsys: pytest.CaptureFixture[str]
) -> None:
    jobs[0].source.write_bytes(jobs[2].source.read_bytes())
    assert unfinished_jobs(jobs, settings, load_backbone(settings, "cpu")) == [jobs[0], jobs[2]]
    assert "is made again" in capsys.readouterr().err


def test_a_file_of_a_video_that_is_gone_is_left_to_be_reported(
    jobs: list[VideoJob], settings: FeatureExtraction
) -> None:
    jobs[1].source.unlink()
    assert unfinished_jobs(jobs, settings, load_backbone(settings, "cpu")) == jobs[1:]


def test_files_of_other_settings_are_an_error_that_counts_them(
    jobs: list[VideoJob], settings: FeatureExtraction
) -> None:
    other = replace(settings, stride=FrameStride(2))
    with pytest.raises(FeatureFileError, match=r"stride is 1 frame in the file.*\(1 more files do not fit either\)"):
        unfinished_jobs(jobs, other, load_backbone(other, "cpu"))
