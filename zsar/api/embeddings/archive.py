"""An archive: a folder of stored embeddings, read for search and classification."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from zsar.datamodules.stored_embeddings.embedding_files import (
    SUFFIX,
    EmbeddingFileError,
    StoredEmbeddings,
    read_embeddings,
    read_record,
)
from zsar.datamodules.stored_embeddings.tower_record import TowerRecord


@dataclass(frozen=True)
class Archive:
    """The files of a folder, all of one visual tower.

    Attributes:
        folder: The folder.
        paths: Its files of embeddings, sorted.
        tower: The visual tower that made them.
    """

    folder: Path
    paths: tuple[Path, ...]
    tower: TowerRecord

    def videos(self) -> Iterator[StoredEmbeddings]:
        """Reads the files one by one.

        Raises:
            EmbeddingFileError: A file is damaged, or of another visual tower than the first.
        """
        for path in self.paths:
            content = read_embeddings(path)
            if content.record.tower.identity != self.tower.identity:
                raise EmbeddingFileError(
                    f"{path} is of {content.record.tower.described}, but {self.paths[0]} of {self.tower.described}; "
                    "keep the embeddings of each model in a folder of their own"
                )
            yield content


def open_archive(folder: Path | str) -> Archive:
    """Opens a folder that `zsar embed` wrote.

    Args:
        folder: The folder, searched at any depth.

    Raises:
        EmbeddingFileError: There is no such folder, no embeddings in it, or its first file is damaged.
    """
    folder = Path(folder).expanduser()
    if not folder.is_dir():
        raise EmbeddingFileError(f"there is no folder of embeddings {folder}; make it with `zsar embed`")
    paths = tuple(sorted(folder.rglob(f"*{SUFFIX}")))
    if not paths:
        raise EmbeddingFileError(f"{folder} has no file of embeddings (*{SUFFIX}); make them with `zsar embed`")
    return Archive(folder, paths, read_record(paths[0])[0].tower)
