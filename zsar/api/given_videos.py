"""The videos that a user gives from Python, files or frames, as batches of test views decoded in workers."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

import torch
from torch import Tensor
from torch.utils.data import DataLoader, Subset

from zsar.datamodules.batch import VideoBatch
from zsar.datamodules.clip_dataset import EvaluationClips
from zsar.datamodules.lists.video_table import VideoTable
from zsar.datamodules.samples import Sample, collate
from zsar.datamodules.settings import Clips
from zsar.datamodules.video_files.decoding import VideoDecodeError, VideoReader
from zsar.datamodules.video_files.decoding.given_frames import GivenFrames
from zsar.datamodules.video_files.frame_chunks import FrameSource
from zsar.datamodules.video_files.whole_decoding import OnDamage
from zsar.datamodules.views.clip_pixels import transform_of
from zsar.lightning_modules.open_clip_towers.open_clip_backbone import FROM_FLOATS
from zsar.lightning_modules.recognition.video_text_model import VideoTextModel
from zsar.runtime.number_limits import MOST_FRAMES_PER_VIEW, MOST_VIEWS, check_least, check_most
from zsar.runtime.processes.cpu_count import cpu_count

Video = str | Path | Tensor
"""A file, or RGB frames uint8 [T, 3, H, W]."""
_FRAMES = "frames"  # the name of frames in memory
_FEW = 4  # videos that are read in this process: starting workers takes as long


@dataclass(frozen=True)
class GivenBatch:
    """Videos that go through a model together.

    Attributes:
        rows: Which of the given videos, in order.
        videos: Those that were decoded; None if none was.
        decoded: Rows of these.
        errors: Why the others could not be decoded, by row.
        n_damaged: Number of accepted damaged frames, by row.
    """

    rows: tuple[int, ...]
    videos: VideoBatch | None
    decoded: tuple[int, ...]
    errors: dict[int, str]
    n_damaged: dict[int, int]


def frames_per_clip(model: VideoTextModel, asked: int | None) -> int:
    """The frames of a clip: as many as asked for, else as many as the model was trained with, else 8.

    Raises:
        ValueError: The number is below 1.
    """
    check_least(1, frames=asked)
    return int(getattr(model, "n_frames", 8)) if asked is None else asked


def clips_of(model: VideoTextModel, *, frames: int | None, clips: int = 1) -> Clips:
    """The frames that a model sees of each video, made as the model was trained.

    Args:
        model: The model.
        frames: Frames of a clip; None for as many as the model was trained with, or 8.
        clips: Clips of a video.

    Raises:
        ValueError: A number is out of range.
        BackboneError: It is not known how the model's frames become square.
    """
    n_frames = frames_per_clip(model, frames)
    check_most(MOST_FRAMES_PER_VIEW, frames=n_frames)
    check_least(1, clips=clips)
    check_most(MOST_VIEWS, clips=clips)
    return Clips(n_frames=n_frames, n_test_clips=clips, **asdict(model.frame_pixels))


def given_batches(
    videos: Sequence[Video],
    clips: Clips,
    *,
    seed: int = 0,
    on_damage: OnDamage,
    batch_size: int,
    n_workers: int | None = None,
    is_on_cpu: bool = False,
) -> Iterator[GivenBatch]:
    """Reads the test views of videos, and further ones if any are asked for, in order.

    The random views of a video depend on the seed and the name of its file alone: they are those of `zsar test` for a
    video that its list calls so. Frames in memory are called "frames".

    Workers and a model on the CPU share its processors. By default, the first batch is then decoded in this process,
    and workers are started for the others only if that took more processor time than what the caller did with it.

    Args:
        videos: Files, or frames uint8 [T, 3, H, W].
        clips: Which frames, and which views.
        seed: Seed of the views.
        on_damage: What to do with damaged frames.
        batch_size: Videos of a batch.
        n_workers: Processes that decode; 0 decodes in this one; None for one for each processor, at most one for
            each batch, where they are of use.
        is_on_cpu: Whether the model that the batches go through runs on the CPU.

    Raises:
        ValueError: `batch_size` or `n_workers` is out of range, or given frames have another layout.
    """
    for_rest = _decoding_processes(videos, batch_size=batch_size, asked=n_workers)

    def decoded(rows: Sequence[int], n_workers: int) -> Iterator[GivenBatch]:
        dataset = _GivenClips(videos, clips, seed=seed, on_damage=on_damage, threads=0 if n_workers == 0 else 1)
        yield from DataLoader(Subset(dataset, rows), batch_size=batch_size, num_workers=n_workers, collate_fn=_collate)

    rows = range(len(videos))
    if n_workers is None and is_on_cpu and for_rest > 0:
        began = time.process_time()
        (batch,) = decoded(rows[:batch_size], 0)
        ended = time.process_time()
        yield batch
        rows = rows[batch_size:]
        if ended - began <= time.process_time() - ended:
            for_rest = 0
    if rows:  # else workers would be started for nothing
        yield from decoded(rows, for_rest)


def _decoding_processes(videos: Sequence[Video], *, batch_size: int, asked: int | None) -> int:
    """The number of processes that decode, and checks of what is to be read."""
    check_least(1, batch_size=batch_size)
    check_least(0, n_workers=asked)
    for video in videos:
        if isinstance(video, Tensor):
            check_frames(video)
    if asked is not None:
        return asked
    n_files = sum(not isinstance(video, Tensor) for video in videos)
    n_batches = -(-len(videos) // batch_size)  # a worker decodes whole batches, and a single one waits for no model
    return 0 if n_files <= _FEW or n_batches == 1 else min(cpu_count(), n_batches)


class _GivenClips(EvaluationClips):
    """The test views of each video and its further ones, from files or from frames in memory."""

    def __init__(self, videos: Sequence[Video], clips: Clips, *, seed: int, on_damage: OnDamage, threads: int) -> None:
        names = [_FRAMES if isinstance(video, Tensor) else Path(video).name for video in videos]
        paths = [_FRAMES if isinstance(video, Tensor) else str(video) for video in videos]
        super().__init__(
            VideoTable(Path(), paths, [-1] * len(paths), keys=names),
            transform_of(clips),
            n_frames=clips.n_frames,
            n_clips=clips.n_test_clips,
            sampling=clips.sampling,
            views=clips.views,
            seed=seed,
            on_damage=on_damage,
        )
        self._videos, self._threads = videos, threads

    @contextmanager
    def opened(self, index: int) -> Iterator[FrameSource]:
        """The open file, or the frames; a video that takes too much memory is undecodable."""
        video = self._videos[index]
        try:
            if isinstance(video, Tensor):
                yield GivenFrames(video)
            else:
                with VideoReader(Path(video), threads=self._threads, on_damage=self._on_damage) as reader:
                    yield reader
        except MemoryError as error:
            name = self.table.path(index)
            raise VideoDecodeError(str(error) or f"{name}: not enough memory for its frames") from error


def _collate(samples: Sequence[Sample]) -> GivenBatch:
    decoded = [sample for sample in samples if not sample.failed]
    return GivenBatch(
        rows=tuple(sample.index for sample in samples),
        videos=collate(decoded) if decoded else None,
        decoded=tuple(sample.index for sample in decoded),
        errors={sample.index: sample.undecodable[0] for sample in samples if sample.failed},
        n_damaged={sample.index: sample.n_damaged for sample in samples},
    )


def check_frames(frames: Tensor) -> None:
    """Checks that frames that a caller gives are uint8 RGB [T, 3, H, W].

    Raises:
        ValueError: They are not; the message says how they become so.
    """
    if frames.dtype != torch.uint8 or frames.ndim != 4 or frames.shape[1] != 3 or not len(frames):
        raise ValueError(
            f"frames must be uint8 RGB [T, 3, H, W] with T >= 1; got {frames.dtype} {list(frames.shape)}. Floats from "
            f"0 to 1 become {FROM_FLOATS}, and frames [T, H, W, 3] frames.permute(0, 3, 1, 2)"
        )
