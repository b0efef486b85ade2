from dataclasses import replace
from pathlib import Path

import pytest
import torch

from tests.makers.files.embedding_files import CLIPS, TOWER, some_embeddings, write_stored
from zsar.datamodules.lists.video_table import VideoTable
from zsar.datamodules.samples import collate
from zsar.datamodules.stored_embeddings.embedding_files import EmbeddingFileError
from zsar.datamodules.stored_embeddings.stored_clips import EmbeddingFolder, StoredClips

TABLE = VideoTable(Path("/gone"), ["a.mp4", "b.mp4"], [1, 0])


def folder_of(path: Path, *, may_miss: bool = False) -> EmbeddingFolder:
    return EmbeddingFolder(path, CLIPS, accepts_damage=False, may_miss=may_miss)


def test_a_batch_holds_the_embeddings_in_place_of_pixels(tmp_path: Path) -> None:
    stored = {name: some_embeddings(1, 4, 8) for name in TABLE.all_keys()}
    for name, embeddings in stored.items():
        write_stored(tmp_path, name, embeddings)
    clips = StoredClips(TABLE, folder_of(tmp_path))
    batch = collate([clips[0], clips[1]])
    assert batch.embeddings is not None
    assert torch.equal(batch.embeddings, torch.stack(list(stored.values())))
    assert batch.embedded_by == TOWER
    assert batch.frames.shape == (2, 1, 4, 3, 0, 0)
    assert batch.labels.tolist() == [1, 0]
    assert not batch.failed.any()


def test_a_missing_file_is_an_error_which_names_the_video(tmp_path: Path) -> None:
    write_stored(tmp_path, "a.mp4", some_embeddings(1, 4, 8))
    with pytest.raises(EmbeddingFileError, match=r"no embeddings of 1 of 2 videos: b\.mp4; run `zsar embed` again"):
        StoredClips(TABLE, folder_of(tmp_path))


def test_a_video_that_may_be_missing_counts_as_undecodable(tmp_path: Path) -> None:
    write_stored(tmp_path, "a.mp4", some_embeddings(1, 4, 8))
    clips = StoredClips(TABLE, folder_of(tmp_path, may_miss=True))
    batch = collate([clips[0], clips[1]])
    assert batch.failed.tolist() == [False, True]
    assert batch.undecodable == ("b.mp4: it has no stored embeddings",)


@pytest.mark.parametrize("change", [{"n_frames": 8}, {"n_clips": 3}, {"sampling": "mmaction"}, {"short_side_px": 64}])
def test_other_frames_are_an_error_with_both_values(tmp_path: Path, change: dict[str, object]) -> None:
    for name in TABLE.all_keys():
        write_stored(tmp_path, name, some_embeddings(1, 4, 8))
    ((name, value),) = change.items()
    asked = replace(folder_of(tmp_path), clips=replace(CLIPS, **change))  # type: ignore[arg-type]
    with pytest.raises(EmbeddingFileError, match=rf"{name} is .* in the file, but {value!r} is asked for"):
        StoredClips(TABLE, asked)


def test_files_of_two_models_are_an_error(tmp_path: Path) -> None:
    write_stored(tmp_path, "a.mp4", some_embeddings(1, 4, 8))
    write_stored(tmp_path, "b.mp4", some_embeddings(1, 4, 8), tower=replace(TOWER, tower_hash="other"))
    with pytest.raises(EmbeddingFileError, match=r"tower other.*tower abc"):
        StoredClips(TABLE, folder_of(tmp_path))


def test_another_video_of_the_same_name_is_an_error(tmp_path: Path) -> None:
    table = VideoTable(tmp_path / "videos", ["a.mp4"], [0])
    (tmp_path / "videos").mkdir()
    (tmp_path / "videos" / "a.mp4").write_bytes(b"another video")
    write_stored(tmp_path, "a.mp4", some_embeddings(1, 4, 8))
    with pytest.raises(EmbeddingFileError, match="is not the video that it was made from"):
        StoredClips(table, folder_of(tmp_path))


def test_a_folder_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(EmbeddingFileError, match="there is no folder of embeddings"):
        StoredClips(TABLE, folder_of(tmp_path / "none"))
