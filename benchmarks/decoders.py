"""Readers of chosen frames, ours and the alternatives, one thread each; frames are uint8 RGB [T, 3, H, W].

What cannot be imported is named, with the reason, and left out: the extra `bench` installs torchcodec, decord and
OpenCV; torchcodec also needs the shared libraries of FFmpeg on the machine, as it cannot use those in PyAV's wheel.
"""

from __future__ import annotations

from collections.abc import Callable

import av
import numpy as np
import torch
from torch import Tensor

from zsar.datamodules.video_files.decoding import VideoReader
from zsar.datamodules.views.frame_sampling import centre_indices

Reader = Callable[[str, "Choice"], Tensor]
"""Reads the frames of a file that a choice names."""
_IN_A_ROW = 64


class Choice:
    """Which frames are read.

    Attributes:
        name: "8 frames", or "64 frames in a row".
    """

    def __init__(self, n_frames: int | None) -> None:
        """Chooses.

        Args:
            n_frames: Number of frames, spread over the clip; None: 64 in a row from its middle.
        """
        self._n = n_frames
        self.name = f"{_IN_A_ROW} frames in a row" if n_frames is None else f"{n_frames} frames"

    def indices(self, n_frames: int) -> list[int]:
        """Indices of the frames of a clip of `n_frames` frames."""
        if self._n is not None:
            return [int(i) for i in centre_indices(n_frames, self._n)]
        n = min(_IN_A_ROW, n_frames)
        first = (n_frames - n) // 2
        return list(range(first, first + n))


def ours(path: str, choice: Choice) -> Tensor:
    """The project's reader."""
    with VideoReader(path) as reader:
        return reader.frames_at_indices(choice.indices(reader.n_frames))


def full_pyav(path: str, choice: Choice) -> Tensor:
    """Decodes all frames and converts the requested ones."""
    with av.open(path) as container:
        stream = container.streams.video[0]
        stream.thread_count = 1
        frames = list(container.decode(stream))
    wanted = [frames[i].to_ndarray(format="rgb24") for i in choice.indices(len(frames))]
    return _channels_first(np.stack(wanted))


def _torchcodec() -> Reader:
    """In its mode "exact", which scans the packets first, as zsar does; "approximate" trusts the header."""
    from torchcodec.decoders import VideoDecoder  # type: ignore[attr-defined, import-not-found, unused-ignore]

    def read(path: str, choice: Choice) -> Tensor:
        decoder = VideoDecoder(path, seek_mode="exact", num_ffmpeg_threads=1)
        frames: Tensor = decoder.get_frames_at(choice.indices(len(decoder))).data
        return frames

    return read


def _decord() -> Reader:
    import decord

    def read(path: str, choice: Choice) -> Tensor:
        reader = decord.VideoReader(path, num_threads=1)
        return _channels_first(reader.get_batch(choice.indices(len(reader))).asnumpy())

    return read


def _opencv() -> Reader:
    """By the count of the header, and `grab` for frames that are not wanted, which spares their conversion."""
    import cv2  # type: ignore[import-not-found, unused-ignore]

    cv2.setNumThreads(1)

    def read(path: str, choice: Choice) -> Tensor:
        video = cv2.VideoCapture(path, cv2.CAP_FFMPEG, [cv2.CAP_PROP_N_THREADS, 1])
        indices = choice.indices(int(video.get(cv2.CAP_PROP_FRAME_COUNT)))
        images: dict[int, np.ndarray] = {}
        for i in range(indices[-1] + 1):
            if not video.grab():
                raise RuntimeError(f"frame {i} cannot be read")
            if i in indices:
                images[i] = cv2.cvtColor(video.retrieve()[1], cv2.COLOR_BGR2RGB)
        video.release()
        return _channels_first(np.stack([images[i] for i in indices]))

    return read


def _channels_first(frames: np.ndarray) -> Tensor:
    return torch.from_numpy(frames).permute(0, 3, 1, 2)


def readers() -> tuple[dict[str, Reader], dict[str, str]]:
    """The readers that can be imported, ours first; and the others with the reason why not."""
    found: dict[str, Reader] = {"ours": ours, "PyAV, all frames": full_pyav}
    missing: dict[str, str] = {}
    for name, make in (("torchcodec", _torchcodec), ("decord", _decord), ("OpenCV", _opencv)):
        try:
            found[name] = make()
        except (ImportError, OSError, RuntimeError) as error:
            missing[name] = f"not here: {str(error).strip().splitlines()[0][:80]}"
    return found, missing


def verdict(frames: Tensor, expected: Tensor) -> str:
    """How frames compare with those of full decoding."""
    if frames.shape != expected.shape:
        return f"other shape: {list(frames.shape)}"
    if frames.dtype != expected.dtype:
        return f"other type: {frames.dtype}"
    if torch.equal(frames, expected):
        return "equal"
    difference = (frames.int() - expected.int()).abs().float().mean(dim=(1, 2, 3))
    return f"differs by {difference.mean():.1f}, worst frame {difference.max():.1f} of 255"
