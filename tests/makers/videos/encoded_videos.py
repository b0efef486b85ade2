"""Videos of many kinds, encoded here, and the comparison of their frames with full decoding."""

from __future__ import annotations

import random
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import torch

from tests.reference.full_decoding import decode_everything
from zsar.datamodules.video_files.decoding import VideoReader
from zsar.datamodules.video_files.writing.encoding import write_video

X264 = {"preset": "veryfast", "g": "12", "bf": "3"}
QUIET_X265 = {"preset": "ultrafast", "x265-params": "log-level=none:keyint=12:bframes=3:pools=none:frame-threads=1"}


def moving_picture(n_frames: int, height: int = 48, width: int = 64) -> np.ndarray:
    """uint8 [T, H, W, 3]: a gradient that wanders, so that no two frames are alike, with a bright top left corner."""
    t, y, x = np.ogrid[:n_frames, :height, :width]
    frames = np.stack(np.broadcast_arrays(4 * x + 5 * t, 5 * y + 3 * t, x + y + 9 * t), axis=-1) % 200
    frames[:, : height // 3, : width // 3] = 250
    return frames.astype(np.uint8)


def write_with_pts(path: Path, pts: Sequence[int], *, codec: str = "libx264", options: dict[str, str] = X264) -> None:
    """A video whose frames are shown at given milliseconds."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=30, options=options)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        stream.time_base = stream.codec_context.time_base = Fraction(1, 1000)
        for image, at in zip(moving_picture(len(pts)), pts, strict=True):
            frame = av.VideoFrame.from_ndarray(image)
            frame.pts, frame.time_base = at, Fraction(1, 1000)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))


def assert_equal_to_full_decoding(path: Path, **settings: int) -> type:
    """Compares random index sets with full decoding; returns which of the two ways was taken."""
    full = decode_everything(path)
    draw = random.Random(0)
    index_sets = [[draw.randrange(len(full)) for _ in range(t)] for t in (1, 1, 3, 8, 8)]
    with VideoReader(path, **settings) as reader:
        assert reader.n_frames == len(full)
        for indices in [*index_sets, list(range(len(full))), [len(full) - 1], [0]]:
            frames = reader.frames_at_indices(indices)
            assert frames.shape == (len(indices), *full.shape[1:])
            assert frames.dtype == torch.uint8
            assert torch.equal(frames, full[indices]), indices
        return type(reader._frames)


def h264_with_b_frames(path: Path) -> None:
    write_video(path, moving_picture(40), frames_per_second=25, options=X264)


def h264_open_gop(path: Path) -> None:
    write_video(path, moving_picture(40), frames_per_second=25, options=X264 | {"x264-params": "open-gop=1"})


def h264_intra_refresh(path: Path) -> None:
    write_video(path, moving_picture(40), frames_per_second=25, options=X264 | {"intra-refresh": "1"})


def h264_interlaced(path: Path) -> None:
    options = X264 | {"x264-params": "interlaced=1"}
    write_video(path, moving_picture(20, 64, 64), frames_per_second=25, options=options)


def h264_ten_bit(path: Path) -> None:
    write_video(path, moving_picture(20), frames_per_second=25, pixel_format="yuv420p10le", options=X264)


def hevc(path: Path) -> None:
    write_video(path, moving_picture(40), frames_per_second=25, codec="libx265", options=QUIET_X265)


def hevc_open_gop(path: Path) -> None:
    options = QUIET_X265 | {"x265-params": QUIET_X265["x265-params"] + ":open-gop=1"}
    write_video(path, moving_picture(40), frames_per_second=25, codec="libx265", options=options)


def hevc_temporal_layers(path: Path) -> None:
    options = QUIET_X265 | {"x265-params": QUIET_X265["x265-params"] + ":temporal-layers=3"}
    write_video(path, moving_picture(40), frames_per_second=25, codec="libx265", options=options)


def mpeg4_with_b_frames(path: Path) -> None:
    # Large enough that no packet is as small as the place holder of a packed frame.
    write_video(path, moving_picture(40, 96, 128), frames_per_second=25, codec="mpeg4", options={"bf": "2", "g": "12"})


def mpeg4_without_b_frames(path: Path) -> None:
    # Large enough that no packet is as small as the place holder of a packed frame.
    write_video(path, moving_picture(40, 96, 128), frames_per_second=25, codec="mpeg4", options={"bf": "0", "g": "12"})


def mpeg2(path: Path) -> None:
    write_video(path, moving_picture(40), frames_per_second=25, codec="mpeg2video", options={"bf": "2", "g": "12"})


def vp8_with_hidden_frames(path: Path) -> None:
    options = {"auto-alt-ref": "1", "lag-in-frames": "8", "g": "12", "deadline": "realtime", "cpu-used": "8"}
    write_video(path, moving_picture(40), frames_per_second=25, codec="libvpx", options=options)


def vp9_with_hidden_frames(path: Path) -> None:
    options = {"auto-alt-ref": "1", "lag-in-frames": "8", "g": "12", "deadline": "realtime", "cpu-used": "8"}
    write_video(path, moving_picture(30), frames_per_second=25, codec="libvpx-vp9", options=options)


def grey(path: Path) -> None:
    write_video(path, moving_picture(8), frames_per_second=25, codec="ffv1", pixel_format="gray", options={})


def ten_bit_lossless(path: Path) -> None:
    write_video(path, moving_picture(8), frames_per_second=25, codec="ffv1", pixel_format="yuv420p10le", options={})


def one_frame(path: Path) -> None:
    write_video(path, moving_picture(1), frames_per_second=25)


def variable_frame_rate(path: Path) -> None:
    steps = [20, 35, 90, 41, 12, 200, 33] * 6
    write_with_pts(path, np.cumsum(steps).tolist())


def case_name(value: object) -> str:
    return getattr(value, "__name__", str(value))


def write_indexed_in_front(path: Path) -> None:
    """An H.264 video of 40 frames, stored in the order in which they are shown."""
    with av.open(str(path), "w", container_options={"movflags": "faststart"} if path.suffix == ".mp4" else {}) as out:
        stream = out.add_stream("libx264", rate=25, options=X264 | {"bf": "0"})
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        for image in moving_picture(40):
            out.mux(stream.encode(av.VideoFrame.from_ndarray(image)))
        out.mux(stream.encode(None))


def write_streams(
    path: Path,
    pictures: Sequence[tuple[int, int, int]],
    *,
    sound_at_ms: int | None = None,
    sound_codec: str = "aac",
    default: Sequence[int] = (),
) -> None:
    """One file of several streams at 25 frames a second.

    Args:
        path: The file.
        pictures: For each video stream when it starts in milliseconds, its frames, and its width (the height is 48).
        sound_at_ms: When a second of silence starts; None for no sound.
        sound_codec: Its encoder.
        default: Places in `pictures` of the streams that are flagged as default; the others are flagged as nothing.
    """
    packets = []
    with av.open(
        str(path), "w", container_options={"default_mode": "passthrough"} if path.suffix == ".mkv" else {}
    ) as out:
        streams = [out.add_stream("libx264", rate=25, options=X264) for _ in pictures]
        sound = None if sound_at_ms is None else out.add_stream(sound_codec, rate=48_000, layout="mono")
        for place, (stream, (start_ms, n_frames, width)) in enumerate(zip(streams, pictures, strict=True)):
            stream.width, stream.height, stream.pix_fmt = width, 48, "yuv420p"
            stream.disposition = av.stream.Disposition.default if place in default else av.stream.Disposition(0)
            for i, image in enumerate(moving_picture(n_frames, 48, width)):
                frame = av.VideoFrame.from_ndarray(image)
                frame.pts, frame.time_base = round(start_ms / 40) + i, Fraction(1, 25)
                packets += stream.encode(frame)
            packets += stream.encode(None)
        if sound is not None and sound_at_ms is not None:
            silence = av.AudioFrame.from_ndarray(np.zeros((1, 48_000), np.int16), format="s16", layout="mono")
            silence.sample_rate, silence.pts, silence.time_base = 48_000, 48 * sound_at_ms, Fraction(1, 48_000)
            resampler = av.AudioResampler(sound.format, sound.layout, 48_000, sound.codec_context.frame_size or 1024)
            for part in [*resampler.resample(silence), *resampler.resample(None)]:
                packets += sound.encode(part)
            packets += sound.encode(None)
        for packet in sorted(packets, key=lambda p: p.dts * p.time_base):
            out.mux(packet)
