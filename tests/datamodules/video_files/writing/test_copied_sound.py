"""Tests of `copied_sound`: the sound of a drawn copy is the source's, at the same time."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from zsar.datamodules.video_files.decoding import VideoReader
from zsar.datamodules.video_files.writing.drawn_copy import write_drawn_copy

RATE = 8000


def with_sound(path: Path, *, codec: str, picture_starts: int = 0) -> Path:
    """One second of 25 grey pictures and a tone; the picture starts some frames after the sound."""
    with av.open(str(path), "w") as container:
        video = container.add_stream("libx264", rate=25)
        video.width, video.height, video.pix_fmt = 64, 48, "yuv420p"
        video.codec_context.time_base = Fraction(1, 25)
        sound = container.add_stream(codec, rate=RATE, layout="mono")
        for i in range(25):
            frame = av.VideoFrame.from_ndarray(np.full((48, 64, 3), 100, np.uint8))
            frame.pts, frame.time_base = i + picture_starts, Fraction(1, 25)
            container.mux(video.encode(frame))
        tone = np.sin(np.arange(RATE) / 5)[None]
        is_float = codec == "aac"
        data = tone.astype(np.float32) if is_float else (tone * 9000).astype(np.int16)
        for start in range(0, RATE - 1024, 1024):
            part = np.ascontiguousarray(data[:, start : start + 1024])
            audio = av.AudioFrame.from_ndarray(part, format="fltp" if is_float else "s16", layout="mono")
            audio.sample_rate, audio.pts, audio.time_base = RATE, start, Fraction(1, RATE)
            container.mux(sound.encode(audio))
        for stream in (video, sound):
            container.mux(stream.encode(None))
    return path


def sound_packets(path: Path) -> list[tuple[float, bytes]]:
    """Seconds after the first picture, and bytes, of each packet of the sound."""
    with av.open(str(path)) as container:
        packets = [packet for packet in container.demux() if packet.size]
        picture = min(packet.pts * packet.time_base for packet in packets if packet.stream.type == "video")
        sound = [packet for packet in packets if packet.stream.type == "audio"]
        return [(float(packet.pts * packet.time_base - picture), bytes(packet)) for packet in sound]


def sound_of_copy(source: Path, destination: Path) -> str:
    with VideoReader(source) as reader:
        return write_drawn_copy(reader, destination, lambda w, h: lambda t: [], source=source).sound


@pytest.mark.parametrize("picture_starts", [0, 10])
@pytest.mark.parametrize("suffix", ["mp4", "mkv", "ts"])
def test_the_packets_of_the_sound_are_copied_and_stay_in_time_with_the_picture(
    suffix: str, picture_starts: int, tmp_path: Path
) -> None:
    source = with_sound(tmp_path / f"a.{suffix}", codec="aac", picture_starts=picture_starts)
    assert sound_of_copy(source, tmp_path / "b.mp4") == "copied"
    before, after = sound_packets(source), sound_packets(tmp_path / "b.mp4")
    assert len(after) == len(before)
    if suffix != "ts":  # whose packets have headers of their own
        assert [data for _, data in after] == [data for _, data in before]
    with VideoReader(source) as reader, VideoReader(tmp_path / "b.mp4") as copy:
        np.testing.assert_allclose(copy.times_seconds, reader.times_seconds, atol=2e-3)
    assert [time for time, _ in after] == pytest.approx([time for time, _ in before], abs=2e-3)


def test_sound_that_an_mp4_file_cannot_hold_is_left_out_and_named(tmp_path: Path) -> None:
    source = with_sound(tmp_path / "a.mkv", codec="pcm_s16le")
    assert sound_of_copy(source, tmp_path / "b.mp4") == "pcm_s16le"
    with av.open(str(tmp_path / "b.mp4")) as container:
        assert len(container.streams.audio) == 0
