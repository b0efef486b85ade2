import io
import pickle
import zipfile
from collections import OrderedDict
from pathlib import Path
from typing import Any

import pytest
import torch
from torch.testing import assert_close

from tests.makers.files.hostile_files import Calls, zipped
from zsar.lightning_modules.tensor_files.pickled_tensors import InertObject, read_pickled
from zsar.lightning_modules.tensor_files.tensor_files import TensorFileError


def read(program: bytes, **options: Any) -> object:
    with zipfile.ZipFile(io.BytesIO(zipped({"x/data.pkl": program}))) as archive:
        return read_pickled(archive, "x/", **options)


@pytest.mark.parametrize("protocol", range(2, 6))
@pytest.mark.parametrize(
    "value",
    [
        None,
        [True, False, 1, -1, 300, 2**70, 1.5, "é", b"\x00" * 300, "x" * 300],
        {"a": (), "b": (1,), "c": (1, 2), "d": (1, 2, 3), "e": (1, 2, 3, 4), "f": {1, 2}},
        [{}, [], [[1], [[2]]], {"k": {"k": {}}}],
        OrderedDict(a=1, b=[2]),
    ],
)
def test_plain_values_are_what_the_unpickler_makes_of_them(value: object, protocol: int) -> None:
    assert read(pickle.dumps(value, protocol)) == pickle.loads(pickle.dumps(value, protocol))


def test_tensors_are_as_torch_reads_them(tmp_path: Path) -> None:
    shared = torch.arange(12.0)
    content = {
        **{str(dtype): torch.ones(3, dtype=dtype) for dtype in (torch.float16, torch.int8, torch.bool, torch.int64)},
        **{"view": shared.view(3, 4).t()[1:], "scalar": torch.tensor(2.0), "empty": torch.empty(0, 3)},
        "parameter": torch.nn.Parameter(shared),
    }
    torch.save(content, tmp_path / "x.pt")
    with zipfile.ZipFile(tmp_path / "x.pt") as archive:
        read_back = read_pickled(archive, "x/")
    assert_close(read_back, {name: tensor.detach() for name, tensor in content.items()})


@pytest.mark.parametrize("protocol", range(2, 5))
def test_a_call_is_an_error_or_an_inert_object(tmp_path: Path, protocol: int) -> None:
    program = pickle.dumps({"a": Calls(Path.touch, tmp_path / "mark"), "b": 1}, protocol)
    with pytest.raises(TensorFileError, match="holds Python objects"):
        read(program)
    found = read(program, skips_objects=True)
    assert isinstance(found, dict)
    assert isinstance(found["a"], InertObject)
    assert found["b"] == 1
    assert not (tmp_path / "mark").exists()


@pytest.mark.parametrize(
    "program", [b"", b".", b"(", b"}", b"\x80\x02}q\x00h\x05.", b"\x80\x02K\x01K\x02R.", b"\x80\x02X\xff\xff\xff\x7fa."]
)
def test_a_damaged_program_is_an_error(program: bytes) -> None:
    with pytest.raises((ValueError, KeyError, IndexError)):
        read(program)


def test_a_tensor_beyond_its_bytes_is_an_error(tmp_path: Path) -> None:
    torch.save({"a": torch.zeros(4)}, tmp_path / "x.pt")
    with zipfile.ZipFile(tmp_path / "x.pt") as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    members["x/data/0"] = bytes(4)
    with zipfile.ZipFile(io.BytesIO(zipped(members))) as archive, pytest.raises(RuntimeError):
        read_pickled(archive, "x/")
