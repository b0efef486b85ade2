import os
import re
from pathlib import Path

import pytest

from tests.makers.files.range_server import range_server
from tests.makers.files.shards import pack
from zsar.runtime.files.given_files import GivenFileError
from zsar.runtime.shards.shard_folders import folders_above, found_member, shards_in


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A folder of three packed files."""
    for name in ("train/run/0.mp4", "train/run/1.mp4", "test/2.mp4"):
        (tmp_path / "root" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "root" / name).write_bytes(name.encode())
    pack(tmp_path / "root")
    return tmp_path / "root"


def test_a_member_is_found_by_the_path_that_it_would_have_unpacked(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = found_member(root / "train/run/1.mp4")
    assert found is not None
    content = Path(found.tar).read_bytes()[found.member.offset : found.member.end]
    assert content == b"train/run/1.mp4"
    assert not found.is_remote
    for absent in ("train/run/2.mp4", "train/run", "run/1.mp4", ""):
        assert found_member(root / absent) is None
    monkeypatch.chdir(root.parent)
    assert found_member("root/train/../train/run/1.mp4") == found  # any spelling
    (root / "train/run").mkdir(parents=True)
    (root / "train/run/1.mp4").write_bytes(b"")
    assert found_member(root / "train/run/1.mp4") is None, "a file goes before a member"


def test_the_nearest_folder_goes_first(root: Path) -> None:
    (root / "train/run").mkdir(parents=True)
    (root / "train/run/0.mp4").write_bytes(b"nearer")
    pack(root / "train", n_shards=1)
    assert [inner for _, inner in folders_above(root / "train/run")] == ["run", "train/run"]
    found = found_member(root / "train/run/0.mp4")
    assert found is not None
    assert found.member.n_bytes == len(b"nearer")


def test_an_index_that_changes_is_read_again(root: Path) -> None:
    assert shards_in(root) is shards_in(root)
    (root / "train").mkdir()
    (root / "train/3.mp4").write_bytes(b"new")
    pack(root)
    assert found_member(root / "train/3.mp4") is not None
    for path in root.glob("zsar_shards.jsonl"):
        path.unlink()
    assert shards_in(root) is None


def test_tars_may_lie_at_an_address_with_the_index_there_or_here(root: Path, tmp_path: Path) -> None:
    for name in ("there", "here"):
        (tmp_path / name).mkdir()
    with range_server(root) as server:
        for name in ("there", "here"):
            (tmp_path / name / "zsar_shards.url").write_text(f"{server.url}/\n")
        (tmp_path / "here" / "zsar_shards.jsonl").write_bytes((root / "zsar_shards.jsonl").read_bytes())
        here, there = (found_member(tmp_path / name / "test/2.mp4") for name in ("here", "there"))
        assert here is not None
        assert here == there
        assert here.is_remote
        assert here.tar.startswith(f"{server.url}/shard-0000")
        assert [path for path, _ in server.requests] == ["/zsar_shards.jsonl"], "once, though it was asked for twice"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("/data/shards", "'/data/shards' is not one address; write the address"),
        ("s3://a/b\ns3://c/d", "is not one address"),
        ("", "the file is empty"),
        ("http://me:secret@host/a", "it has a name or password before the @"),
    ],
)
def test_a_wrong_address_is_refused(tmp_path: Path, content: str, message: str) -> None:
    path = tmp_path / "zsar_shards.url"
    path.write_text(content)
    with pytest.raises(GivenFileError, match=f"^{re.escape(str(path))}: .*{re.escape(message)}") as refused:
        shards_in(tmp_path)
    assert "secret" not in str(refused.value)


def test_links_lead_to_shards_too(root: Path, tmp_path: Path) -> None:
    os.symlink(root, tmp_path / "link")
    assert found_member(tmp_path / "link/test/2.mp4") is not None
