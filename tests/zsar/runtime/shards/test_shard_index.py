import json
import re
from pathlib import Path
from typing import Any

import pytest

from zsar.runtime.files.given_files import GivenFileError
from zsar.runtime.shards.shard_index import Shard, ShardIndex, parse_index, read_index, write_index
from zsar.runtime.shards.tar_members import TarMember

SHARDS = [
    Shard("b.tar", 4096, [TarMember("run/1.mp4", 512, 10, 7), TarMember("run/0.mp4", 1536, 512, 8)]),
    Shard("a.tar", 2048, [TarMember("run-1/\u65e5\udcff.mp4", 512, 1, 2**32 - 1), TarMember("run", 1536, 0, 0)]),
]


def test_what_is_written_is_read(tmp_path: Path) -> None:
    path = tmp_path / "zsar_shards.jsonl"
    write_index(path, 3, SHARDS)
    index = read_index(path)
    assert (index.n_shards, len(index)) == (3, 4)
    assert index.find("run/0.mp4") == (TarMember("run/0.mp4", 1536, 512, 8), "b.tar", 4096)
    assert index.find("run-1/\u65e5\udcff.mp4") == (SHARDS[1].members[0], "a.tar", 2048)
    for absent in ("run/2.mp4", "run/", "r", "", "z", "run/0.mp4" * 20):
        assert index.find(absent) is None
    assert index.all_shards() == SHARDS


def test_a_folder_has_its_files_and_not_those_of_a_neighbour_by_name() -> None:
    names = ["a.mp4", "a/0.mp4", "a/b/1.mp4", "a-b/2.mp4", "ab/3.mp4", "a0/4.mp4"]
    members = [TarMember(name, 512 + 1024 * i, 1, 0) for i, name in enumerate(names)]
    index = ShardIndex("i", 1, [Shard("a.tar", 10**6, members)])
    for folder in ("a", "a/b", "a-b", "ab", "a0", "c", "a/b/1.mp4", "a/b/1.mp4/longer than any name"):
        assert index.names_below(folder) == sorted(name for name in names if name.startswith(f"{folder}/"))
    assert index.names_below("") == sorted(names)
    assert ShardIndex("i", 1, []).names_below("a") == []
    assert ShardIndex("i", 1, []).find("a") is None


HEAD = {"format": "zsar shards", "version": 1, "n_shards": 1}


def shard(*members: Any, name: object = "a.tar", n_bytes: object = 4096) -> dict[str, Any]:
    return {"shard": name, "n_bytes": n_bytes, "members": list(members)}


@pytest.mark.parametrize(
    ("lines", "line", "message"),
    [
        ([{**HEAD, "version": 2}], 1, "not an index of shards of version 1"),
        ([{"n_shards": 1}], 1, "not an index"),
        ([HEAD, []], 2, "not an object"),
        ([HEAD, shard(name="../a.tar")], 2, "shard is '../a.tar', not the name of a tar file"),
        ([HEAD, shard(name="a.zip")], 2, "not the name of a tar file"),
        ([HEAD, shard(n_bytes=-1)], 2, "no size"),
        ([HEAD, shard(["/a", 512, 1, 0])], 2, "the name of the member '/a' of a.tar is an absolute path"),
        ([HEAD, shard(["../a", 512, 1, 0])], 2, "leads out of its folder"),
        ([HEAD, shard(["a", 512, 1])], 2, r"not \[name, offset, size, CRC-32\]"),
        ([HEAD, shard(["a", 512.0, 1, 0])], 2, r"not \[name, offset, size, CRC-32\]"),
        ([HEAD, shard(["a", True, 1, 0])], 2, r"not \[name, offset, size, CRC-32\]"),
        ([HEAD, shard(["a", 512, 1, 2**32])], 2, "out of range"),
        ([HEAD, shard(["a", 512, 2**31, 0])], 2, "out of range"),
        ([HEAD, shard(["a", 513, 1, 0])], 2, "'a' has the bytes 513 to 514, which do not fit"),
        ([HEAD, shard(["a", 0, 1, 0])], 2, "do not fit after the beginning"),
        ([HEAD, shard(["a", 512, 4000, 0])], 2, "the bytes 512 to 4512, .* into the 4096 bytes of a.tar"),
        ([HEAD, shard(["b", 512, 600, 0], ["a", 1024, 1, 0])], 2, "'a' has the bytes 1024 to 1025, .* after 'b'"),
        ([HEAD, shard(), shard()], 3, "a.tar is listed twice"),
    ],
)
def test_an_index_that_cannot_be_that_of_its_tars_is_refused_by_line(lines: list[Any], line: int, message: str) -> None:
    content = "".join(f"{json.dumps(row)}\n" for row in lines).encode()
    with pytest.raises(GivenFileError, match=f"^i.jsonl:{line}: .*{message}.*; write the shards again") as refused:
        parse_index(content, "i.jsonl")
    assert "\n" not in str(refused.value)


def test_an_index_that_is_cut_off_or_lists_a_member_twice_is_refused() -> None:
    content = f"{json.dumps(HEAD)}\n{json.dumps(shard(['a', 512, 1, 0]))}\n".encode()
    assert len(parse_index(content, "i")) == 1
    for cut, message in ((content[:-1], "it is cut off"), (content[:-9], "cut off"), (b"", "not a JSON file|empty")):
        with pytest.raises(GivenFileError, match=message):
            parse_index(cut, "i")
    other = json.dumps(shard(["a", 1024, 1, 0], name="b.tar")).encode() + b"\n"
    with pytest.raises(GivenFileError, match=re.escape("the member 'a' is listed twice (a.tar and b.tar)")):
        parse_index(content + other, "i")
