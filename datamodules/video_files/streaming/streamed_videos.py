"""Several videos as streams of chunks, decoded by parallel processes."""

from __future__ import annotations

import multiprocessing
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import DataLoader, IterableDataset

from zsar.datamodules.choices.frame_pixels import ResizeFilter
from zsar.datamodules.choices.geometry import Geometry
from zsar.datamodules.video_files.decoding import VideoDecodeError
from zsar.datamodules.video_files.streaming.frame_stream import FrameStream
from zsar.datamodules.video_files.streaming.frame_stride import FrameStride
from zsar.datamodules.video_files.whole_decoding import OnDamage
from zsar.datamodules.views.frame_geometry import RESIZE_FILTER
from zsar.runtime.processes.deferred_deaths import deaths_when_asked


@dataclass(frozen=True)
class VideoOpened:
    """A video begins: its index in the list, and the attributes of its `FrameStream`."""

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
    """A video ends: the number of accepted damaged frames, or the problem that ended it early."""

    video: int
    problem: str | None = None
    n_damaged: int = 0


StreamEvent: TypeAlias = VideoOpened | VideoChunk | VideoEnded


class StreamedVideos(IterableDataset[StreamEvent]):
    """Several videos; each is read by one worker from beginning to end, which then takes the next video."""

    def __init__(
        self,
        paths: Sequence[Path],
        image_size: int,
        *,
        geometry: Geometry,
        resize_filter: ResizeFilter = RESIZE_FILTER,
        stride: FrameStride,
        chunk_size: int,
        threads: int = 1,
        on_damage: OnDamage = "raise",
    ) -> None:
        """Lists the videos; for the other arguments see `FrameStream`."""
        self._paths = np.array([str(path) for path in paths])
        self._image_size, self._geometry, self._resize_filter = image_size, geometry, resize_filter
        self._stride, self._chunk_size = stride, chunk_size
        self._threads, self._on_damage = threads, on_damage
        self._next: Any = multiprocessing.Value("q", 0)  # shared by all workers

    def __iter__(self) -> Iterator[StreamEvent]:
        """Events of the videos that this worker reads."""
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
                geometry=self._geometry,
                resize_filter=self._resize_filter,
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
    geometry: Geometry,
    resize_filter: ResizeFilter = RESIZE_FILTER,
    stride: FrameStride,
    chunk_size: int,
    n_workers: int,
    on_damage: OnDamage = "raise",
) -> Iterator[StreamEvent]:
    """Decodes several videos in parallel.

    Args:
        paths: The files.
        image_size: S, height and width of the output frames, in pixels.
        geometry: How frames become square; see `frame_geometry`.
        resize_filter: How they are resized, with antialiasing.
        stride: Which frames to select.
        chunk_size: Number of frames per chunk. Each worker holds up to three chunks.
        n_workers: Decoding processes; 0 decodes in this process. If there are more than videos, each process gets
            several decoder threads.
        on_damage: What to do with damaged frames; see `VideoReader`.

    Yields:
        For each video VideoOpened, any number of VideoChunk, VideoEnded; events of different videos are interleaved.

    Raises:
        VideoDecodeError: A decoding process died.
        ValueError: A number is out of range.
    """
    if n_workers < 0:
        raise ValueError(f"the number of decoding processes must be 0 or more; got {n_workers}")
    n_processes = min(n_workers, len(paths))
    threads = max(1, n_workers // max(1, n_processes))
    videos = StreamedVideos(
        paths,
        image_size,
        geometry=geometry,
        resize_filter=resize_filter,
        stride=stride,
        chunk_size=chunk_size,
        threads=threads,
        on_damage=on_damage,
    )
    # A slow video must not delay the others, so ready events come first; each video stays in order.
    loader = DataLoader(
        videos,
        batch_size=None,
        num_workers=n_processes,
        collate_fn=_as_it_is,
        in_order=False,
    )
    events = deaths_when_asked(lambda: iter(loader))
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


def _as_it_is(event: Any) -> Any:  # noqa: ANN401 - one event, where torch's annotation expects a batch
    return event
