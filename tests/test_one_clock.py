"""Every time of a video is on the player's clock: of one whose picture starts 2 s after its sound, beside its twin."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from tests.makers.models.tiny_captioner import tiny_captioner
from tests.makers.videos.encoded_videos import write_streams
from zsar.datamodules.batch import VideoRecord
from zsar.datamodules.untrimmed_frames import UntrimmedVideo, frames_at
from zsar.datamodules.video_files.decoding import VideoReader
from zsar.datamodules.video_files.decoding.recorded_frames import frames_of
from zsar.datamodules.video_files.streaming import FrameStream, FrameStride, VideoOpened, stream_videos
from zsar.lightning_modules.command_line.cli import main
from zsar.lightning_modules.localization.stored.caption_files import read_captions
from zsar.lightning_modules.localization.stored.feature_files import read_features

N_FRAMES, RATE, LATE = 50, 25, 2.0
SUFFIXES = [".mp4", ".mkv", ".mov", ".ts"]
PRIMING_SECONDS = 1024 / 48_000  # of AAC, which MPEG-TS cannot tell from audible sound


def write_late(path: Path) -> Path:
    write_streams(path, [(int(1000 * LATE), N_FRAMES, 64)], sound_at_ms=0)
    return path


def write_prompt(path: Path) -> Path:
    write_streams(path, [(0, N_FRAMES, 64)], sound_at_ms=0)
    return path


@pytest.fixture(params=SUFFIXES)
def late(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    return write_late(tmp_path / f"late{request.param}")


@pytest.fixture
def prompt(tmp_path: Path) -> Path:
    """The same picture, which starts with its sound."""
    return write_prompt(tmp_path / "prompt.mp4")


STRIDES = [FrameStride(), FrameStride(frames=7), FrameStride(frames=None, seconds=0.3), FrameStride(None, 10.0)]


@pytest.mark.parametrize("stride", STRIDES, ids=str)
def test_a_stride_takes_the_same_frames_at_later_times(late: Path, prompt: Path, stride: FrameStride) -> None:
    with VideoReader(late) as reader, VideoReader(prompt) as twin:
        assert stride.indices(reader).tolist() == stride.indices(twin).tolist()
    with (
        FrameStream(late, 32, geometry="squash", stride=stride, chunk_size=8) as stream,
        FrameStream(prompt, 32, geometry="squash", stride=stride, chunk_size=8) as twin_stream,
    ):
        late_by = LATE + (PRIMING_SECONDS if late.suffix == ".ts" else 0)
        np.testing.assert_allclose(stream.times_seconds, twin_stream.times_seconds + late_by, rtol=0, atol=1e-9)
        assert stream.start_seconds == pytest.approx(late_by)
        assert stream.duration_seconds == pytest.approx(late_by + N_FRAMES / RATE)
        frames, twins = (torch.cat([some for some, _ in each.chunks()]).float() for each in (stream, twin_stream))
        assert (frames - twins).abs().mean() < 2  # x264 now and then encodes the same frames differently


def test_streamed_videos_say_when_they_start(late: Path) -> None:
    opened = next(stream_videos([late], 32, geometry="squash", stride=FrameStride(), chunk_size=8, n_workers=0))
    assert isinstance(opened, VideoOpened)
    assert opened.start_seconds == opened.times_seconds[0] == pytest.approx(LATE, abs=PRIMING_SECONDS + 1e-9)


@pytest.mark.parametrize(
    ("segment", "expected"),
    [
        ((2.0, 3.0), (0, 25)),
        ((2.5, 2.7), (13, 5)),
        ((0.0, 4.0), (0, 50)),
        ((0.0, 2.2), (0, 5)),
        ((0.5, 1.5), (0, 1)),  # nothing is shown yet: the first frame stands for it
        ((3.99, 9.0), (49, 1)),
    ],
)
def test_annotated_segments_mean_what_a_player_shows(
    segment: tuple[float, float], expected: tuple[int, int], tmp_path: Path
) -> None:
    path = write_late(tmp_path / "late.mp4")
    with VideoReader(path) as reader:
        assert frames_of(reader, VideoRecord(path, 0, segment)) == expected


def test_frames_at_times_are_those_that_a_player_shows(tmp_path: Path) -> None:
    path = write_late(tmp_path / "late.mp4")
    shown = frames_at(UntrimmedVideo("v", path, None), [0.0, 2.0, 3.0, 9.0], image_size=32, geometry="squash")
    with FrameStream(path, 32, geometry="squash", stride=FrameStride(), chunk_size=N_FRAMES) as stream:
        (frames, _), *_ = stream.chunks()
    assert torch.equal(shown, frames[[0, 0, 25, 49]])


def test_a_prepared_copy_shows_each_frame_when_the_source_does(late: Path, tmp_path: Path) -> None:
    (tmp_path / "videos").mkdir()
    late.rename(source := tmp_path / "videos" / late.name)
    assert main(["prepare", str(tmp_path / "videos"), str(tmp_path / "copy"), "--n-workers", "1"]) == 0
    with VideoReader(source) as reader, VideoReader(tmp_path / "copy" / "late.mp4") as copy:
        np.testing.assert_allclose(copy.times_seconds, reader.times_seconds, rtol=0, atol=1e-6)
        assert copy.start_seconds > LATE - 1e-6
        assert copy.duration_seconds == pytest.approx(reader.duration_seconds, abs=2e-6)
        differences = [
            (copy.frames_at_times([t]).float() - reader.frames_at_times([t]).float()).abs().mean()
            for t in (0.0, 2.0, 2.5, 3.99)
        ]
    assert max(differences) < 4


def test_a_copy_that_an_earlier_zsar_let_begin_at_0_is_made_again(tmp_path: Path) -> None:
    (folder := tmp_path / "videos").mkdir()
    write_late(folder / "late.mp4")
    write_prompt(folder / "prompt.mp4")
    arguments = ["prepare", str(folder), str(tmp_path / "copy"), "--n-workers", "1"]
    assert main(arguments) == 0
    journal = tmp_path / "copy" / ".prepared.jsonl"
    lines = [json.loads(line) for line in journal.read_text().splitlines()]
    for line in lines[1:]:
        del line["start_seconds"], line["n_refitted"]
    journal.write_text("".join(json.dumps(line) + "\n" for line in lines))
    assert main(arguments) == 0
    assert [json.loads(line)["video"] for line in journal.read_text().splitlines()[3:]] == ["late.mp4"]


@pytest.fixture
def model(tiny_weights: Path) -> list[str]:
    return ["--architecture", "tiny-clip", "--weights", str(tiny_weights), "--device", "cpu", "--n-workers", "0"]


def test_files_of_features_are_on_the_clock(
    tmp_path: Path, model: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    path, output = write_late(tmp_path / "late.mp4"), tmp_path / "features"
    arguments = ["extract", str(path), "--output", str(output), *model]
    assert main(arguments) == 0
    content = read_features(output / "late.safetensors")
    np.testing.assert_allclose(content.times_seconds, LATE + np.arange(N_FRAMES) / RATE, rtol=0, atol=1e-9)
    source = content.source
    assert (source.start_seconds, source.duration_seconds, source.fps) == pytest.approx((LATE, 4.0, RATE))
    assert main(arguments) == 0  # nothing is left to do
    assert "is made again" not in capsys.readouterr().err
    assert source.time_origin == "player's clock"


def test_captions_are_on_the_clock(tmp_path: Path) -> None:
    architecture, weights, _ = tiny_captioner(tmp_path)
    write_late(tmp_path / "late.mp4")
    arguments = ["--architecture", architecture, "--weights", weights, "--device", "cpu", "--n-workers", 0]
    arguments += ["--captions", "--caption-seconds", 1, "--output", tmp_path / "out"]
    assert main(["extract", *map(str, [tmp_path / "late.mp4", *arguments])]) == 0
    captions = read_captions(tmp_path / "out" / "late.captions.json")
    assert captions.times_seconds.tolist() == [2.0, 3.0]
    assert captions.source is not None
    assert (captions.source.start_seconds, captions.source.duration_seconds) == (2.0, 4.0)


@pytest.mark.parametrize("method", ["t3al", "frame-wise"])
def test_what_localize_finds_lies_where_there_is_a_picture(method: str, tmp_path: Path, model: list[str]) -> None:
    path = write_late(tmp_path / "late.mp4")
    options = ["--classes", "a person,a dog", "--method", method, "--stride", "5"]
    if method == "frame-wise":
        options += ["--threshold", "0"]
    else:
        options += ["--steps", "1"]
    assert main(["localize", str(path), *options, *model, "--output", str(tmp_path / "out")]) == 0
    content = json.loads((tmp_path / "out" / "late.json").read_text())
    assert (content["start_seconds"], content["duration_seconds"], content["fps"]) == (2.0, 4.0, 25.0)
    assert content["segments"]
    for segment in content["segments"]:
        assert 2.0 <= segment["start_seconds"] < segment["end_seconds"] <= 4.0
    assert (tmp_path / "out" / "late.png").is_file()
