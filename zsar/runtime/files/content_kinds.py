"""Recognises common kinds of files by their first bytes, for error messages about wrong files."""

from __future__ import annotations

HEAD_BYTES = 64
"""Number of bytes needed to recognise the kind."""

WEB_PAGE = "a web page"
LFS_POINTER = "a pointer of Git LFS"

_BEGINNINGS = (
    (b"version https://git-lfs", LFS_POINTER),
    (b"\x89PNG", "a PNG picture"),
    (b"\xff\xd8\xff", "a JPEG picture"),
    (b"GIF8", "a GIF picture"),
    (b"PK\x03\x04", "a zip archive"),
    (b"PK\x05\x06", "an empty zip archive"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"%PDF", "a PDF document"),
    (b"\x1aE\xdf\xa3", "a Matroska video"),
    (b"\x80\x02", "a Python pickle"),
    (b"\xd0\xcf\x11\xe0", "an old Excel or Word document"),
    (b"SQLite", "a database"),
)


def kind_of_bytes(head: bytes) -> str | None:
    """The kind of a file, such as "a web page"; None if it is not recognised.

    Args:
        head: Its first `HEAD_BYTES` bytes, or the whole file if shorter.
    """
    if head.removeprefix(b"\xef\xbb\xbf").lstrip().lower().startswith((b"<!doctype html", b"<html")):
        return WEB_PAGE
    if head[4:8] == b"ftyp":
        return "an mp4 video"
    return next((name for beginning, name in _BEGINNINGS if head.startswith(beginning)), None)
