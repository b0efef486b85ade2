from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from tests.makers.files.broken_files import CONTENTS, broken_file
from tests.makers.files.embedding_files import CLIPS, record_of, some_embeddings, write_stored
from zsar.datamodules.stored_embeddings.embedding_files import (
    EmbeddingFileError,
    differences,
    file_of,
    read_embeddings,
    read_record,
    write_embeddings,
)


def test_what_is_written_is_read(tmp_path: Path) -> None:
    stored = some_embeddings(1, 4, 8)
    path = write_stored(tmp_path, "a/b.mp4", stored)
    content = read_embeddings(path)
    assert torch.equal(content.embeddings, stored)
    assert content.record == record_of("a/b.mp4")
    assert content.times_seconds is None
    assert read_record(path) == (content.record, [1, 4, 8])


def test_half_precision_is_rounded_and_read_as_fp32(tmp_path: Path) -> None:
    stored = some_embeddings(2, 4, 8)
    write_embeddings(tmp_path / "a", stored, record_of("a", dtype="fp16"))
    assert torch.equal(read_embeddings(tmp_path / "a").embeddings, stored.half().float())


def test_times_of_a_whole_video_are_kept(tmp_path: Path) -> None:
    times = torch.tensor([0.0, 1.0, 2.5], dtype=torch.float64)
    path = write_stored(tmp_path, "a", some_embeddings(1, 3, 8), times=times)
    assert torch.equal(read_embeddings(path).times_seconds, times)  # type: ignore[arg-type]


def test_files_of_two_videos_differ_even_in_the_suffix_alone(tmp_path: Path) -> None:
    assert file_of(tmp_path, "a.mp4") != file_of(tmp_path, "a.avi")
    assert file_of(tmp_path, "x/a.mp4").parent == tmp_path / "x"


@pytest.mark.parametrize("name", ["../a.mp4", "x/../../a", "", "."])
def test_no_name_leads_out_of_the_folder(tmp_path: Path, name: str) -> None:
    with pytest.raises(EmbeddingFileError, match="leads out of"):
        file_of(tmp_path, name)


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_embeddings_that_are_not_finite_are_not_written(tmp_path: Path, value: float) -> None:
    with pytest.raises(EmbeddingFileError, match="check the model's weights"):
        write_stored(tmp_path, "a", torch.full((1, 4, 8), value))
    assert list(tmp_path.iterdir()) == []


def test_values_beyond_half_precision_name_the_remedy(tmp_path: Path) -> None:
    with pytest.raises(EmbeddingFileError, match="--dtype fp32"):
        write_embeddings(tmp_path / "a", torch.full((1, 4, 8), 1e6), record_of("a", dtype="fp16"))


def test_a_missing_file_says_how_it_is_made(tmp_path: Path) -> None:
    with pytest.raises(EmbeddingFileError, match="make it with `zsar embed`"):
        read_embeddings(tmp_path / "none")


@pytest.mark.parametrize("kind", CONTENTS)
def test_a_broken_file_is_one_line(tmp_path: Path, kind: str) -> None:
    path = broken_file(tmp_path, kind, name="a.embeddings.safetensors")
    with pytest.raises(EmbeddingFileError) as caught:
        read_record(path)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_file_of_other_tensors_is_an_error(tmp_path: Path) -> None:
    save_file({"features": torch.zeros(3, 4)}, tmp_path / "a")
    with pytest.raises(EmbeddingFileError, match="does not mark it as a file of embeddings"):
        read_record(tmp_path / "a")


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        (b'"dtype": "fp32"', b'"dtype": "fp16"', "its embeddings are F32, its record states fp16"),
        (b'"n_frames": 4', b'"n_frames":-4', "states no n_frames, or not as a number >= 0"),
        (b'"n_frames": 4', b'"n_frames":""', "states no n_frames, or not as a number >= 0"),
        (b'"stride": ""', b'"stride": 12', "states no stride, or not as text"),
    ],
)
def test_a_record_that_is_not_of_its_file_is_an_error(tmp_path: Path, old: bytes, new: bytes, problem: str) -> None:
    write_embeddings(tmp_path / "a", torch.ones(1, 4, 8), record_of("a"))
    written = (tmp_path / "a").read_bytes()
    escaped = (old.replace(b'"', b'\\"'), new.replace(b'"', b'\\"'))  # the record is JSON within JSON
    assert written.count(escaped[0]) == 1
    changed = written.replace(*escaped)
    length = int.from_bytes(written[:8], "little") + len(changed) - len(written)
    (tmp_path / "a").write_bytes(length.to_bytes(8, "little") + changed[8:])
    with pytest.raises(EmbeddingFileError, match=problem):
        read_record(tmp_path / "a")


def test_differences_name_both_values() -> None:
    assert differences(CLIPS, CLIPS) is None
    assert differences(CLIPS, replace(CLIPS, n_frames=8)) == "n_frames is 4 in the file, but 8 is asked for"
