import os
import re
from pathlib import Path

import pytest

from zsar.datamodules.video_files.writing.shard_packing import ShardPacker
from zsar.runtime.files.given_files import GivenFileError
from zsar.runtime.shards.shard_index import read_index
from zsar.runtime.shards.stored_videos import open_stored
from zsar.runtime.shards.tar_members import members_of

NAMES = [f"{label}/{number}.mp4" for label in ("jump", "run") for number in range(4)]


def write(folder: Path, *names: str, content: str = "") -> None:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(content or name)


def tars(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.glob("*.tar")}


def read(folder: Path, name: str) -> str:
    with open_stored(folder / name) as file:
        return file.read().decode()


@pytest.fixture
def packed(tmp_path: Path) -> Path:
    """A folder of eight packed files."""
    write(tmp_path, *NAMES)
    ShardPacker(tmp_path, 3).begin(NAMES, ())
    return tmp_path


def test_every_video_is_in_the_tar_of_its_name_once(packed: Path) -> None:
    packer = ShardPacker(packed, 3)
    held = {member.name: tar.name for tar in packed.glob("*.tar") for member in members_of(tar)}
    assert held == {name: f"shard-{packer.number_of(name):05d}-of-00003.tar" for name in NAMES}
    assert [read(packed, name) for name in NAMES] == NAMES
    assert sorted(path.name for path in packed.iterdir()) == [*sorted(set(held.values())), "zsar_shards.jsonl"]
    assert [packer.n_bytes(name) for name in NAMES] == [len(name) for name in NAMES]
    assert packer.n_bytes("run/9.mp4") is None


def test_the_same_videos_make_the_same_tars(packed: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    other = tmp_path_factory.mktemp("other")
    write(other, *reversed(NAMES))
    ShardPacker(other, 3).begin(reversed(NAMES), ())
    assert tars(other) == tars(packed)
    before = {path: path.stat().st_mtime_ns for path in packed.iterdir()}
    ShardPacker(packed, 3).begin(NAMES, ())
    assert {path: path.stat().st_mtime_ns for path in packed.iterdir()} == before, "nothing is written again"


def test_a_tar_is_written_when_its_last_video_is_there(tmp_path: Path) -> None:
    packer = ShardPacker(tmp_path, 2)
    packer.begin(NAMES, NAMES)
    for done, name in enumerate(NAMES, start=1):
        write(tmp_path, name)
        packer.end(name, is_prepared=True)
        finished = {
            number for number in (0, 1) if all(n in NAMES[:done] for n in NAMES if packer.number_of(n) == number)
        }
        assert sorted(tars(tmp_path)) == [f"shard-{number:05d}-of-00002.tar" for number in sorted(finished)]
        for n in NAMES[:done]:
            assert (tmp_path / n).exists() == (packer.number_of(n) not in finished)
            assert read(tmp_path, n) == n


def test_new_changed_and_failed_videos_change_their_tars_only(packed: Path) -> None:
    before = tars(packed)
    packer = ShardPacker(packed, 3)
    videos = [*NAMES, "run/new.mp4"]
    packer.begin(videos, ["run/0.mp4", "run/1.mp4", "run/new.mp4"])
    write(packed, "run/new.mp4")
    write(packed, "run/0.mp4", content="changed")
    packer.end("run/new.mp4", is_prepared=True)
    packer.end("run/0.mp4", is_prepared=True)
    packer.end("run/1.mp4", is_prepared=False)
    contents = {name: read(packed, name) for name in videos if name != "run/1.mp4"}
    assert contents == {name: name for name in contents} | {"run/0.mp4": "changed"}
    assert read_index(packed / "zsar_shards.jsonl").find("run/1.mp4") is None
    numbers = {packer.number_of(name) for name in ("run/0.mp4", "run/1.mp4", "run/new.mp4")}
    touched = {f"shard-{number:05d}-of-00003.tar" for number in numbers}
    after = tars(packed)
    assert {name for name in before if after[name] != before[name]} == touched
    assert not (packed / "run").exists()


def test_a_tar_of_which_all_videos_failed_goes(tmp_path: Path) -> None:
    write(tmp_path, "0.mp4")
    ShardPacker(tmp_path, 1).begin(["0.mp4"], ())
    packer = ShardPacker(tmp_path, 1)
    packer.begin(["0.mp4"], ["0.mp4"])
    packer.end("0.mp4", is_prepared=False)
    assert tars(tmp_path) == {}
    assert packer.n_written == len(read_index(tmp_path / "zsar_shards.jsonl")) == 0


def test_a_run_that_was_killed_before_the_index_was_written_is_taken_up(packed: Path) -> None:
    old = (packed / "zsar_shards.jsonl").read_bytes()
    write(packed, "run/0.mp4", content="CHANGED!!")  # as long as before
    ShardPacker(packed, 3).begin(NAMES, ())
    (packed / "zsar_shards.jsonl").write_bytes(old)
    os.utime(packed / "zsar_shards.jsonl", (0, 0))
    assert ShardPacker(packed, 3).n_written == len(tars(packed))
    assert read(packed, "run/0.mp4") == "CHANGED!!"
    (packed / "zsar_shards.jsonl").unlink()
    ShardPacker(packed, 3)
    assert [read(packed, name) for name in NAMES[:4]] == NAMES[:4]


def test_another_number_of_tars_and_damaged_ones_are_refused(packed: Path) -> None:
    for n_shards, given in ((4, "--shards 4"), (None, "no --shards")):
        message = f"{packed} was packed with --shards 3, but this run has {given}; give the same"
        with pytest.raises(ValueError, match=re.escape(message)):
            ShardPacker(packed, n_shards)
    tar = next(packed.glob("*.tar"))
    tar.write_bytes(tar.read_bytes()[:600])
    with pytest.raises(GivenFileError, match=f"{tar.name}: "):
        ShardPacker(packed, 3)


def test_names_of_any_bytes_are_kept(tmp_path: Path) -> None:
    names = ["\udcff.mp4", "\u65e5/" + "a" * 200 + ".mp4", "new\nline.mp4"]
    for name in names:
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(os.fsencode(name))
    ShardPacker(tmp_path, 1).begin(names, ())
    for name in names:
        with open_stored(tmp_path / name) as file:
            assert file.read() == os.fsencode(name)
