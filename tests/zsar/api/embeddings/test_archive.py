from dataclasses import replace
from pathlib import Path

import pytest

from tests.makers.files.embedding_files import TOWER, some_embeddings, write_stored
from zsar.api.embeddings.archive import open_archive
from zsar.datamodules.stored_embeddings.embedding_files import EmbeddingFileError


def test_files_are_read_in_order_from_all_folders(tmp_path: Path) -> None:
    for name in ("b.mp4", "a/c.mp4", "a.mp4"):
        write_stored(tmp_path, name, some_embeddings(1, 4, 8))
    archive = open_archive(tmp_path)
    assert archive.tower == TOWER
    assert sorted(content.record.video.name for content in archive.videos()) == ["a.mp4", "a/c.mp4", "b.mp4"]


def test_an_empty_or_missing_folder_says_how_embeddings_are_made(tmp_path: Path) -> None:
    for folder in (tmp_path, tmp_path / "none"):
        with pytest.raises(EmbeddingFileError, match=r"make (it|them) with `zsar embed`"):
            open_archive(folder)


def test_two_models_in_one_folder_are_an_error(tmp_path: Path) -> None:
    write_stored(tmp_path, "a", some_embeddings(1, 4, 8))
    write_stored(tmp_path, "b", some_embeddings(1, 4, 8), tower=replace(TOWER, tower_hash="other"))
    with pytest.raises(EmbeddingFileError, match="keep the embeddings of each model in a folder of their own"):
        list(open_archive(tmp_path).videos())
