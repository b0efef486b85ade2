"""Records and files of stored embeddings."""

from pathlib import Path

import torch
from torch import Tensor

from zsar.datamodules.stored_embeddings.embedding_files import (
    ClipRecord,
    EmbeddingRecord,
    VideoIdentity,
    file_of,
    write_embeddings,
)
from zsar.datamodules.stored_embeddings.tower_record import TowerRecord

TOWER = TowerRecord(
    model="ZeroShotCLIP",
    architecture="tiny-clip",
    weights="tiny.pt",
    checkpoint="",
    backbone_hash="def",
    tower_hash="abc",
    frame_mean="0.5 0.5 0.5",
    frame_std="0.2 0.2 0.2",
)
CLIPS = ClipRecord(
    geometry="views",
    resize_filter="bicubic",
    image_size=32,
    short_side_px=37,
    n_crops=1,
    n_clips=1,
    n_frames=4,
    sampling="t2l",
    stride="",
)
WHOLE = ClipRecord(**{**vars(CLIPS), "geometry": "squash", "n_frames": 0, "sampling": "", "stride": "1 seconds"})


def record_of(
    name: str, *, clips: ClipRecord = CLIPS, tower: TowerRecord = TOWER, dtype: str = "fp32"
) -> EmbeddingRecord:
    """What the file of a video states that is not there."""
    video = VideoIdentity(name=name, file=f"/gone/{name}", n_bytes=3, quick_hash="0", segment="", n_damaged=0)
    return EmbeddingRecord(clips, tower, video, dtype)


def write_stored(
    folder: Path, name: str, embeddings: Tensor, *, times: Tensor | None = None, tower: TowerRecord = TOWER
) -> Path:
    """Writes the embeddings of a video, [V, T, D]; with times those of a whole one.

    Returns:
        The file.
    """
    path = file_of(folder, name)
    clips = CLIPS if times is None else WHOLE
    write_embeddings(path, embeddings, record_of(name, clips=clips, tower=tower), times_seconds=times)
    return path


def some_embeddings(*shape: int) -> Tensor:
    """Random embeddings."""
    return torch.randn(*shape)
