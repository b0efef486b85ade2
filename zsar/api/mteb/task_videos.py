"""The videos of an MTEB task, decoded by zsar: the frames that a model's own settings ask for, and no others.

MTEB hands a model a data loader over a Hugging Face data set, whose column `video` would be decoded by torchcodec. The
column is read undecoded instead: a video has the frames of `zsar test`, to the bit, and torchcodec is not needed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Literal, Protocol

from torch.utils.data import DataLoader

from zsar.datamodules.batch import VideoBatch
from zsar.datamodules.clip_dataset import EvaluationClips
from zsar.datamodules.lists.video_table import VideoTable
from zsar.datamodules.samples import collate
from zsar.datamodules.settings import Clips
from zsar.datamodules.video_files.decoding import VideoDecodeError, VideoReader
from zsar.datamodules.video_files.whole_decoding import OnDamage
from zsar.datamodules.views.clip_pixels import transform_of

Modality = Literal["video", "text"]
_MODALITIES = ("video", "text", "image", "audio")  # MTEB's, as its columns are called


class TaskRows(Protocol):
    """What is read of a `datasets.Dataset`."""

    column_names: Sequence[str]
    features: Mapping[str, object]

    def __len__(self) -> int: ...  # noqa: D105 - as a sequence

    def __getitem__(self, index: int) -> Mapping[str, Any]: ...  # noqa: D105

    def select_columns(self, column_names: str) -> TaskRows: ...  # noqa: D102 - as `datasets.Dataset` has it

    def cast_column(self, column: str, feature: object) -> TaskRows: ...  # noqa: D102


def modality_of(rows: TaskRows, task: str) -> Modality:
    """Whether a task asks for embeddings of videos or of texts.

    Args:
        rows: The data set of the task's data loader.
        task: Its name, for the message.

    Raises:
        ValueError: It asks for something else, or for several things together.
    """
    given = [name for name in _MODALITIES if name in rows.column_names]
    if given == ["video"]:
        return "video"
    if given == ["text"]:
        return "text"
    raise ValueError(
        f"{task} gives {' and '.join(given) or 'no modality'} in one input, but the model embeds videos or texts, each "
        "by itself; choose tasks of video and text alone, whose modalities are ['video', 'text']"
    )


def encoded_videos(rows: TaskRows, task: str) -> TaskRows:
    """The column `video` of a data set, undecoded: {"bytes", "path"} for each row.

    Raises:
        TypeError: The column holds something else.
    """
    from datasets import Video

    if not isinstance(feature := rows.features["video"], Video):
        raise TypeError(
            f"{task}: the column video holds {feature}, not encoded videos; cast it: "
            'data_set.cast_column("video", datasets.Video())'
        )
    return rows.select_columns("video").cast_column("video", Video(decode=False))


def decoded_batches(
    rows: TaskRows, clips: Clips, *, on_damage: OnDamage, batch_size: int, n_workers: int
) -> Iterator[VideoBatch]:
    """The test views of the videos of a task, in order.

    Args:
        rows: As `encoded_videos` returns them.
        clips: Which frames.
        on_damage: What to do with damaged frames.
        batch_size: Videos of a batch.
        n_workers: Processes that decode; 0 decodes in this one.

    Yields:
        The batches.

    Raises:
        VideoDecodeError: A video cannot be decoded; the message names its row.
    """
    dataset = _TaskClips(rows, clips, on_damage=on_damage, threads=0 if n_workers == 0 else 1)
    batches: DataLoader[Any] = DataLoader(dataset, batch_size, num_workers=n_workers, collate_fn=collate)
    for batch in batches:
        if batch.undecodable:
            row = int(batch.indices[batch.failed][0])
            raise VideoDecodeError(f"row {row}: {batch.undecodable[0]}")
        yield batch


class _TaskClips(EvaluationClips):
    """The test views of each row."""

    def __init__(self, rows: TaskRows, clips: Clips, *, on_damage: OnDamage, threads: int) -> None:
        names = [str(row) for row in range(len(rows))]
        super().__init__(
            VideoTable(Path(), names, [-1] * len(names)),
            transform_of(clips),
            n_frames=clips.n_frames,
            n_clips=clips.n_test_clips,
            sampling=clips.sampling,
            on_damage=on_damage,
        )
        self._rows, self._threads = rows, threads

    @contextmanager
    def opened(self, index: int) -> Iterator[VideoReader]:
        """The open video of a row."""
        with (
            _as_file(self._rows[index]["video"]) as path,
            VideoReader(path, threads=self._threads, on_damage=self._on_damage) as reader,
        ):
            yield reader


@contextmanager
def _as_file(video: Mapping[str, Any] | None) -> Iterator[Path]:
    """The file of an encoded video; one that the data set holds in itself is a file for as long as it is read."""
    if video is None:
        raise VideoDecodeError("there is no video")
    content, path = video["bytes"], video["path"]
    if content is None:
        yield Path(path)
        return
    with TemporaryDirectory(prefix="zsar_mteb_") as folder:
        file = Path(folder) / Path(path or "video").name
        file.write_bytes(content)  # not whole: read and removed here
        yield file
