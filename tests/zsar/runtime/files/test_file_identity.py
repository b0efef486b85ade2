from pathlib import Path

import pytest

from zsar.runtime.files.file_identity import quick_hash

MANY = 3_000_000  # bytes, of which a third is read


def content(n_bytes: int) -> bytearray:
    return bytearray(i * 31 % 251 for i in range(1000)) * (n_bytes // 1000)


@pytest.mark.parametrize("n_bytes", [0, 1000, MANY])
def test_a_copy_has_the_hash_of_the_file(tmp_path: Path, n_bytes: int) -> None:
    for name in ("a.mp4", "b.mp4"):
        (tmp_path / name).write_bytes(content(n_bytes))
    assert quick_hash(tmp_path / "a.mp4") == quick_hash(tmp_path / "b.mp4")


@pytest.mark.parametrize("n_bytes", [1000, MANY])
@pytest.mark.parametrize("place", [0, -1])
def test_another_byte_at_either_end_gives_another_hash(tmp_path: Path, n_bytes: int, place: int) -> None:
    (path := tmp_path / "a.mp4").write_bytes(changed := content(n_bytes))
    before = quick_hash(path)
    changed[place] ^= 1
    path.write_bytes(changed)
    assert quick_hash(path) != before


def test_every_byte_of_a_short_file_counts_and_so_does_the_size(tmp_path: Path) -> None:
    (path := tmp_path / "a.mp4").write_bytes(changed := content(1000))
    seen = {quick_hash(path)}
    for i in range(0, 1000, 100):
        changed[i] ^= 1
        path.write_bytes(changed)
        seen.add(quick_hash(path))
    path.write_bytes(changed + b"\0")
    seen.add(quick_hash(path))
    assert len(seen) == 12
