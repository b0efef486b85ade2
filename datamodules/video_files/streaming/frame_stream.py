"""Whole videos as a stream of small chunks, in bounded memory: for the features of every frame of a long video.

Each frame is resized and cropped as soon as it is decoded, so that what is held does not grow with the size of the
picture, and nothing with the length of the video but its list of times.
"""

from __future__ import annotations

import multiprocessing
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, TypeAlias

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import DataLoader, IterableDataset

from zsar.datamodules.video_files.counted_frames import OnDamage
from zsar.datamodules.video_files.decoding import VideoDecodeError, VideoReader
from zsar.datamodules.views.transforms import TestTransform

# Sums of a stride in seconds are compared with times of frames; this is far below any distance of two frames.
_ROUNDING = 1e-9
# No clock of a video is finer, and multiples of less would not be exact.
LEAST_STRIDE_SECONDS = 1e-6


@dataclass(frozen=True)
class FrameStride:
    """Which frames of a video are taken: every so many, or those on the screen every so many seconds.

    Attributes:
        frames: From one frame to the next, at least 1; None for a stride in seconds.
        seconds: From one time to the next; a frame that is on the screen for longer is taken once.
    """

    frames: int | None = 1
    seconds: float | None = None

    def __post_init__(self) -> None:
        """Checks the numbers.

        Raises:
            ValueError: Not exactly one is given, or it is out of range.
        """
        if (self.frames is None) == (self.seconds is None):
            raise ValueError(f"a stride is in frames or in seconds; got frames={self.frames}, seconds={self.seconds}")
        if self.frames is not None and self.frames < 1:
            raise ValueError(f"a stride must be at least 1 frame; got {self.frames}")
        if self.seconds is not None and not 0 < self.seconds < float("inf"):
            raise ValueError(f"a stride must be more than 0 seconds; got {self.seconds}")
        if self.seconds is not None and self.seconds < LEAST_STRIDE_SECONDS:
            raise ValueError(
                f"a stride must be at least {LEAST_STRIDE_SECONDS:g} seconds; got {self.seconds}; a stride of 1 frame "
                "takes every frame"
            )

    def __str__(self) -> str:
        """The stride in words, the same for equal strides."""
        if self.seconds is not None:
            return f"{float(self.seconds)!r} seconds"
        return f"{self.frames} frame{'s' if self.frames != 1 else ''}"

    def indices(self, reader: VideoReader) -> NDArray[np.int64]:
        """int64 [N]: the frames of a video, increasing, beginning with the first one.

        A stride in seconds counts from the time of the first frame. Time and memory grow with the frames of the video,
        not with its length: one late time stamp is no reason to go through millions of empty seconds.
        """
        if self.seconds is None:
            return np.arange(0, reader.n_frames, self.frames, dtype=np.int64)
        times = reader.times_seconds
        passed = times - times[0]
        last = np.floor(passed[-1] / self.seconds + _ROUNDING)
        # Of all multiples of the stride only those next to the time of a frame can be the first to show it.
        nearest = np.ceil(passed / self.seconds)
        steps = np.unique(np.clip(np.concatenate([nearest - 1, nearest, nearest + 1]), 0, last))
        return np.unique(reader.indices_at_times(times[0] + steps * self.seconds))


class FrameStream:
    """The chosen frames of one video, in order; a context manager.

    Attributes:
        n_video_frames: Frames of the whole video.
        start_seconds: When its first frame is shown, in seconds on the player's clock (`video_files.decoding`).
        duration_seconds: When its last frame ends, on that clock.
        times_seconds: float64 [N], when each chosen frame is shown, on that clock.
    """

    def __init__(
        self,
        path: str | Path,
        image_size: int,
        *,
        stride: FrameStride,
        chunk_size: int,
        threads: int = 1,
        on_damage: OnDamage = "raise",
    ) -> None:
        """Opens the video and lists its frames.

        Args:
            path: The file.
            image_size: S, height and width of the frames that come out, in pixels.
            stride: Which frames.
            chunk_size: Frames that are given together.
            threads: Decoder threads.
            on_damage: What is done with damaged frames; see `VideoReader`.

        Raises:
            VideoDecodeError: The file cannot be opened, or its frames not be listed.
            ValueError: A number is out of range.
        """
        if chunk_size < 1:
            raise ValueError(f"chunk_size must be at least 1 frame; got {chunk_size}")
        self._chunk_size = chunk_size
        self._transform = TestTransform(image_size)
        self._reader = VideoReader(path, threads=threads, on_damage=on_damage)
        try:
            self._indices = stride.indices(self._reader)
            times = self._reader.times_seconds
            self.n_video_frames = len(times)
            self.start_seconds = self._reader.start_seconds
            self.duration_seconds = self._reader.duration_seconds
            self.times_seconds: NDArray[np.float64] = times[self._indices]
        except BaseException:
            self._reader.close()
            raise

    def __enter__(self) -> FrameStream:
        """The stream itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Closes the file."""
        self._reader.close()

    @property
    def n_damaged(self) -> int:
        """How many damaged frames were given so far, where they are accepted."""
        return self._reader.n_damaged

    def __len__(self) -> int:
        """N, the number of chosen frames."""
        return len(self._indices)

    def chunks(self) -> Iterator[tuple[Tensor, NDArray[np.float64]]]:
        """Decodes the video from its beginning.

        Yields:
            The next frames, uint8 [n, 3, S, S] with n the chunk's size or, at the end, less: short side resized, then
            the centre, as `TestTransform` does; and their times, float64 [n].

        Raises:
            VideoDecodeError: A frame cannot be decoded; see `VideoReader.frames_forward`.
        """
        size = self._transform.image_size
        for i, frame in enumerate(self._reader.frames_forward(self._indices.tolist())):
            place = i % self._chunk_size
            if place == 0:
                times = self.times_seconds[i : i + self._chunk_size]
                chunk = torch.empty(len(times), 3, size, size, dtype=torch.uint8)
            # Made small one at a time: 64 frames of 1080p would be 400 MB.
            chunk[place] = self._transform(frame[None])[0, 0]
            if place + 1 == len(times):
                yield chunk, times


