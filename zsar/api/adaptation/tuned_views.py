"""The views of a user's videos that prompts are tuned on: those that `zsar test` makes of a set."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path

from torch import Tensor
from torch.utils.data import DataLoader

from zsar.api.given_videos import Video, decoding_processes
from zsar.datamodules.batch import VideoBatch
from zsar.datamodules.clip_dataset import EvaluationClips
from zsar.datamodules.lists.video_table import VideoTable
from zsar.datamodules.samples import Sample, collate
from zsar.datamodules.settings import Clips
from zsar.datamodules.stored_embeddings.embedded_sets import transform_of
from zsar.datamodules.video_files.decoding.given_frames import GivenFrames
from zsar.datamodules.video_files.frame_chunks import FrameSource
from zsar.datamodules.video_files.whole_decoding import OnDamage

_FRAMES = "frames"  # the name of frames in memory


@dataclass(frozen=True)
class TunableBatch:
    """Videos that are tuned together.

    Attributes:
        rows: Which of the given videos, in order.
        videos: Those that were decoded, with views; None if none was.
        decoded: Rows of these.
        errors: Why the others could not be decoded, by row.
        n_damaged: Number of accepted damaged frames, by row.
    """

    rows: tuple[int, ...]
    videos: VideoBatch | None
    decoded: tuple[int, ...]
    errors: dict[int, str]
    n_damaged: dict[int, int]


def tunable_batches(
    videos: Sequence[Video],
    clips: Clips,
    *,
    seed: int,
    on_damage: OnDamage,
    batch_size: int,
    n_workers: int | None = None,
) -> Iterator[TunableBatch]:
    """Reads videos with the views to tune on, in order.

    The random views of a video depend on the seed and the name of its file alone: they are those of `zsar test` for a
    video that its list calls so. Frames in memory are called "frames".

    Args:
        videos: Files, or frames uint8 [T, 3, H, W].
        clips: Which frames, and which views.
        seed: Seed of the views.
        on_damage: What to do with damaged frames.
        batch_size: Videos of a batch.
        n_workers: Processes that decode, as for `decoding_processes`.

    Raises:
        ValueError: `batch_size` or `n_workers` is out of range, or given frames have another layout.
    """
    n_workers = decoding_processes(videos, batch_size=batch_size, asked=n_workers)
    dataset = _GivenClips(videos, clips, seed=seed, on_damage=on_damage)
    yield from DataLoader(dataset, batch_size=batch_size, num_workers=n_workers, collate_fn=_collate)


class _GivenClips(EvaluationClips):
    """The test view of each video and its further ones, from files or from frames in memory."""

    def __init__(self, videos: Sequence[Video], clips: Clips, *, seed: int, on_damage: OnDamage) -> None:
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
        self._videos = videos

    def opened(self, index: int) -> AbstractContextManager[FrameSource]:
        """The open file, or the frames."""
        video = self._videos[index]
        return nullcontext(GivenFrames(video)) if isinstance(video, Tensor) else super().opened(index)


def _collate(samples: Sequence[Sample]) -> TunableBatch:
    decoded = [sample for sample in samples if not sample.failed]
    return TunableBatch(
        rows=tuple(sample.index for sample in samples),
        videos=collate(decoded) if decoded else None,
        decoded=tuple(sample.index for sample in decoded),
        errors={sample.index: sample.undecodable[0] for sample in samples if sample.failed},
        n_damaged={sample.index: sample.n_damaged for sample in samples},
    )
