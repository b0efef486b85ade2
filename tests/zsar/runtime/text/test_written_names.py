import os

import pytest

from zsar.runtime.text.written_names import read_name, written_name

NAMES = (
    b"plain.mp4",
    "Jos\u00e9/e\u0301.mp4".encode(),
    b"ros\xe9.mp4",
    b"a\\b\xff.mp4",
    b"\\udce9.mp4",
    b"\\\\server\\x.mp4",
    b"\\x41 \\n.mp4",
    b"\\\\udcff\xff",
    b"a\nb\r.mp4",
    b" a b ",
    "\u2003a\u2028".encode(),
    b"\\u0020",
)


@pytest.mark.parametrize("name", NAMES, ids=repr)
def test_every_name_is_written_in_utf8_and_read_back(name: bytes) -> None:
    written = written_name(os.fsdecode(name))
    assert os.fsencode(read_name(written.encode("utf-8").decode("utf-8"))) == name
    assert written.splitlines() == [written.strip()]


def test_a_name_in_utf8_is_written_as_it_is() -> None:
    for name in ("a b.mp4", "[x] \\d.mp4", "\u05d0\u05d1", "C:\\videos\\a.mp4"):
        assert written_name(name) == name


def test_a_byte_that_is_no_text_is_written_as_json_writes_it() -> None:
    assert written_name("ros\udce9.mp4") == "ros\\udce9.mp4"


def test_no_two_names_are_written_alike() -> None:
    assert len({written_name(os.fsdecode(name)) for name in NAMES}) == len(NAMES)