@dataclass(frozen=True)
class VideoOpened:
    """A video begins: its place in the list; what `FrameStream` says of it."""

    video: int
    n_video_frames: int
    start_seconds: float
    duration_seconds: float
    times_seconds: NDArray[np.float64]


@dataclass(frozen=True)
class VideoChunk:
    """The next frames of a video, uint8 [n, 3, S, S]."""

    video: int
    frames: Tensor


@dataclass(frozen=True)
class VideoEnded:
    """All frames of a video were given, so many of them damaged and accepted; or a problem ended it."""

    video: int
    problem: str | None = None
    n_damaged: int = 0


StreamEvent: TypeAlias = VideoOpened | VideoChunk | VideoEnded


class StreamedVideos(IterableDataset[StreamEvent]):
    """Several videos, each by one worker from beginning to end; a worker that is done takes the next video."""

    def __init__(
        self,
        paths: Sequence[Path],
        image_size: int,
        *,
        stride: FrameStride,
        chunk_size: int,
        threads: int = 1,
        on_damage: OnDamage = "raise",
    ) -> None:
        """Lists the videos; for the other arguments see `FrameStream`."""
        self._paths = np.array([str(path) for path in paths])
        self._image_size, self._stride, self._chunk_size = image_size, stride, chunk_size
        self._threads, self._on_damage = threads, on_damage
        self._next: Any = multiprocessing.Value("q", 0)  # in memory that all workers share

    def __iter__(self) -> Iterator[StreamEvent]:
        """What this worker reads."""
        while (video := self._take()) < len(self._paths):
            yield from self._events(video)

    def _take(self) -> int:
        with self._next.get_lock():
            taken = int(self._next.value)
            self._next.value = taken + 1
        return taken

    def _events(self, video: int) -> Iterator[StreamEvent]:
        path = str(self._paths[video])
        try:
            with FrameStream(
                path,
                self._image_size,
                stride=self._stride,
                chunk_size=self._chunk_size,
                threads=self._threads,
                on_damage=self._on_damage,
            ) as stream:
                yield VideoOpened(
                    video, stream.n_video_frames, stream.start_seconds, stream.duration_seconds, stream.times_seconds
                )
                for frames, _ in stream.chunks():
                    yield VideoChunk(video, frames)
                n_damaged = stream.n_damaged
        except VideoDecodeError as error:
            yield VideoEnded(video, str(error).removeprefix(f"{path}: "))
        else:
            yield VideoEnded(video, n_damaged=n_damaged)


def stream_videos(
    paths: Sequence[Path],
    image_size: int,
    *,
    stride: FrameStride,
    chunk_size: int,
    n_workers: int,
    on_damage: OnDamage = "raise",
) -> Iterator[StreamEvent]:
    """Decodes videos, several at once.

    Args:
        paths: The files.
        image_size: S, height and width of the frames that come out, in pixels.
        stride: Which frames.
        chunk_size: Frames that are given together. Each worker holds up to three chunks.
        n_workers: Decoding processes; 0 decodes in this one. More than there are videos become threads of the decoder.
        on_damage: What is done with damaged frames; see `VideoReader`.

    Yields:
        For each video VideoOpened, VideoChunk as often as needed, VideoEnded; those of several videos are interleaved.

    Raises:
        VideoDecodeError: A decoding process died.
        ValueError: A number is out of range.
    """
    if n_workers < 0:
        raise ValueError(f"the number of decoding processes must be 0 or more; got {n_workers}")
    n_processes = min(n_workers, len(paths))
    threads = max(1, n_workers // max(1, n_processes))
    videos = StreamedVideos(
        paths, image_size, stride=stride, chunk_size=chunk_size, threads=threads, on_damage=on_damage
    )
    # A slow video must not hold up the others, so what is ready is taken first; of one video everything stays in order.
    loader = DataLoader(
        videos,
        batch_size=None,
        num_workers=n_processes,
        collate_fn=_as_it_is,
        in_order=False,
    )
    events = iter(loader)
    while True:
        try:
            event = next(events)
        except StopIteration:
            return
        except RuntimeError as error:
            if "DataLoader worker" not in str(error):
                raise
            raise VideoDecodeError(
                f"a decoding process died, of a crash in the decoder or for lack of memory: {error}"
            ) from error
        yield event


def _as_it_is(event: Any) -> Any:  # noqa: ANN401 - one event, which torch's own annotation takes for a batch
    return event
