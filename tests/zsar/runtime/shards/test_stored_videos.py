import multiprocessing
import pickle
import re
import zlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.makers.files.range_server import RangeServer, range_server
from tests.makers.files.shards import pack
from zsar.runtime.files.file_identity import quick_hash
from zsar.runtime.files.video_errors import VideoDecodeError
from zsar.runtime.shards.shard_folders import found_member
from zsar.runtime.shards.stored_videos import (
    is_at_an_address,
    is_stored,
    is_stored_folder,
    open_stored,
    stored_below,
    stored_in_shard,
    stored_problem,
    stored_size,
    stored_stamp,
)

CONTENT = {"run/0.mp4": b"zero", "run/1.mp4": bytes(range(256)) * 40, "empty.mp4": b""}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Three packed files, and one that is not packed."""
    (tmp_path / "root/run").mkdir(parents=True)
    for name, content in CONTENT.items():
        (tmp_path / "root" / name).write_bytes(content)
    pack(tmp_path / "root", 1)
    (tmp_path / "root/plain.mp4").write_bytes(b"plain")
    return tmp_path / "root"


@pytest.fixture
def remote(root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Path, RangeServer]]:
    """A folder whose shards are at an address, with a cache of its own."""
    monkeypatch.setenv("ZSAR_SHARD_CACHE", str(tmp_path / "cache"))
    (tmp_path / "remote").mkdir()
    with range_server(root) as server:
        (tmp_path / "remote/zsar_shards.url").write_text(server.url)
        yield tmp_path / "remote", server


def test_the_bytes_are_those_of_the_file(root: Path) -> None:
    for name, content in CONTENT.items():
        file = stored_in_shard(root / name)
        assert file is not None
        assert file.read() == content
        assert file.name == f"file:{root / name}"  # as FFmpeg is told of a file
        assert stored_size(root / name) == len(content)
        assert stored_stamp(root / name) == (len(content), zlib.crc32(content))
    assert stored_in_shard(root / "plain.mp4") is None
    with open_stored(root / "plain.mp4") as plain:
        assert plain.read() == b"plain"
    assert stored_size(root / "plain.mp4") == 5
    with pytest.raises(FileNotFoundError):
        open_stored(root / "gone.mp4")
    with pytest.raises(FileNotFoundError):
        stored_size(root / "gone.mp4")
    assert stored_stamp(root / "gone.mp4") is None


def test_what_is_there_and_what_is_wrong(root: Path) -> None:
    assert stored_below(root) == sorted(CONTENT)
    assert stored_below(root / "run") == ["0.mp4", "1.mp4"]
    assert [is_stored(root / name) for name in ("run/0.mp4", "plain.mp4", "gone.mp4")] == [True, True, False]
    assert [is_stored_folder(root / name) for name in ("", "run", "gone")] == [True, True, False]
    assert stored_problem(root / "run/0.mp4") is None
    assert stored_problem(root / "empty.mp4") == f"{root / 'empty.mp4'}: the file is empty"
    assert stored_problem(root / "gone.mp4") == f"{root / 'gone.mp4'}: No such file or directory"
    assert not is_at_an_address(root / "run/0.mp4")


def test_a_file_is_known_again_in_a_shard(root: Path, tmp_path: Path) -> None:
    (tmp_path / "copy.mp4").write_bytes(CONTENT["run/1.mp4"])
    assert quick_hash(root / "run/1.mp4") == quick_hash(tmp_path / "copy.mp4")


def test_a_shard_that_is_not_the_one_of_the_index_is_refused_by_name(root: Path) -> None:
    (tar,) = root.glob("*.tar")
    found, whole, path = found_member(root / "run/1.mp4"), tar.read_bytes(), root / "run/1.mp4"
    assert found is not None
    changed = bytearray(whole)
    changed[found.member.offset + 9] ^= 1
    for content, message in (
        (bytes(changed), "other bytes here"),
        (whole[:-512], f"{len(whole) - 512} bytes instead of {len(whole)}"),
        (whole + b"x", "bytes instead of"),
        (b"", "the file is empty"),
    ):
        tar.write_bytes(content)
        with pytest.raises(VideoDecodeError, match=f"^{re.escape(str(path))}: its shard .*{message}") as refused:
            stored_in_shard(path)
        assert str(tar) in str(refused.value)
        assert "\n" not in str(refused.value)
        assert str(pickle.loads(pickle.dumps(refused.value))) == str(refused.value)
    tar.unlink()
    with pytest.raises(VideoDecodeError, match="No such file"):
        stored_in_shard(path)


def test_over_a_network_a_video_is_one_range_and_is_kept(remote: tuple[Path, RangeServer], tmp_path: Path) -> None:
    folder, server = remote
    assert stored_below(folder) == sorted(CONTENT)
    server.requests.clear()
    for _ in range(2):
        with open_stored(folder / "run/1.mp4") as file:
            assert file.read() == CONTENT["run/1.mp4"]
    assert len(server.requests) == 1
    assert is_at_an_address(folder / "run/1.mp4")
    assert stored_problem(folder / "run/1.mp4") is None
    (kept,) = [path for path in (tmp_path / "cache").rglob("*") if path.is_file()]
    kept.write_bytes(b"damaged")
    with open_stored(folder / "run/1.mp4") as file:
        assert file.read() == CONTENT["run/1.mp4"]
    assert len(server.requests) == 2


def test_over_a_network_other_bytes_and_no_answer_are_errors_of_the_video(remote: tuple[Path, RangeServer]) -> None:
    folder, server = remote
    path = folder / "run/1.mp4"
    found = found_member(path)
    assert found is not None
    server.later = "status 403"
    with pytest.raises(VideoDecodeError, match=f"^{re.escape(f'{path}: {found.tar}: status 403')}"):
        stored_in_shard(path)
    server.later = "none"
    tar = server.folder / Path(found.tar).name
    content = bytearray(tar.read_bytes())
    content[found.member.offset] ^= 1
    tar.write_bytes(content)
    with pytest.raises(VideoDecodeError, match="is not the one of the index: it has other bytes here"):
        stored_in_shard(path)


def content_of(path: Path) -> bytes:
    with open_stored(path) as file:
        return file.read()


@pytest.mark.slow
@pytest.mark.parametrize("start", ["fork", "spawn"])
def test_processes_read_at_once_whatever_their_parent_has_read(
    root: Path, remote: tuple[Path, RangeServer], start: str
) -> None:
    """A data loader forks after the main process has listed and read videos, also over the network."""
    folder, server = remote
    for at in (root, folder):
        assert content_of(at / "run/0.mp4") == CONTENT["run/0.mp4"]
    server.later = "none"
    server.faults = ["status 503", "hang up", "half"]
    paths = [at / name for _ in range(4) for at in (root, folder) for name in CONTENT]
    with multiprocessing.get_context(start).Pool(3 if start == "fork" else 1) as pool:
        assert pool.map(content_of, paths, chunksize=1) == list(CONTENT.values()) * 8
