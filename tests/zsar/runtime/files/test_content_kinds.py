import gzip
import io
import pickle
import zipfile

import pytest

from zsar.runtime.files.content_kinds import HEAD_BYTES, kind_of_bytes


def archive() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as made:
        made.writestr("a", "b")
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"  \n<!DOCTYPE HTML><p>", "a web page"),
        (b"\xef\xbb\xbf<html>", "a web page"),
        (b"version https://git-lfs.github.com/spec/v1\n", "a pointer of Git LFS"),
        (b"\0\0\0\x20ftypisom", "an mp4 video"),
        (gzip.compress(b"x", mtime=0), "a gzip archive"),
        (archive(), "a zip archive"),
        (pickle.dumps({}, protocol=2), "a Python pickle"),
        (b"", None),
        (b"a list of classes", None),
        (b'{"a": 1}', None),
    ],
)
def test_the_kind_is_told_by_the_first_bytes(content: bytes, kind: str | None) -> None:
    assert kind_of_bytes(content[:HEAD_BYTES]) == kind
