import os
from pathlib import Path

import pytest

from zsar.runtime.text import text_files
from zsar.runtime.text.text_files import (
    LONGEST_MESSAGE,
    ListFileError,
    cut,
    decimal_number,
    fault_in,
    plain_name,
    read_text,
    shown,
    stripped,
    text_of,
    whole_number,
)


@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r"])
def test_utf8_reads_the_same_with_any_line_end_and_with_or_without_a_mark(mark: bytes, end: bytes) -> None:
    data = mark + end.join([b"a", "Café".encode(), "c\u2028d".encode(), b""])
    assert text_of(data, "f") == "a\nCafé\nc\u2028d\n"


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"ab\r\ncaf\xe9", r"^f:2: byte 0xE9 is not UTF-8 \(it looks like Latin-1.*iconv -f latin1 -t utf-8$"),
        (b"\xef\xbb\xbfab\rcaf\xe9", r"^f:2: byte 0xE9 is not UTF-8"),
        ("a\nb".encode("utf-16"), r"^f:1: is UTF-16 text .*iconv -f utf-16 -t utf-8$"),
        ("a\nb".encode("utf-16-le"), r"^f:1: byte 0x00 .*UTF-16.*iconv -f utf-16le"),
        ("a\nb".encode("utf-16-be"), r"^f:1: byte 0x00 .*UTF-16.*iconv -f utf-16be"),
        ("a\nb".encode("utf-32"), r"^f:1: is UTF-32 text"),
        (b"a\nb\n\0", r"^f:3: byte 0x00 .*binary"),
        (b"a\n\x07", r"^f:2: the control character U\+0007"),
        ("a\n\n\u0085".encode(), r"^f:3: the control character U\+0085"),
        (b"\x89PNG\r\n\x1a\n", "^f: is not a text file .*PNG"),
        (b"PK\x03\x04", "^f: is not a text file .*zip"),
        (b"\xef\xbb\xbf\n<!DOCTYPE html><html>404", "^f: is a web page"),
        (b"version https://git-lfs.github.com/spec/v1\noid", "^f: is a pointer of Git LFS"),
        (bytes(range(1, 256)), "^f:.*control|^f:.*binary"),
    ],
)
def test_what_is_no_utf8_text_is_refused_with_its_line_and_what_it_seems_to_be(data: bytes, message: str) -> None:
    with pytest.raises(ListFileError, match=message):
        text_of(data, "f")


def test_only_regular_files_of_a_bounded_size_are_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    os.mkfifo(tmp_path / "fifo")
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    (tmp_path / "sparse").touch()
    os.truncate(tmp_path / "sparse", 10 * 2**30)
    monkeypatch.setattr(text_files, "MOST_BYTES", 10)
    (tmp_path / "long").write_bytes(b"a" * 11)
    refused = {
        tmp_path: "is a folder, but the list must be",
        tmp_path / "fifo": "is a pipe, socket or device",
        Path("/dev/zero"): "is a pipe, socket or device",
        tmp_path / "loop": "cannot be read",
        tmp_path / ("x" * 300): "cannot be read",
        tmp_path / "sparse": "may have 10",
        tmp_path / "long": "has 11 bytes, but the list may have 10",
    }
    for path, message in refused.items():
        with pytest.raises(ListFileError, match=message) as caught:
            read_text(path, "list")
        assert str(caught.value).startswith(f"{path}: ")
    (tmp_path / "long").write_bytes(b"a" * 10)
    assert read_text(tmp_path / "long", "list") == "a" * 10


def test_a_missing_file_is_named_with_the_remedy(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"there is no list .*gone/x\.txt; give another$"):
        read_text(tmp_path / "gone" / "x.txt", "list", if_missing="give another")


def test_names_are_compared_by_their_letters() -> None:
    assert plain_name(" Cafe\u0301 \u00a0 au\tlait\u200b ") == "Café au lait"
    assert stripped("\ufeff\u00a0 a  b \u200b") == "a  b"
    assert stripped("\u200b \u00a0") == ""
    for hidden in ("a\u200bb", "a\u00adb", "a\x00b", "a\ud800b"):
        with pytest.raises(ValueError, match="invisible character U\\+"):
            plain_name(hidden)
    assert plain_name("👩\u200d🔬 at work") == "👩\u200d🔬 at work"  # joined by a character of no width


@pytest.mark.parametrize(
    "text", ["", "²", "\uff11", "1_0", "+1", "-1", "nan", "inf", "1e400", "9" * 300, "0x1", " 1", "1,5"]
)
def test_what_is_no_plain_number_is_none(text: str) -> None:
    assert whole_number(text, 10**9) is None
    assert decimal_number(text, 1e9) is None


def test_plain_numbers_are_read_up_to_their_limit() -> None:
    assert [whole_number(text, 10) for text in ("0", "007", "10", "11", "1.0")] == [0, 7, 10, None, None]
    assert [decimal_number(text, 10) for text in ("0", "9.5", ".5", "5.", "1e1", "10.1")] == [0, 9.5, 0.5, 5, 10, None]


def test_long_values_are_cut_in_errors() -> None:
    assert shown("a'b") == '"a\'b"'
    assert len(shown("x" * 10_000)) < 70
    assert len(shown(list(range(10_000)))) < 70
    nested: list[object] = []
    for _ in range(5000):
        nested = [nested]
    assert len(shown(nested)) < 70


def test_a_fault_that_quotes_a_whole_file_keeps_its_place_and_its_remedy() -> None:
    said = str(fault_in("/a/b.csv", f"{'x' * 10**6} is no name; correct it", line=7))
    assert said.startswith("/a/b.csv:7: xxx")
    assert said.endswith("is no name; correct it")
    assert len(said) < LONGEST_MESSAGE + 100
    assert cut("short") == "short"
