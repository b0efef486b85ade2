import io
import re
import tarfile
import zlib
from pathlib import Path

import pytest

from zsar.runtime.files.given_files import GivenFileError
from zsar.runtime.shards import tar_members
from zsar.runtime.shards.tar_members import TarMember, members_of, name_fault


def header(name: str, n_bytes: int = 3, **fields: object) -> tarfile.TarInfo:
    """A header of a file of the tar."""
    info = tarfile.TarInfo(name)
    info.size = n_bytes
    for field, value in fields.items():
        setattr(info, field, value)
    return info


def write(path: Path, *headers: tarfile.TarInfo) -> Path:
    with tarfile.open(path, "w") as tar:
        for info in headers:
            tar.addfile(info, io.BytesIO(bytes(i % 256 for i in range(info.size))))
    return path


def test_files_are_listed_with_their_bytes(tmp_path: Path) -> None:
    folder = header("run", 0, type=tarfile.DIRTYPE)
    long = "a" * 150 + "/\u65e5.mp4"  # a name that takes a header of its own
    path = write(tmp_path / "a.tar", header("0.mp4"), folder, header("./run/1.mp4", 600), header(long, 0))
    first, second, third = members_of(path)
    assert first == TarMember("0.mp4", 512, 3, zlib.crc32(b"\x00\x01\x02"))
    assert (second.name, second.offset, second.n_bytes) == ("run/1.mp4", 512 * 4, 600)  # after 0.mp4 and two headers
    assert (third.name, third.n_bytes, third.crc32) == (long, 0, 0)


@pytest.mark.parametrize(
    ("name", "fault"),
    [
        ("/etc/passwd", "is an absolute path"),
        ("../a.mp4", "leads out of its folder"),
        ("a/../../b.mp4", "leads out of its folder"),
        ("a//b.mp4", "has an empty part"),
        ("", "is empty"),
        ("a\0", "has a NUL character"),
        ("a" * 5000, "has 5000 characters, more than 4096"),
        ("a/b..c.mp4", None),
    ],
)
def test_names_that_lead_elsewhere_have_a_fault(name: str, fault: str | None) -> None:
    found = name_fault(name)
    assert found is None if fault is None else found is not None and fault in found


def test_tars_of_strangers_are_refused_in_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    good = header("0.mp4")
    monkeypatch.setattr(tar_members, "MOST_MEMBER_BYTES", 1000)
    cases = {
        "the name of its member '/0.mp4' is an absolute path": [header("/0.mp4")],
        "the name of its member 'a/../../0.mp4' leads out": [good, header("a/../../0.mp4")],
        "its member '1.mp4' is a symbolic link": [header("1.mp4", 0, type=tarfile.SYMTYPE, linkname="/etc/passwd")],
        "its member '1.mp4' is a hard link": [good, header("1.mp4", 0, type=tarfile.LNKTYPE, linkname="0.mp4")],
        "its member '1.mp4' is a device": [header("1.mp4", 0, type=tarfile.CHRTYPE)],
        "it holds the member '0.mp4' twice": [good, header("./0.mp4")],
        "its member '1.mp4' has 1001 bytes, more than the limit 1000": [header("1.mp4", 1001)],
    }
    for number, (message, headers) in enumerate(cases.items()):
        path = write(tmp_path / f"{number}.tar", *headers)
        with pytest.raises(GivenFileError, match=f"^{re.escape(str(path))}: {re.escape(message)}") as refused:
            members_of(path)
        assert "; write the shards again" in str(refused.value)
        assert "\n" not in str(refused.value)


def test_a_tar_that_is_cut_off_or_damaged_anywhere_is_refused(tmp_path: Path) -> None:
    whole = write(tmp_path / "whole.tar", header("0.mp4", 700), header("1.mp4", 700)).read_bytes()
    path = tmp_path / "a.tar"
    for n_bytes in (100, 512, 1000, 1536, 1600, 2048, 2600, 3072, 3584):  # within and between headers and contents
        path.write_bytes(whole[:n_bytes])
        with pytest.raises(GivenFileError, match="cut off|not a plain tar"):
            members_of(path)
    for content, message in (
        (whole[:1536] + b"x" * 512 + whole[2048:], "header at byte 1536 is damaged"),  # the second header
        (whole + b"more", "data follow the end"),
        (b"no tar" * 200, "not a plain tar"),
    ):
        path.write_bytes(content)
        with pytest.raises(GivenFileError, match=message):
            members_of(path)
