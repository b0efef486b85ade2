from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest
import torch

from tests.makers.command_line.extraction_jobs import features_of_all_frames, three_videos
from zsar.api.extraction import extraction, feature_extraction
from zsar.api.extraction.extraction import VideoDone, VideoJob, extract_videos
from zsar.api.extraction.feature_extraction import FeatureExtraction
from zsar.api.extraction.loaded_backbone import load_backbone
from zsar.datamodules.video_files.decoding import VideoDecodeError
from zsar.lightning_modules.localization.stored.feature_files import SUFFIX


@pytest.fixture
def settings(tiny_weights: Path) -> FeatureExtraction:
    return features_of_all_frames(tiny_weights)


@pytest.fixture
def jobs(tmp_path: Path) -> list[VideoJob]:
    return three_videos(tmp_path, SUFFIX)


def test_a_broken_video_is_reported_and_the_others_are_done(jobs: list[VideoJob], settings: FeatureExtraction) -> None:
    jobs[1].source.write_bytes(b"broken")
    reports = [r for r in extract_videos(load_backbone(settings, "cpu"), jobs, settings) if isinstance(r, VideoDone)]
    assert reports[1] == VideoDone("9.mp4", "Invalid data found when processing input (while opening it)")
    assert [r.problem for r in reports[::2]] == [None, None]
    assert [job.destination.exists() for job in jobs] == [True, False, True]


def test_a_batch_that_does_not_fit_names_the_remedy(
    jobs: list[VideoJob], settings: FeatureExtraction, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: Any) -> torch.Tensor:
        raise torch.OutOfMemoryError

    monkeypatch.setattr(feature_extraction, "features_of_uint8", full)
    with pytest.raises(ValueError, match="1 frames at once do not fit .* give a smaller --batch_size"):
        list(extract_videos(load_backbone(settings, "cpu"), jobs, settings))


@pytest.mark.parametrize("crash", [VideoDecodeError("a decoding process died"), RuntimeError("DataLoader worker died")])
def test_the_video_that_ends_its_decoder_is_found_and_the_others_are_done(
    crash: Exception, jobs: list[VideoJob], settings: FeatureExtraction, monkeypatch: pytest.MonkeyPatch
) -> None:
    stream_videos = extraction.stream_videos

    def dying(paths: list[Path], *arguments: Any, **settings: Any) -> Generator[Any, None, None]:
        for event in stream_videos(paths, *arguments, **settings):
            if paths[event.video] == jobs[1].source:
                raise crash
            yield event

    monkeypatch.setattr(extraction, "stream_videos", dying)
    reports = [r for r in extract_videos(load_backbone(settings, "cpu"), jobs, settings) if isinstance(r, VideoDone)]
    died = "the process that decoded it died: the decoder crashed, or memory ran out"
    assert {r.name: r.problem for r in reports} == {jobs[0].name: None, jobs[1].name: died, jobs[2].name: None}
    assert [job.destination.exists() for job in jobs] == [True, False, True]


def test_an_error_of_ours_is_no_crash(
    jobs: list[VideoJob], settings: FeatureExtraction, monkeypatch: pytest.MonkeyPatch
) -> None:
    def wrong(*_: Any, **__: Any) -> Generator[Any, None, None]:
        raise RuntimeError("a bug")
        yield

    monkeypatch.setattr(extraction, "stream_videos", wrong)
    with pytest.raises(RuntimeError, match="a bug"):
        list(extract_videos(load_backbone(settings, "cpu"), jobs, settings))
