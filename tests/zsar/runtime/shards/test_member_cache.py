import os
from pathlib import Path

import pytest

from zsar.runtime.shards.member_cache import MemberCache, member_cache
from zsar.runtime.shards.tar_members import TarMember


def member(number: int, n_bytes: int = 100) -> TarMember:
    return TarMember(f"{number}.mp4", 512 * (1 + number), n_bytes, number)


def total(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def test_what_is_added_is_there_until_it_is_forgotten(tmp_path: Path) -> None:
    cache = MemberCache(tmp_path, 10_000)
    cache.add("http://a/0.tar", member(0), b"content")
    assert cache.get("http://a/0.tar", member(0)) == b"content"
    assert MemberCache(tmp_path, 10_000).get("http://a/0.tar", member(0)) == b"content"
    for tar, other in (("http://b/0.tar", member(0)), ("http://a/0.tar", member(1)), ("http://a/0.tar", member(0, 9))):
        assert cache.get(tar, other) is None
    cache.forget("http://a/0.tar", member(0))
    assert cache.get("http://a/0.tar", member(0)) is None


def test_the_limit_holds_and_what_was_read_last_stays(tmp_path: Path) -> None:
    cache = MemberCache(tmp_path, 1000)
    for number in range(30):
        cache.add("t", member(number), bytes(100))
        assert total(tmp_path) <= 1000
        for path in tmp_path.rglob("*"):
            if path.is_file():  # older by a second with each addition, whatever the clock's resolution
                status = path.stat()
                os.utime(path, (status.st_atime, status.st_mtime - 1))
        assert cache.get("t", member(0)) is not None
    assert cache.get("t", member(29)) is not None
    assert cache.get("t", member(10)) is None


def test_too_large_videos_and_a_size_of_zero_keep_nothing(tmp_path: Path) -> None:
    MemberCache(tmp_path, 1000).add("t", member(0, 101), bytes(101))
    MemberCache(tmp_path, 0).add("t", member(0, 1), bytes(1))
    assert total(tmp_path) == 0


def test_a_folder_that_cannot_be_written_costs_only_the_cache(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    cache = MemberCache(tmp_path / "file", 1000)
    cache.add("t", member(0), bytes(100))
    assert cache.get("t", member(0)) is None


def test_the_environment_decides(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ZSAR_SHARD_CACHE", str(tmp_path / "here"))
    monkeypatch.setenv("ZSAR_SHARD_CACHE_GB", "0.000001")
    member_cache().add("t", member(0), bytes(100))
    assert total(tmp_path / "here") == 100
    monkeypatch.setenv("ZSAR_SHARD_CACHE_GB", "much")
    with pytest.raises(ValueError, match=r"\$ZSAR_SHARD_CACHE_GB is 'much'; give gigabytes from 0 on"):
        member_cache()
