"""Embeds frames of whole videos, one by one and with their times, and stores them, one file a video."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor

from zsar.api.embeddings.storing import EmbeddingJob, Stored, Storing, embed_views
from zsar.datamodules.choices.frame_pixels import ResizeFilter
from zsar.datamodules.choices.geometry import Geometry
from zsar.datamodules.stored_embeddings.embedding_files import ClipRecord, write_embeddings
from zsar.datamodules.video_files.streaming import FrameStride, VideoChunk, VideoOpened, stream_videos
from zsar.datamodules.video_files.whole_decoding import OnDamage
from zsar.datamodules.views.transforms import TestTransform
from zsar.lightning_modules.recognition.video_text_model import VideoTextModel
from zsar.runtime.files.file_names import name_problem
from zsar.runtime.files.video_errors import VideoDecodeError


@dataclass
class _Whole:
    """A whole video that is being read."""

    times: Tensor
    parts: list[Tensor] = field(default_factory=list)


def store_whole(
    jobs: Sequence[EmbeddingJob], storing: Storing, *, stride: FrameStride, geometry: Geometry, on_damage: OnDamage
) -> Iterator[Stored]:
    """Embeds frames of whole videos, one by one, with their times, and writes their files.

    Args:
        jobs: The videos.
        storing: How.
        stride: Which frames.
        geometry: How they become square.
        on_damage: How damaged frames are handled.

    Yields:
        Each video, as its file is written or it could not be decoded.

    Raises:
        OSError: A file cannot be written.
        EmbeddingFileError: An embedding is not finite.
    """
    left = [job for job in jobs if name_problem(job.path) is None]
    yield from (Stored(job.name, name_problem(job.path)) for job in jobs if name_problem(job.path) is not None)
    begun: dict[int, _Whole] = {}
    events = stream_videos(
        [job.video.path for job in left],
        storing.model.backbone.image_size[0],
        geometry=geometry,
        resize_filter=storing.model.backbone.resize_filter,
        stride=stride,
        chunk_size=storing.frames_per_pass,
        n_workers=storing.n_workers,
        on_damage=on_damage,
    )
    try:
        for event in events:
            if isinstance(event, VideoOpened):
                begun[event.video] = _Whole(torch.as_tensor(event.times_seconds))
            elif isinstance(event, VideoChunk):
                frames = event.frames[None, :, None]  # each frame is a view, so that any number goes through together
                embedded = embed_views(storing.model, frames, frames_per_pass=storing.frames_per_pass)
                begun[event.video].parts.append(embedded[0, :, 0])
            else:
                job, whole = left[event.video], begun.pop(event.video, None)
                if event.problem is None and whole is not None:
                    record = storing.record_of(job, event.n_damaged)
                    write_embeddings(job.path, torch.cat(whole.parts)[None], record, times_seconds=whole.times)
                yield Stored(job.name, event.problem, event.n_damaged)
    except (VideoDecodeError, RuntimeError) as error:
        if isinstance(error, VideoDecodeError) or "DataLoader worker" in str(error):
            raise ValueError(
                "a process that decodes died: a decoder crashed, or memory ran out; finished videos are kept: give a "
                "smaller --n_workers and rerun the same command"
            ) from error
        raise


def whole_video_record(
    image_size: int, *, geometry: Geometry, resize_filter: ResizeFilter, stride: FrameStride
) -> ClipRecord:
    """Which frames of whole videos are embedded, as their files state it.

    Args:
        image_size: Height and width of a frame in pixels.
        geometry: How frames become square.
        resize_filter: How they are resized, the model's.
        stride: Which frames.
    """
    short_side = TestTransform(image_size, geometry=geometry).short_side or 0
    return ClipRecord(
        geometry=geometry,
        resize_filter=resize_filter,
        image_size=image_size,
        short_side_px=short_side,
        n_crops=1,
        n_clips=1,
        n_frames=0,
        sampling="",
        stride=str(stride),
    )


def embeds_single_frames(model: VideoTextModel) -> bool:
    """Whether a model embeds each frame alone, so that a whole video can be embedded frame by frame."""
    return type(model).embed_frames is VideoTextModel.embed_frames
