"""StoredClips: the data set that reads stored embeddings in place of frames, after it has checked all files."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch.utils.data import Dataset

from zsar.datamodules.batch import VideoRecord
from zsar.datamodules.lists.video_table import VideoTable
from zsar.datamodules.samples import Sample
from zsar.datamodules.stored_embeddings.embedding_files import (
    ClipRecord,
    EmbeddingFileError,
    VideoIdentity,
    differences,
    file_of,
    read_embeddings,
    read_record,
)
from zsar.datamodules.stored_embeddings.tower_record import TowerRecord
from zsar.runtime.files.file_identity import quick_hash
from zsar.runtime.shards.stored_videos import stored_size, stored_stamp

_REMEDY = "give the settings of the file, or embed the videos again into another folder with `zsar embed`"


def identity_of(record: VideoRecord, name: str, *, n_damaged: int = 0) -> VideoIdentity:
    """Describes a video that is there.

    Args:
        record: The video.
        name: Its name, as `VideoIdentity.name`.
        n_damaged: Number of accepted damaged frames.

    Raises:
        OSError: The file cannot be read.
    """
    return VideoIdentity(
        name=name,
        file=str(record.path),
        n_bytes=stored_size(record.path),
        quick_hash=quick_hash(record.path),
        segment=_segment(record),
        n_damaged=n_damaged,
    )


@dataclass(frozen=True)
class EmbeddingFolder:
    """The stored embeddings of a run.

    Attributes:
        folder: The folder that `zsar embed` wrote.
        clips: The frames that the run asks for.
        accepts_damage: Whether embeddings of damaged frames may be used.
        may_miss: Whether a video without a file counts as undecodable; otherwise it is an error.
    """

    folder: Path
    clips: ClipRecord
    accepts_damage: bool
    may_miss: bool

    def check(self, table: VideoTable) -> tuple[TowerRecord, int, frozenset[int]]:
        """Checks the files of all videos by their headers.

        Args:
            table: The videos.

        Returns:
            The visual tower of all files, D, and the rows without a file.

        Raises:
            EmbeddingFileError: There is no such folder; files are missing, damaged, of other frames, another video or
                several towers. The message counts them.
        """
        if not self.folder.is_dir():
            raise EmbeddingFileError(f"there is no folder of embeddings {self.folder}; make it with `zsar embed`")
        problems: list[str] = []
        missing: set[int] = set()
        first: tuple[Path, TowerRecord, int] | None = None
        for row in range(len(table)):
            path = file_of(self.folder, table.key(row))
            if not path.exists():
                missing.add(row)
                continue
            try:
                tower, width = self._check_file(path, table[row])
            except EmbeddingFileError as error:
                problems.append(str(error))
                continue
            first = first or (path, tower, width)
            if tower.identity != first[1].identity:
                problems.append(
                    f"{path} and {first[0]} are of two models, {tower.described} and {first[1].described}; embed all "
                    "videos by one model"
                )
        if missing and not self.may_miss:
            problems.append(self._missing(table, sorted(missing)))
        if problems:
            more = f" ({len(problems)} problems of {len(table)} videos)" if len(problems) > 1 else ""
            raise EmbeddingFileError(f"{problems[0]}{more}")
        if first is None:
            raise EmbeddingFileError(self._missing(table, sorted(missing)))
        return first[1], first[2], frozenset(missing)

    def _check_file(self, path: Path, video: VideoRecord) -> tuple[TowerRecord, int]:
        record, shape = read_record(path)
        if (different := differences(record.clips, self.clips)) is not None:
            raise EmbeddingFileError(f"{path}: {different}; {_REMEDY}")
        if shape[:2] != [self.clips.n_clips * self.clips.n_crops, self.clips.n_frames]:
            raise EmbeddingFileError(f"{path}: its tensor is {shape}, which its record does not state; {_REMEDY}")
        if record.video.n_damaged and not self.accepts_damage:
            raise EmbeddingFileError(
                f"{path}: it was made from {record.video.n_damaged} damaged frames; set loading.on_damage to accept"
            )
        if record.video.segment != _segment(video):
            raise EmbeddingFileError(
                f"{path}: it is of the part {record.video.segment or 'all'!r} of the video, but "
                f"{_segment(video) or 'all'!r} is asked for; {_REMEDY}"
            )
        if (stamp := stored_stamp(video.path)) is not None:
            now = (stamp[0], quick_hash(video.path))
            if now != (record.video.n_bytes, record.video.quick_hash):
                raise EmbeddingFileError(
                    f"{path}: {video.path} is not the video that it was made from ({now[0]:,} bytes, then "
                    f"{record.video.n_bytes:,}); embed it again"
                )
        return record.tower, shape[2]

    def _missing(self, table: VideoTable, rows: Sequence[int]) -> str:
        names = ", ".join(table.key(row) for row in rows[:3]) + (", ..." if len(rows) > 3 else "")
        return f"{self.folder} has no embeddings of {len(rows)} of {len(table)} videos: {names}; run `zsar embed` again"


class StoredClips(Dataset[Sample]):
    """All test views of each video, as stored embeddings."""

    def __init__(self, table: VideoTable, embeddings: EmbeddingFolder) -> None:
        """Checks the files of all videos.

        Args:
            table: The videos.
            embeddings: The folder, and the frames that are asked for.

        Raises:
            EmbeddingFileError: As `EmbeddingFolder.check`.
        """
        self.table = table
        self.embeddings = embeddings
        self.tower, self._width, self._missing = embeddings.check(table)

    def __len__(self) -> int:
        """Number of videos."""
        return len(self.table)

    def __getitem__(self, index: int) -> Sample:
        """Reads the embeddings of a video; a video without any is marked as failed."""
        record, clips, key = self.table[index], self.embeddings.clips, self.table.key(index)
        n_views = clips.n_clips * clips.n_crops
        no_pixels = torch.empty(n_views, clips.n_frames, 3, 0, 0, dtype=torch.uint8)
        if index in self._missing:
            blank, problem = torch.zeros(n_views, clips.n_frames, self._width), f"{key}: it has no stored embeddings"
            return Sample(no_pixels, record.label, index, True, (problem,), embeddings=blank, embedded_by=self.tower)
        content = read_embeddings(file_of(self.embeddings.folder, key))
        return Sample(
            no_pixels,
            record.label,
            index,
            n_damaged=content.record.video.n_damaged,
            embeddings=content.embeddings,
            embedded_by=self.tower,
        )


def _segment(record: VideoRecord) -> str:
    if record.segment_seconds is None:
        return ""
    start, end = record.segment_seconds
    return f"{start:.6g} - {end:.6g} s"
