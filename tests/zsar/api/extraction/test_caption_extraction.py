from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from tests.makers.command_line.extraction_jobs import three_videos
from tests.makers.models.tiny_captioner import tiny_captioner
from tests.reference.full_decoding import decode_everything
from zsar.api.extraction import caption_extraction
from zsar.api.extraction.caption_extraction import CaptionExtraction
from zsar.api.extraction.extraction import (
    FramesDone,
    VideoDone,
    VideoJob,
    extract_videos,
)
from zsar.api.extraction.extraction_on_devices import extract_on_devices
from zsar.api.extraction.loaded_backbone import load_backbone
from zsar.datamodules.video_files.decoding import VideoReader
from zsar.datamodules.video_files.streaming import FrameStride
from zsar.datamodules.views.frame_geometry import square_frames
from zsar.lightning_modules.localization.stored.caption_files import (
    SUFFIX,
    CaptionFileError,
    read_captions,
    write_captions,
)
from zsar.lightning_modules.localization.stored.source_videos import replaced_video
from zsar.lightning_modules.localization.stored.video_captions import VideoCaptions
from zsar.lightning_modules.open_clip_towers.open_clip_captions import CaptionSettings, generate_captions
from zsar.lightning_modules.open_clip_towers.weights.weight_files import BackboneError

GREEDY = CaptionSettings("greedy", n_tokens=6)


@pytest.fixture
def settings(tmp_path: Path) -> CaptionExtraction:
    """Greedy captions of the frames on the screen every third of a second."""
    architecture, weights, _ = tiny_captioner(tmp_path)
    return CaptionExtraction(
        architecture=architecture,
        weights=weights,
        stride=FrameStride(frames=None, seconds=0.3),
        geometry="squash",
        batch_size=2,
        n_workers=0,
        captions=GREEDY,
    )


@pytest.fixture
def jobs(tmp_path: Path) -> list[VideoJob]:
    return three_videos(tmp_path, SUFFIX)


def test_captions_are_those_of_the_frames_on_the_screen(jobs: list[VideoJob], settings: CaptionExtraction) -> None:
    backbone = load_backbone(settings, "cpu")
    reports = list(extract_videos(backbone, jobs, settings))
    assert [r.n for r in reports if isinstance(r, FramesDone)] == [1, 2, 1, 2, 2]
    for job, indices in zip(jobs, ([0], [0, 3, 6], [0, 3, 6, 9]), strict=True):
        content = read_captions(job.destination, backbone_hash=backbone.weights_hash)
        frames = square_frames("squash", 32)(decode_everything(job.source)[indices])
        assert list(content.texts) == generate_captions(backbone, frames, GREEDY)
        with VideoReader(job.source) as reader:
            np.testing.assert_array_equal(content.times_seconds, reader.times_seconds[indices])
    assert len(set(content.texts)) > 1


def test_the_file_says_what_it_was_made_of(jobs: list[VideoJob], settings: CaptionExtraction) -> None:
    backbone = load_backbone(settings, "cpu")
    list(extract_videos(backbone, jobs[2:], settings))
    source = read_captions(jobs[2].destination).source
    assert source is not None
    assert (source.source_name, source.source_bytes) == ("10.mp4", jobs[2].source.stat().st_size)
    assert (source.stride, source.generation, source.n_tokens) == ("0.3 seconds", "greedy", 6)
    assert (source.architecture, source.weights) == (settings.architecture, settings.weights)
    assert (source.backbone_hash, source.duration_seconds) == (backbone.weights_hash, pytest.approx(1))
    settings.check_finished(jobs[2], backbone)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"stride": FrameStride(frames=None, seconds=0.5)}, r"stride is 0\.3 seconds in the file, but 0\.5 seconds"),
        ({"captions": CaptionSettings(n_tokens=6)}, "generation is greedy in the file, but beam_search is asked"),
        ({"geometry": "crop"}, "geometry is squash in the file, but crop is asked for"),
        ({"captions": CaptionSettings("greedy")}, "n_tokens is 6 in the file, but 12 is asked for"),
    ],
)
def test_a_finished_file_of_another_kind_is_refused(
    jobs: list[VideoJob], settings: CaptionExtraction, changed: dict[str, Any], message: str
) -> None:
    backbone = load_backbone(settings, "cpu")
    list(extract_videos(backbone, jobs[:1], settings))
    with pytest.raises(CaptionFileError, match=message):
        replace(settings, **changed).check_finished(jobs[0], backbone)


def test_a_finished_file_of_another_model_or_hand_is_refused(jobs: list[VideoJob], settings: CaptionExtraction) -> None:
    backbone = load_backbone(settings, "cpu")
    list(extract_videos(backbone, jobs[:1], settings))
    made_of = settings.source_of(jobs[0])
    assert made_of is not None
    assert replaced_video(made_of, jobs[0].source) is None
    assert "is not the video that it was made from" in (replaced_video(made_of, jobs[1].source) or "")
    other = load_backbone(replace(settings, weights="random"), "cpu")
    with pytest.raises(CaptionFileError, match=r"backbone_hash is .* in the file, .*tiny-captioner"):
        settings.check_finished(jobs[0], other)
    write_captions(jobs[0].destination, VideoCaptions(np.zeros(1), ("a man",)))
    with pytest.raises(CaptionFileError, match="does not state the source of its captions"):
        settings.check_finished(jobs[0], backbone)


def test_a_beam_takes_the_place_of_a_frame_in_a_batch(settings: CaptionExtraction) -> None:
    beams = replace(settings, captions=CaptionSettings(), batch_size=64)
    assert (beams.frames_at_once, replace(beams, batch_size=4).frames_at_once) == (10, 1)
    assert replace(settings, batch_size=64).frames_at_once == 64


def test_frames_come_in_batches_of_what_the_model_may_see(
    jobs: list[VideoJob], settings: CaptionExtraction, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[int] = []

    def noting(_: Any, frames: torch.Tensor, __: Any) -> list[str]:
        seen.append(len(frames))
        return ["a man"] * len(frames)

    monkeypatch.setattr(caption_extraction, "generate_captions", noting)
    beams = replace(settings, captions=CaptionSettings(), batch_size=18)
    list(extract_videos(load_backbone(beams, "cpu"), jobs[2:], beams))
    assert seen == [3, 1]


def test_a_model_that_writes_no_captions_is_refused_at_once(settings: CaptionExtraction) -> None:
    with pytest.raises(BackboneError, match="tiny-clip writes no captions"):
        load_backbone(replace(settings, architecture="tiny-clip", weights="random"), "cpu")
    with pytest.raises(BackboneError, match=r"captions of 13 tokens are requested, .* writes at most 12"):
        load_backbone(replace(settings, captions=CaptionSettings(n_tokens=13)), "cpu")


@pytest.mark.slow
def test_two_devices_share_the_captions(jobs: list[VideoJob], settings: CaptionExtraction, tmp_path: Path) -> None:
    two = [replace(job, destination=tmp_path / "two" / job.destination.name) for job in jobs]
    reports = list(extract_on_devices(["cpu", "cpu"], two, settings))
    assert sorted(r.name for r in reports if isinstance(r, VideoDone)) == ["1.mp4", "10.mp4", "9.mp4"]
    list(extract_videos(load_backbone(settings, "cpu"), jobs, settings))
    for job, other in zip(jobs, two, strict=True):
        assert other.destination.read_bytes() == job.destination.read_bytes()
