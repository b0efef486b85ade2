"""Files that are not what they are given as: of the kinds that people hand over by mistake, and hostile ones."""

from __future__ import annotations

import gzip
import io
import json
import os
import pickle
import struct
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path

import torch
from safetensors.torch import save

_HUGE = 10 * 2**30


def _safetensors(header: object, data: bytes = b"", length: int | None = None) -> bytes:
    text = json.dumps(header).encode()
    return struct.pack("<Q", len(text) if length is None else length) + text + data


def _torch_bytes(content: object) -> bytes:
    buffer = io.BytesIO()
    torch.save(content, buffer)
    return buffer.getvalue()


def _zip(**members: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in members.items():
            archive.writestr(name.replace("__", "/"), content)
    return buffer.getvalue()


class _Runs:
    """An object of which a pickle runs a function."""

    def __reduce__(self) -> tuple[Callable[..., object], tuple[object, ...]]:
        return os.getcwd, ()


_STATE = {"a.weight": torch.ones(2, 3), "b": torch.zeros(4)}
_PACKED = _torch_bytes({"state_dict": _STATE, "zsar": {"class_path": "zsar.lightning_modules.t2l.T2L"}})
_SAVED = save({"features": torch.ones(4, 3), "times_seconds": torch.arange(4).double()}, metadata={"a": "b"})

CONTENTS: Mapping[str, bytes] = {
    "empty": b"",
    "one byte": b"\0",
    "a new line": b"\n",
    "prose": b"This is no such file.\nAt all, or is it?\n",
    "a web page": b"<!DOCTYPE html>\n<html><title>404</title>Not found</html>\n",
    "a Git LFS pointer": b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 12\n",
    "a picture": b"\x89PNG\r\n\x1a\n" + bytes(range(64)),
    "a photo": b"\xff\xd8\xff\xe0\0\x10JFIF" + bytes(range(64)),
    "a video": b"\0\0\0\x20ftypisom" + bytes(64),
    "a gzip archive": gzip.compress(b"{}"),
    "noise": bytes((i * 7919 + 13) % 256 for i in range(4096)),
    "UTF-16": '{"a": 1}'.encode("utf-16"),
    "UTF-16 without a mark": '{"a": 1}'.encode("utf-16-le"),
    "Latin-1": '{"classes": "pâté"}\n'.encode("latin-1"),
    "a byte order mark alone": b"\xef\xbb\xbf",
    "NUL bytes in text": b'{"a": "b\0c"}',
    "JSON null": b"null",
    "a JSON number": b"12",
    "a JSON list": b"[1, 2]",
    "a JSON text": b'"text"',
    "an empty mapping": b"{}",
    "JSON of other keys": b'{"a": {"b": [1, {"c": null}]}}',
    "JSON cut short": b'{"captions": [[0.0, "a man"], [1.0, "a',
    "JSON with NaN": b'{"captions": [[NaN, "a"]], "sets": NaN}',
    "JSON with a huge number": b'{"captions": [[1e999, "a"]], "sets": ' + b"9" * 5000 + b"}",
    "JSON with repeated keys": b'{"captions": [], "captions": [[0, "a"]]}',
    "JSON nested 100,000 deep": b"[" * 100_000 + b"]" * 100_000,
    "mappings nested 100,000 deep": b'{"a":' * 100_000,
    "YAML with tabs": b"a:\n\t- b\n",
    "YAML that runs a command": b"!!python/object/apply:os.getcwd []\n",
    "YAML that holds itself": b"&a [*a]\n",
    "YAML mapping that holds itself": b"&a\ndata: *a\nmodel: *a\n",
    "an empty zip archive": _zip(),
    "a zip archive of other files": _zip(readme=b"hello"),
    "a zip archive like torch's without data": _zip(archive__version=b"3\n"),
    "half of a checkpoint": _PACKED[: len(_PACKED) // 2],
    "a checkpoint without its last bytes": _PACKED[:-10],
    "the beginning of a checkpoint": _PACKED[:200],
    "a checkpoint with a flipped bit": _PACKED[:100] + bytes([_PACKED[100] ^ 4]) + _PACKED[101:],
    "a pickle that runs a function": pickle.dumps(_Runs()),
    "an old pickle": pickle.dumps({"a": 1}, protocol=2),
    "a checkpoint with an object": _torch_bytes({"state_dict": _STATE, "zsar": _Runs()}),
    "a tensor alone": _torch_bytes(torch.ones(3)),
    "a list of tensors": _torch_bytes([torch.ones(3)]),
    "a state dict of others": _torch_bytes(_STATE),
    "a state dict of no tensors": _torch_bytes({"state_dict": {"a": 1, "b": "x"}, "zsar": {}}),
    "a checkpoint that says nothing": _torch_bytes({"state_dict": {}, "zsar": None}),
    "a checkpoint whose entries are lists": _torch_bytes({"state_dict": [], "zsar": []}),
    "a dict with numbers as keys": _torch_bytes({1: torch.ones(2), 2: {"a": 3}}),
    "NaN weights": _torch_bytes({"a.weight": torch.full((2, 3), torch.nan)}),
    "a safetensors file of others": save(_STATE),
    "half of a safetensors file": _SAVED[: len(_SAVED) // 2],
    "a safetensors header that claims 2^60 bytes": _safetensors({}, length=2**60),
    "a safetensors header that is no mapping": _safetensors([1, 2]),
    "safetensors offsets that overlap": _safetensors(
        {
            "features": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]},
            "times_seconds": {"dtype": "F64", "shape": [1], "data_offsets": [4, 12]},
        },
        bytes(12),
    ),
    "safetensors offsets beyond the file": _safetensors(
        {"features": {"dtype": "F32", "shape": [2**40], "data_offsets": [0, 2**42]}}, bytes(8)
    ),
}
"""Content of regular files, by what it is."""


def broken_file(folder: Path, content: str, *, name: str) -> Path:
    """Makes such a file.

    Args:
        folder: Where.
        content: A key of `CONTENTS`.
        name: Its name, with the suffix that the option expects.
    """
    path = folder / name
    path.write_bytes(CONTENTS[content])
    return path


def _folder(path: Path) -> None:
    path.mkdir()


def _dangling(path: Path) -> None:
    path.symlink_to(path.with_name("nowhere"))


def _loop(path: Path) -> None:
    path.symlink_to(path)


def _sparse(path: Path) -> None:
    with path.open("wb") as file:
        file.truncate(_HUGE)


NODES: Mapping[str, Callable[[Path], None]] = {
    "a folder": _folder,
    "a pipe": os.mkfifo,
    "a link to nothing": _dangling,
    "a link to itself": _loop,
    "10 GB of nothing": _sparse,
}
"""What makes a path that is no sound file, by what it is."""


def broken_node(folder: Path, node: str, *, name: str) -> Path:
    """Makes such a path; see `broken_file`."""
    path = folder / name
    NODES[node](path)
    return path
